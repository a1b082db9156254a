"""The room that a panel is given to draw in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from console.tui.rows import Row, box, fit, row, rule
from console.tui.store import View


class Frame(NamedTuple):
    """Cells, whether the keyboard is here, and the style: boxes where there is room, rules where not."""

    width: int
    height: int
    focus: bool = False
    roomy: bool = False
    joints: tuple[tuple[int, str], ...] = ()
    """Where other panels' dividers meet this panel's rule."""
    divider: bool = False
    """Whether a line is drawn down the right edge."""
    cursor: int = -1
    """Which of the listed things is chosen; -1: none."""
    top: int = 0
    """The first of the listed things that is shown."""

    @property
    def inner_width(self) -> int:
        """Cells for content."""
        return self.width - (2 if self.roomy else 1)

    @property
    def inner_height(self) -> int:
        """Rows for content."""
        return max(0, self.height - (2 if self.roomy else 1))


Build = Callable[[View, Frame], list[Row]]
"""A panel's drawing."""


def framed(title: str, content: Sequence[Row], frame: Frame) -> list[Row]:
    """`content` under its title, boxed or ruled as the frame wants."""
    if frame.roomy:
        return box(title, content, frame.width, frame.height, focus=frame.focus)
    rows = [rule(title, frame.width, frame.joints, focus=frame.focus)]
    for index in range(frame.height - 1):
        line = content[index] if index < len(content) else ()
        rows.append(line if not frame.divider else _divided(line, frame.width))
    return rows


def _divided(line: Row, width: int) -> Row:
    return (*fit(line, width - 1), *row(("│", "rule")))
