"""Bars: to scale, inside their box, marked without colour, and cheap."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from console.tui.rows import Row, to_ascii, width_of
from console.tui.views.bars import Bar, label_line, lying, upright

values = st.none() | st.integers(0, 10**9)
bars = st.lists(
    st.builds(Bar, st.sampled_from(["22 Nov", "1 Nov"]), values, st.just(""), st.booleans()), max_size=40
)


def text(rows: list[Row]) -> list[str]:
    return ["".join(span.text for span in one) for one in rows]


@given(bars, st.integers(0, 200), st.integers(0, 20))
def test_bars_keep_to_their_box(drawn: list[Bar], width: int, height: int) -> None:
    rows = upright(drawn, width, height, 10**9, "1.00 cr")
    assert len(rows) in (0, height) and all(width_of(line) <= width for line in rows)
    assert all(len(line) <= 1 + 2 * len(drawn) for line in rows)
    along = lying(drawn, max(40, width), height, 10**9)
    assert all(width_of(line) <= max(40, width) for line in along)


def test_a_bar_is_as_tall_as_its_value_on_a_scale_that_does_not_move() -> None:
    rows = text(upright([Bar("a", 0), Bar("b", 50), Bar("c", 100), Bar("d", None)], 20, 6, 100, "100"))
    columns = [[line[5 + 3 * n : 7 + 3 * n] for line in rows[:4]] for n in range(4)]
    assert columns == [
        ["  ", "  ", "  ", "▁▁"], ["  ", "  ", "██", "██"], ["██", "██", "██", "██"], ["  ", "  ", "  ", "  "]
    ]  # fmt: skip
    assert rows[0].startswith(" 100 ") and rows[3].startswith("   0 ")


def test_a_penalty_is_marked_on_the_line_and_a_day_without_entry_has_no_line() -> None:
    rows = upright([Bar("a", 5), Bar("b", 5, marked=True), Bar("c", None)], 20, 5, 10, "10")
    assert text(rows)[3].split() == ["────", "✗───"]
    assert "".join(span.text for span in to_ascii(rows[3])).split() == ["----", "x---"]


def test_amounts_stand_below_where_they_fit_and_take_the_scales_place() -> None:
    drawn = [Bar(f"Mon {n}", 1_000 * n, f"{n},000 µcr") for n in range(1, 8)]
    wide, narrow = (
        text(upright(drawn, 79, 5, 10_000, "0.01 cr")),
        text(upright(drawn, 50, 5, 10_000, "0.01 cr")),
    )
    assert "3,000 µcr" in wide[-1] and "0.01 cr" not in "".join(wide)
    assert "3,000 µcr" not in "".join(narrow) and "0.01 cr" in narrow[0]


@given(st.integers(1, 40), st.integers(1, 16))
def test_labels_never_run_into_each_other_and_the_newest_is_there(count: int, cell: int) -> None:
    labels = [f"{n:02d} Nov" for n in range(count)]
    line = label_line(labels, cell)
    assert len(line) == cell * count
    if cell * count >= len(labels[-1]):
        assert line.rstrip().endswith(labels[-1])
        assert all(re.fullmatch(r"\d\d Nov", found) for found in re.split(r" {1,}(?=\d)", line.strip()))


def test_lying_bars_say_label_and_amount_and_a_value_is_never_invisible() -> None:
    drawn = [Bar("Today", 1, "0.001 µcr"), Bar("Best", 10**9, "1.00 cr", True), Bar("None", None, "—")]
    rows = text(lying(drawn, 60, 3, 10**9))
    assert rows[0].split() == ["Today", "█", "0.001", "µcr"]
    assert rows[1].rstrip().endswith("1.00 cr ✗") and rows[1].count("█") > 30
    assert rows[2].split() == ["None", "—"]
