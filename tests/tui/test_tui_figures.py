"""Figures and rows: right, bounded, and safe whatever a peer sends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from console.tui.charts import columns, gauge, sparkline
from console.tui.figures import ago, coarse, duration, percent, rate
from console.tui.rows import TEXT_LIMIT, box, clean, ends, fit, row, rule, to_ascii, width_of, wrap

HOSTILE = [
    "[bold red]markup[/]", "\x1b[2J\x1b]0;owned\x07", "a\u202eb\u2066c", "nul\x00nul", "x" * 1_000_000,
    "\u0301" * 5_000, "tab\tnew\nline\r", "\ud800", "👩‍👩‍👧 漢字", "\x9b31m", "\u200f\u200b\ufeff",
]  # fmt: skip


def test_times_and_shares() -> None:
    assert [duration(ms) for ms in (0, 41_900, 119_000, 720_000, 11_100_000, 187_200_000)] == [
        "0 s", "41 s", "119 s", "12 min", "3 h 05", "2 d 4 h"
    ]  # fmt: skip
    assert ago(5_000, 0) == "never" and ago(5_000, 1_000) == "4 s ago"
    assert [coarse(ms) for ms in (4_000, 47_000, 61_000, 125_000)] == ["0 s", "40 s", "1 min", "2 min"]
    assert percent(9_999, 10_000) == "99.9 %" and percent(0, 0) == "—" and percent(3, 3) == "100 %"
    assert rate(0) == "—" and rate(12_400) == "12.4" and rate(164_300) == "164"


@given(st.text(), st.integers(1, 60))
def test_a_row_is_exactly_as_wide_as_it_must_be(text: str, width: int) -> None:
    assert width_of(fit(row(text), width)) == width
    assert width_of(ends(row(text), row("x"), width)) == width
    assert all(width_of(line) == width + 6 for line in box(text[:20], [row(text)], width + 6, 4)[1:])


def test_a_figure_is_not_parted_from_its_unit() -> None:
    assert wrap("down for\u00a020\u00a0s", 8) == ["down", "for 20 s"]


@given(st.text())
def test_cleaned_text_has_no_power_over_a_terminal(text: str) -> None:
    cleaned = clean(text)
    assert len(cleaned) <= TEXT_LIMIT
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 or 0x202A <= ord(c) <= 0x202E for c in cleaned)
    assert clean(cleaned) == cleaned


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_stays_in_its_cell(text: str) -> None:
    line = fit(row(("left ", "dim"), (text, "text")), 30)
    assert width_of(line) == 30 and line[0].text == "left "
    plain = to_ascii(line)
    assert all(span.text.isascii() for span in plain) and width_of(plain) == 30


@given(st.lists(st.integers(-5, 500)), st.integers(0, 40), st.integers(0, 200))
def test_charts_keep_to_their_box(values: list[int], width: int, top: int) -> None:
    assert cell_len(sparkline(values, width, top)) == width
    assert all(cell_len(line) == width for line in columns(values, width, 3, top))
    assert sum(map(len, gauge(max(0, sum(values)), top, width))) == width


def test_a_sparkline_has_a_fixed_scale() -> None:
    assert sparkline([97, 97, 97], 3, 100) == "███"
    assert sparkline([0, 50, 100], 3, 100) == "▁▄█"


def test_sentences_wrap_and_end() -> None:
    assert wrap("one two three four", 9, 4) == ["one two", "three", "four"]
    assert wrap("one two three four five six", 9, 2) == ["one two", "three fo…"]
    assert width_of(rule("Title", 20, ((19, "┬"),))) == 20
