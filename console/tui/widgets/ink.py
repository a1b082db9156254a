"""Fewer bytes for the same picture: a colour is written where it changes, not once for each span."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

_STYLE = re.compile(r"\x1b\[([0-9;]*)m")
_GROUND = frozenset(range(40, 50)) | frozenset(range(100, 108))
_INK = frozenset(range(30, 40)) | frozenset(range(90, 98))


class Pen(NamedTuple):
    """What a terminal writes with; every part as the codes that set it."""

    ink: str = ""
    ground: str = ""
    flags: frozenset[str] = frozenset()


def pieces(written: str) -> Iterator[tuple[Pen, str]]:
    """The texts of `written` with the pen that each is written with; it must begin in the plain style.

    Rich ends each span with a reset and begins the next with all its colours; most of that is what the
    terminal already does.
    """
    first, *rest = _STYLE.split(written)
    if first:
        yield Pen(), first
    pen = Pen()
    for codes, text in zip(rest[::2], rest[1::2], strict=True):
        pen = _dipped(pen, codes)
        if text:
            yield pen, text


@lru_cache(maxsize=1024)
def _dipped(pen: Pen, codes: str) -> Pen:
    """The pen after `codes`."""
    numbers = [int(code or 0) for code in codes.split(";")]
    while numbers:
        first = numbers[0]
        length = {2: 5, 5: 3}.get(numbers[1], 1) if first in (38, 48) and len(numbers) > 1 else 1
        part, numbers = ";".join(map(str, numbers[:length])), numbers[length:]
        if first == 0:
            pen = Pen()
        elif first in _INK:
            pen = pen._replace(ink=part)
        elif first in _GROUND:
            pen = pen._replace(ground=part)
        else:
            pen = pen._replace(flags=pen.flags | {part})
    return pen


@lru_cache(maxsize=4096)
def change(actual: Pen, wanted: Pen) -> str:
    """The codes that lead from one pen to the other."""
    if actual == wanted:
        return ""
    parts: list[str] = []
    lost = (actual.ink and not wanted.ink) or (actual.ground and not wanted.ground)
    if lost or actual.flags - wanted.flags:
        parts.append("0")
        actual = Pen()
    parts += sorted(wanted.flags - actual.flags, key=int)
    if wanted.ink != actual.ink:
        parts.append(wanted.ink)
    if wanted.ground != actual.ground:
        parts.append(wanted.ground)
    return f"\x1b[{';'.join(parts)}m"
