"""The weights: a list with what one decides by, and all about the one that is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from console.control.models import ModelView
from console.control.state import EngineView
from console.tui.charts import gauge
from console.tui.figures import gigabytes, percent
from console.tui.rows import Role, Row, Span, fit, row, text_fit
from console.tui.store import View
from console.tui.views.frame import Frame, framed

Word = tuple[str, str, Role]
"""Glyph, word and role of a state."""

_STATES: dict[str, Word] = {
    "absent": ("○", "not here", "dim"),
    "partial": ("◐", "in part", "warn"),
    "fetching": ("◌", "fetching", "accent"),
    "checking": ("◌", "checking", "accent"),
    "unverified": ("!", "not checked", "warn"),
    "verified": ("✓", "verified", "good"),
    "wrong": ("✗", "wrong file", "bad"),
}
NAME_MOST = 60
"""Cells that a name gets at most."""
UNDER_WAY = ("fetching", "checking", "partial")
_STARTING = ("starting", "loading", "probing")

FITS: dict[bool | None, Word] = {
    True: ("✓", "fits", "good"), False: ("✗", "too big", "bad"), None: ("?", "unknown", "dim"),
}  # fmt: skip
EXACT: dict[bool | None, Word] = {
    True: ("✓", "exact", "good"), False: ("!", "inexact", "warn"), None: ("?", "unknown", "dim"),
}  # fmt: skip


def is_own(model: ModelView) -> bool:
    """Whether it is a file of the operator's and not one of the catalogue."""
    return "/" in model.name or model.name.endswith(".gguf")


def state_word(model: ModelView, engine: EngineView) -> Word:
    """The one thing to know of it: work under way, then whether it is served, then what the disk has."""
    if model.state in ("fetching", "checking", "wrong"):
        return _STATES[model.state]
    if model.serving:
        if engine.state == "ready":
            return "●", "serving", "good"
        if engine.state in _STARTING:
            return "◌", "starting", "accent"
        return _STATES[model.state] if model.state in ("absent", "partial") else ("▲", "engine down", "bad")
    if model.chosen and model.state in ("verified", "unverified"):
        return "→", "next start", "accent"
    if model.state == "unverified" and is_own(model):
        return ("✓", "hashed", "text") if model.sha256 else ("·", "own file", "text")
    return _STATES.get(model.state, ("·", model.state, "text"))


def size(count: int) -> str:
    """`94 MB`, `4.6 GB`, binary; `—` when not known."""
    if count <= 0:
        return "—"
    return f"{gigabytes(count)} GB" if count >= 1 << 30 else f"{max(1, count >> 20)} MB"


def parameters(count: int) -> str:
    """`135 M`, `8.0 B`; `—` when not known."""
    if count <= 0:
        return "—"
    if count >= 1_000_000_000:
        return f"{count / 1e9:.1f} B" if count < 20_000_000_000 else f"{count / 1e9:,.0f} B"
    return f"{count / 1e6:,.0f} M" if count >= 1_000_000 else f"{count:,}"


def listing(models: Sequence[ModelView], view: View, frame: Frame) -> list[Row]:
    """One a row; columns give way where it is narrow, the state last of all."""
    if not view.known:
        return framed("Models", [], frame)
    wide = frame.inner_width
    title = _title(models, view, frame)
    if not models:
        return framed(title, [row((" The agent has not told yet which weights are here.", "dim"))], frame)
    rows = [_heads(wide)]
    for place, model in enumerate(models[frame.top : frame.top + max(0, frame.inner_height - 1)], frame.top):
        rows.append(_line(model, view.state.engine, wide, place == frame.cursor))
    return framed(title, rows, frame)


def _title(models: Sequence[ModelView], view: View, frame: Frame) -> str:
    free = view.state.models.free_bytes
    count = f"Models {len(models)}" if models else "Models"
    if frame.width < 70 or free is None:
        return count
    return f"{count} · {size(free)} free for more"


class Column(NamedTuple):
    """A column between the name and the state."""

    head: str
    width: int
    right: bool = False


def _columns(wide: int) -> list[Column]:
    """What there is room for."""
    if wide < 76:
        return [Column("SIZE", 8, True), Column("MEMORY", 10)]
    memory, audit = Column("MEMORY", 11), Column("AUDIT", 11)
    if wide < 100:
        return [Column("QUANT", 9), Column("SIZE", 7, True), Column("MEMORY", 8), audit]
    size, context = Column("SIZE", 9, True), Column("CONTEXT", 10, True)
    return [Column("QUANT", 9), Column("PARAM", 8, True), size, context, memory, audit]


def _cell(text: str, column: Column) -> str:
    """`text` in its column, at least one blank before a number and two before a word."""
    if column.right:
        return text_fit(text, column.width - 1).rstrip().rjust(column.width)
    return "  " + text_fit(text, column.width - 2)


def _widths(wide: int) -> tuple[int, int]:
    """Cells for the name and for the state; beyond what a name needs, the state's gauge grows."""
    rest = wide - 1 - sum(column.width for column in _columns(wide))
    name = min(NAME_MOST, max(8, rest - (15 if wide < 100 else 29)))
    return name, max(0, rest - name)


def _heads(wide: int) -> Row:
    name, _ = _widths(wide)
    middle = "".join(_cell(column.head, column) for column in _columns(wide))
    return row((" " + text_fit("MODEL", name - 1) + middle + "  STATE", "dim"))


def _line(model: ModelView, engine: EngineView, wide: int, chosen: bool) -> Row:
    name, _ = _widths(wide)
    cells: dict[str, tuple[str, Role]] = {
        "QUANT": (model.quantisation or "—", "text"),
        "PARAM": (parameters(model.parameters), "text"),
        "SIZE": (size(model.size_bytes), "text"),
        "CONTEXT": (f"{model.context:,}" if model.context else "—", "text"),
        "MEMORY": _short(FITS[model.fits], wide),
        "AUDIT": _short(EXACT[model.exact], wide),
    }
    mark = "▸" if chosen else " "
    ink: Role = "cursor" if chosen else "strong"
    parts: list[tuple[str, Role]] = [(mark + text_fit(model.title, name - 1), ink)]
    for column in _columns(wide):
        text, ink = cells[column.head]
        parts.append((_cell(text, column), ink))
    return fit((*row(*parts), *_state_cell(model, engine, wide)), wide)


def _short(word: Word, wide: int) -> tuple[str, Role]:
    """Glyph and word; where it is narrow, `too big` is a `no`."""
    said = "no" if word[1] == "too big" and wide < 100 else word[1]
    return (f"{word[0]} {said}" if word[0] != "?" else "?"), word[2]


def _state_cell(model: ModelView, engine: EngineView, wide: int) -> Row:
    glyph, word, ink = state_word(model, engine)
    if model.state not in UNDER_WAY or not model.size_bytes:
        return row((f"  {glyph} {word}", ink))
    if wide < 100:
        short = {"fetching": "fetch", "checking": "check"}.get(word, word)
        share = f"{min(99, 100 * model.done_bytes // model.size_bytes)}%"
        return row((f"  {glyph} {short} ", ink), (share, "strong"))
    share = percent(model.done_bytes, model.size_bytes)
    _, room = _widths(wide)
    bar, rest = gauge(model.done_bytes, model.size_bytes, min(30, room - 22))
    head = row((f"  {glyph} {word} ", ink), (f"{share:>7} ", "strong"))
    return (*head, Span(bar, "bar"), Span(rest, "track"))
