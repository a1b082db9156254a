"""What `doctor` says of the terminal. Looking and judging are apart, so that judging can be tested."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from console.settings.terminal import colour_depth

if TYPE_CHECKING:
    from console.hardware.facts import Finding

SMALLEST = (60, 16)
FIRST_CLASS = (80, 24)


class Terminal(msgspec.Struct, frozen=True):
    """A terminal as seen; `columns` is None when no stream leads to one."""

    term: str
    encoding: str
    colours: str
    columns: int | None = None
    lines: int | None = None


def look(environ: Mapping[str, str]) -> Terminal:
    """The terminal behind stdin, stdout or stderr."""
    size = None
    for descriptor in (1, 0, 2):
        try:
            size = os.get_terminal_size(descriptor)
            break
        except OSError:
            continue
    return Terminal(
        term=environ.get("TERM", ""),
        encoding=(getattr(sys.stdout, "encoding", None) or "").lower(),
        colours=colours(environ),
        columns=size.columns if size else None,
        lines=size.lines if size else None,
    )


def colours(environ: Mapping[str, str]) -> str:
    """How many colours the environment promises, in words."""
    if environ.get("NO_COLOR"):
        return "off by NO_COLOR"
    return colour_depth(environ)


def judge(seen: Terminal) -> Finding:
    """One finding for the terminal: the first thing that would spoil the console, or none."""
    from console.hardware.checks import fine
    from console.hardware.facts import Finding
    from console.hardware.sanitise import clean_text

    if seen.columns is None or seen.lines is None:
        return fine("terminal", "none attached", "Commands work; the console needs a terminal.")
    term, encoding = clean_text(seen.term, 32), clean_text(seen.encoding, 32)
    said = f"TERM={term or '(unset)'}, {seen.columns}×{seen.lines}, {encoding}, {seen.colours} colours"
    for bad, meaning, remedy in _faults(seen):
        if bad:
            return Finding("terminal", "warn", said, meaning, remedy)
    comfortable = seen.columns >= FIRST_CLASS[0] and seen.lines >= FIRST_CLASS[1]
    meaning = "The console fits." if comfortable else "Below 80×24 some panels are folded away."
    return fine("terminal", said, meaning)


def _faults(seen: Terminal) -> tuple[tuple[bool, str, str], ...]:
    small = (seen.columns or 0) < SMALLEST[0] or (seen.lines or 0) < SMALLEST[1]
    return (
        (
            seen.term in ("", "dumb"),
            "This terminal cannot place a cursor, so the console cannot be drawn.",
            "Use `quarterdeck --plain`, or set TERM to what the terminal is.",
        ),
        (
            seen.encoding.replace("-", "") != "utf8",
            "Lines and glyphs beyond ASCII will not show.",
            "Set LANG to a UTF-8 locale such as C.UTF-8, or `ascii = true` under [screen].",
        ),
        (
            small,
            "Below 60×16 the console shows a single status page.",
            "Make the window larger, or the font smaller.",
        ),
    )
