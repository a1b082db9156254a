"""What the terminal shows now, cell by cell, so that only cells that differ are ever written.

Textual repaints whole regions, and the whole screen when another one opens; over a poor line that is seconds.
All that is written passes here; whatever is there already is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from rich.cells import get_character_cell_size

from console.tui.widgets.ink import Pen, change, pieces

BRIDGE = 7
"""So many cells that are right already are written again rather than jumped over: a jump costs as much."""


class Cell(NamedTuple):
    """One cell; the right half of a wide character is empty."""

    text: str
    pen: Pen


class Written(NamedTuple):
    """Text with its escape codes, and where it goes."""

    x: int
    y: int
    codes: str


class Glass:
    """Remembers what was written since the last `forget`."""

    def __init__(self) -> None:
        self._lines: dict[int, list[Cell | None]] = {}

    def forget(self) -> None:
        """The terminal may show anything now: it was resized, or lent to the shell."""
        self._lines.clear()

    def write(self, parts: Iterable[Written]) -> str:
        """What has to go to the terminal so that it shows `parts`; begins and ends in the plain style."""
        out: list[str] = []
        pen = Pen()
        for x, y, codes in parts:
            cells = list(_cells(codes))
            line = self._lines.setdefault(y, [])
            line.extend([None] * (x + len(cells) - len(line)))
            for start, end in _runs(line[x : x + len(cells)], cells):
                out.append(f"\x1b[{y + 1};{x + start + 1}H")
                for cell in cells[start:end]:
                    if cell.pen is not pen and cell.pen != pen:
                        out.append(change(pen, cell.pen))
                        pen = cell.pen
                    out.append(cell.text)
            line[x : x + len(cells)] = cells
        out.append(change(pen, Pen()))
        return "".join(out)


def _cells(codes: str) -> Iterator[Cell]:
    """The cells of a text; what takes no cell of its own joins the one before it."""
    for pen, text in pieces(codes):
        if text.isascii():
            yield from (Cell(char, pen) for char in text)
            continue
        for char in text:
            width = get_character_cell_size(char)
            if width:
                yield Cell(char, pen)
                yield from (Cell("", pen) for _ in range(width - 1))


def _runs(old: list[Cell | None], new: list[Cell]) -> list[tuple[int, int]]:
    """Where `new` differs, as (start, end), short gaps bridged; a wide character is never cut."""
    differ = [at for at, (was, cell) in enumerate(zip(old, new, strict=True)) if was != cell]
    if not differ:
        return []
    breaks = [(a, b) for a, b in pairwise(differ) if b - a > BRIDGE]
    starts = [differ[0], *(b for _, b in breaks)]
    ends = [*(a + 1 for a, _ in breaks), differ[-1] + 1]
    return [(_whole(new, start, -1), _whole(new, end, 1)) for start, end in zip(starts, ends, strict=True)]


def _whole(cells: list[Cell], at: int, step: int) -> int:
    """`at`, moved so that it does not lie inside a wide character."""
    while 0 < at < len(cells) and cells[at].text == "":
        at += step
    return at
