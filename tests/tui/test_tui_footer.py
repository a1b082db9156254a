"""The footer: whole words, or none."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from console.tui.rows import width_of
from console.tui.views.status import footer_row

WORDS = st.sampled_from(["", "Deck", "palette"])
keys = st.lists(st.tuples(st.sampled_from(["1", "^p", "esc"]), WORDS), min_size=1)


@given(keys, st.integers(12, 120))
def test_no_word_of_the_footer_is_cut(given_keys: list[tuple[str, str]], width: int) -> None:
    line, places = footer_row(given_keys, width)
    text = "".join(span.text for span in line)
    assert width_of(line) == width and "…" not in text
    for (key, word), (left, right) in zip(given_keys, places, strict=True):
        assert text[left:right] == (f"{key} {word}" if word else key) * (right > left)
