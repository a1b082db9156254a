"""The glass: a terminal that was told only of changes shows what one shows that was told everything."""

from __future__ import annotations

import pyte
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.color import ColorSystem
from rich.style import Style

from console.tui.widgets.glass import Glass, Written

COLUMNS, LINES = 24, 3
COLOURS = st.sampled_from([None, "red", "bright_blue", "color(77)", "#0e1519", "#f0b14a", "default"])
STYLES = st.builds(
    Style,
    color=COLOURS,
    bgcolor=COLOURS,
    bold=st.sampled_from([None, True]),
    reverse=st.sampled_from([None, True]),
)
SPANS = st.lists(st.tuples(st.text("ab1 ✓漢字", min_size=1, max_size=5), STYLES), max_size=6)
PARTS = st.lists(st.tuples(st.integers(0, 8), st.integers(0, LINES - 1), SPANS), max_size=6)
Parts = list[tuple[int, int, list[tuple[str, Style]]]]


def rendered(spans: list[tuple[str, Style]], room: int) -> str:
    out, used = "", 0
    for text, style in spans:
        while cell_len(text) > room - used:
            text = text[:-1]
        used += cell_len(text)
        out += style.render(text, color_system=ColorSystem.TRUECOLOR) if text else ""
    return out


def terminal() -> tuple[pyte.Screen, pyte.Stream]:
    screen = pyte.Screen(COLUMNS, LINES)
    return screen, pyte.Stream(screen)


def shown(screen: pyte.Screen) -> list[list[object]]:
    return [[screen.buffer[y][x] for x in range(COLUMNS)] for y in range(LINES)]


def written(parts: Parts) -> list[Written]:
    return [Written(x, y, rendered(spans, COLUMNS - x)) for x, y, spans in parts]


def halves(screen: pyte.Screen) -> bool:
    """Whether a wide character was cut: what terminals then show is their own affair."""
    for line in shown(screen):
        for at, cell in enumerate(line):
            wide = cell_len(cell.data) == 2  # type: ignore[attr-defined]
            if wide and (at + 1 == COLUMNS or line[at + 1].data != ""):  # type: ignore[attr-defined]
                return True
            if cell.data == "" and (at == 0 or cell_len(line[at - 1].data) != 2):  # type: ignore[attr-defined]
                return True
    return False


@given(st.lists(PARTS, min_size=1, max_size=6))
def test_changes_alone_give_the_same_picture(frames: list[Parts]) -> None:
    glass, (changed, to_changed), (plain, to_plain) = Glass(), terminal(), terminal()
    for frame in frames:
        parts = written(frame)
        to_changed.feed(glass.write(parts))
        for part in parts:
            to_plain.feed(f"\x1b[{part.y + 1};{part.x + 1}H{part.codes}\x1b[0m")
        if halves(plain):
            return
        assert shown(changed) == shown(plain)


@given(PARTS)
def test_what_is_there_already_costs_nothing(frame: Parts) -> None:
    glass, parts = Glass(), written([part for part in frame if part[2]][:1])
    glass.write(parts)
    assert glass.write(parts) == ""
    glass.forget()
    assert bool(glass.write(parts)) == any(part.codes for part in parts)


@given(PARTS)
def test_it_ends_in_the_plain_style(frame: Parts) -> None:
    screen, stream = terminal()
    stream.feed(Glass().write(written(frame)) + "\x1b[1;1Hx")
    cell = screen.buffer[0][0]
    assert (cell.fg, cell.bg, cell.bold, cell.reverse) == ("default", "default", False, False)


def test_one_changed_figure_is_one_move_and_one_figure() -> None:
    glass = Glass()
    glass.write([Written(0, 0, "\x1b[31mspeed 164 tok/s\x1b[0m")])
    assert glass.write([Written(0, 0, "\x1b[31mspeed 165 tok/s\x1b[0m")]) == "\x1b[1;9H\x1b[31m5\x1b[0m"
