"""Condensed output: the same cells in the same styles, in fewer bytes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.ansi import AnsiDecoder
from rich.color import ColorSystem
from rich.style import Style

from console.tui.widgets.ink import condense

COLOURS = st.sampled_from([None, "red", "bright_blue", "color(77)", "#0e1519", "#f0b14a", "default"])
STYLES = st.builds(
    Style,
    color=COLOURS,
    bgcolor=COLOURS,
    bold=st.sampled_from([None, True]),
    dim=st.sampled_from([None, True]),
    reverse=st.sampled_from([None, True]),
)
SPANS = st.lists(st.tuples(st.text("ab1;m ✓", min_size=1, max_size=4), STYLES), max_size=12)


def cells(written: str) -> list[tuple[str, Style]]:
    """Every character with the style that a terminal would show it in, by a decoder that is not ours."""
    line = AnsiDecoder().decode_line(written)
    styles: list[Style] = [Style()] * len(line.plain)
    for span in line.spans:
        for place in range(span.start, span.end):
            styles[place] = styles[place] + Style.parse(str(span.style))
    return list(zip(line.plain, styles, strict=True))


@given(SPANS)
def test_condensed_output_shows_the_same_cells(spans: list[tuple[str, Style]]) -> None:
    written = "".join(style.render(text, color_system=ColorSystem.TRUECOLOR) for text, style in spans)
    condensed = condense(written)
    assert cells(condensed) == cells(written)
    assert len(condensed) <= len(written)


@given(SPANS)
def test_condensed_output_ends_in_the_plain_style(spans: list[tuple[str, Style]]) -> None:
    written = "".join(style.render(text, color_system=ColorSystem.TRUECOLOR) for text, style in spans)
    assert cells(condense(written) + "x")[-1] == cells("x")[0]


def test_a_ground_that_stays_is_written_once_and_moves_are_kept() -> None:
    written = "\x1b[1;1H\x1b[31;48;2;1;2;3ma\x1b[0m\x1b[32;48;2;1;2;3mb\x1b[0m\x1b[2;1H\x1b[1;32mc\x1b[0m"
    assert condense(written) == ("\x1b[1;1H\x1b[31;48;2;1;2;3ma\x1b[32mb\x1b[0m\x1b[2;1H\x1b[1;32mc\x1b[0m")
