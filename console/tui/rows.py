"""What a panel shows: rows of spans, each a piece of text and the role it plays. Pure.

Text from anywhere passes `clean` on its way into a span: it is data, never markup and never a command to
the terminal.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

from rich.cells import cell_len, get_character_cell_size, set_cell_size

from console.settings.terminal import ASCII_GLYPHS

Role = Literal[
    "text", "strong", "dim", "rule", "title", "accent", "good", "warn", "bad", "bar", "track", "key",
    "bar_text", "bar_dim", "bar_strong", "bar_key", "badge_good", "badge_warn", "badge_bad", "badge_calm",
    "cursor", "focus",
]  # fmt: skip
TEXT_LIMIT = 400
"""No span needs more characters than a screen is wide."""

_BREAKS = re.compile("[\t\n\r\v\f\u2028\u2029]")
_ORDINARY = re.compile(
    "[ -~\u00a0-\u00ac\u00ae-\u02ff\u0370-\u0377\u037a-\u037f\u0384-\u038a\u038c\u038e-\u03a1\u03a3-\u0482"
    "\u048a-\u052f\u2010-\u2027\u2030-\u205e\u20a0-\u20c0\u2100-\u218b\u2190-\u23ff\u2500-\u2b73"
    "\u2b76-\u2b95\u2b97-\u2bff\u3041-\u3096\u30a0-\u30ff\u4e00-\u9fff\uac00-\ud7a3]*"
)
"""Nothing but letters, signs and glyphs of which each has cells of its own: what nearly every text is."""
_UNFIT = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
_FLAGS = range(0x1F1E6, 0x1F200)
"""Pairs of these are one flag on some terminals and two letters on others."""
_ASCII = str.maketrans(ASCII_GLYPHS)


class Span(NamedTuple):
    """Some cells in one style."""

    text: str
    role: Role


Row = tuple[Span, ...]
BLANK: Row = ()


def clean(text: str) -> str:
    """`text` without control, format, bidi, private-use and combining characters, and not endless.

    What is left takes a cell or two for each character, on every terminal: a text cannot leave its place.
    """
    if len(text) > TEXT_LIMIT:
        text = text[:TEXT_LIMIT]
    if _ORDINARY.fullmatch(text):
        return text
    composed = unicodedata.normalize("NFC", _BREAKS.sub(" ", text))
    return "".join(char for char in composed if _stands_alone(char))


@lru_cache(maxsize=4096)
def _stands_alone(char: str) -> bool:
    fit = unicodedata.category(char) not in _UNFIT and ord(char) not in _FLAGS
    return fit and get_character_cell_size(char) > 0


def row(*parts: str | tuple[str, Role]) -> Row:
    """A row from texts, plain ones in the role `text`."""
    spans = []
    for part in parts:
        span = Span(part, "text") if isinstance(part, str) else Span(*part)
        if span.text:
            spans.append(Span(clean(span.text), span.role))
    return tuple(spans)


def width_of(spans: Iterable[Span]) -> int:
    """Cells that `spans` take."""
    return sum(len(text) if text.isascii() else cell_len(text) for text, _ in spans)


def fit(spans: Row, width: int, role: Role = "text") -> Row:
    """Exactly `width` cells: cut with an ellipsis, or filled with blanks of `role`."""
    total = width_of(spans)
    if total == width:
        return spans
    if total < width:
        return (*spans, Span(" " * (width - total), role))
    kept: list[Span] = []
    room = width - 1
    for span in spans:
        cells = width_of((span,))
        if cells > room:
            kept.append(Span(set_cell_size(span.text, room) + "…", span.role))
            return tuple(kept)
        kept.append(span)
        room -= cells
    return tuple(kept)


def text_fit(text: str, width: int) -> str:
    """One cleaned text in exactly `width` cells."""
    text = clean(text)
    cells = cell_len(text)
    if cells <= width:
        return text + " " * (width - cells)
    return set_cell_size(text, width - 1) + "…" if width > 0 else ""


def ends(left: Row, right: Row, width: int, role: Role = "text") -> Row:
    """`left` at the left edge and `right` at the right one; what is left gives way."""
    room = width - width_of(right)
    return fit((*fit(left, max(0, room), role), *right), width, role)


def wrap(text: str, width: int, limit: int = 4) -> list[str]:
    """Words of a sentence on at most `limit` lines; a no-break space holds two together."""
    lines: list[str] = []
    line = ""
    for word in filter(None, clean(text).split(" ")):
        joined = f"{line} {word}" if line else word
        if cell_len(joined) > width and line:
            lines.append(line)
            line = word
        else:
            line = joined
    lines.append(line)
    if len(lines) > limit:
        lines = [*lines[: limit - 1], " ".join(lines[limit - 1 :])]
    return [text_fit(item, width).replace("\u00a0", " ").rstrip() for item in lines]


def together(text: str) -> str:
    """`text` as one word for `wrap`."""
    return text.replace(" ", "\u00a0")


def rule(title: str, width: int, joints: Sequence[tuple[int, str]] = (), *, focus: bool = False) -> Row:
    """A horizontal rule that carries a title and joins other lines at `joints` (column, glyph)."""
    line = ["─"] * width
    for column, glyph in joints:
        if 0 <= column < width:
            line[column] = glyph
    drawn = "".join(line)
    if not title:
        return row((drawn, "rule"))
    title = clean(title)
    after = 2 + cell_len(title) + 1
    name: Role = "focus" if focus else "title"
    mark = "▸" if focus else " "
    return row((drawn[:1], "rule"), (f"{mark}{title} ", name), (drawn[after:], "rule"))


def box(title: str, inside: Sequence[Row], width: int, height: int, *, focus: bool = False) -> list[Row]:
    """`inside` in a rounded frame of `width` × `height`; what does not fit is left out."""
    edge: Role = "focus" if focus else "rule"
    head = fit(row(("╭─", edge), (f" {clean(title)} ", "focus" if focus else "title")), width - 1)
    used = width_of(row(("╭─", edge), (f" {clean(title)} ", "title")))
    head = (*head[:2], Span("─" * max(0, width - used - 1) + "╮", edge))
    rows = [head]
    for index in range(height - 2):
        content = inside[index] if index < len(inside) else BLANK
        rows.append((Span("│", edge), *fit(content, width - 2), Span("│", edge)))
    rows.append((Span("╰" + "─" * (width - 2) + "╯", edge),))
    return rows


def to_ascii(spans: Row) -> Row:
    """The same row in ASCII, cell for cell."""
    return tuple(span if span.text.isascii() else Span(_plain(span.text), span.role) for span in spans)


def _plain(text: str) -> str:
    text = text.replace("± ", "+-").translate(_ASCII)
    return "".join(char if char.isascii() else "?" * max(1, cell_len(char)) for char in text)
