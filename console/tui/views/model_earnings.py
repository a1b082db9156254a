"""What each model brought."""

from __future__ import annotations

from console.control.earnings import ModelEarnings
from console.ledger.figures import credits
from console.tui import reckoning
from console.tui.rows import Role, Row, row, text_fit
from console.tui.store import View
from console.tui.views.frame import Frame, framed

_COLUMNS = (("JOBS", 8, 0), ("✓", 8, 56), ("✗", 5, 44), ("TOKENS", 10, 90), ("NET", 13, 0),
                  ("PER HOUR WORKED", 16, 70))  # fmt: skip


def models(view: View, frame: Frame) -> list[Row]:
    """What each model brought, over all days that are kept."""
    listed = sorted(view.state.earnings.models, key=lambda one: -one.earned)
    title = "By model, all days kept"
    if not view.known or not listed:
        empty = [row((" No model has earned yet.", "dim"))] if view.known else []
        return framed(title, empty, frame)
    columns = [column for column in _COLUMNS if frame.inner_width >= column[2]]
    room = max(12, min(44, frame.inner_width - 2 - sum(width for _, width, _ in columns)))
    content: list[Row] = []
    if frame.inner_height <= 2:
        title += ": " + ", ".join(name.lower() for name, _, _ in columns)
    else:
        heads = "".join(f"{name:>{width}}" for name, width, _ in columns)
        content.append(row((text_fit(" MODEL", room + 1) + heads, "dim")))
    for model in listed[: max(1, frame.inner_height - len(content))]:
        cells = ((f"{_cell(name, model):>{width}}", _ink(name, model)) for name, width, _ in columns)
        content.append(row((" " + text_fit(model.name, room), "strong"), *cells))
    return framed(title, content, frame)


def _cell(name: str, model: ModelEarnings) -> str:
    rate = reckoning.per_hour(model.earned - model.penalised, model.worked_ms)
    cells = {
        "JOBS": f"{model.jobs:,}", "✓": f"✓ {model.accepted:,}", "✗": f"✗ {model.rejected:,}",
        "TOKENS": f"{model.tokens:,}", "NET": credits(model.earned - model.penalised),
        "PER HOUR WORKED": "—" if rate is None else credits(rate),
    }  # fmt: skip
    return cells[name]


def _ink(name: str, model: ModelEarnings) -> Role:
    if name == "✗":
        return "bad" if model.rejected else "dim"
    return "text" if name in ("NET", "PER HOUR WORKED") else "dim"
