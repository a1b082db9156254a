"""The launch plan: how the engine was started, and the reason for each number."""

from __future__ import annotations

from console.control.engine import PlanView, plan_words, step_words
from console.tui.figures import gigabytes
from console.tui.rows import Row, ends, fit, row, wrap
from console.tui.store import View

LABEL = 11
NAMES = {"layers": "Device", "context": "Context", "slots": "Slots", "threads": "Threads", "rows": "Batch"}
LINES_MOST = 3
DEVICE_FROM = 72
"""Cells from which the line has room for the device."""


def plan_line(view: View, wide: int) -> list[Row]:
    """The numbers in one row, and above it, where memory ran out, what was given up for it."""
    plan = view.state.plan
    if not plan.made_ms:
        return []
    stepped = step_words(plan)
    rows: list[Row] = [fit(row((f" ! {stepped}", "warn")), wide)] if stepped else []
    words = plan_words(plan, device=wide >= DEVICE_FROM)
    return [*rows, ends(row((" Plan ", "dim"), words), row(("Enter: reasons ", "dim")), wide)]


def plan_rows(view: View, wide: int) -> list[Row]:
    """All of it."""
    plan = view.state.plan
    if not plan.made_ms:
        return [row((" The engine has not been started yet, so there is no launch plan.", "dim"))]
    rows: list[Row] = [row((" Launch plan", "title"))]
    for why in plan.reasons:
        rows += _named(NAMES.get(why.subject, why.subject), why.sentence, wide)
    rows += _named("Memory", _memory(plan), wide)
    for step in plan.taken:
        rows += _warned("Ran out", f"! and started again with {step}", wide)
    if plan.taken and not plan.next_step:
        rows += _warned("Next", "! nothing smaller is left to try", wide)
    elif plan.taken:
        rows += _named("Next", f"if memory runs out again: {plan.next_step}", wide)
    return rows


def _memory(plan: PlanView) -> str:
    parts = [f"{gigabytes(plan.ram_bytes)} GB"]
    if plan.vram_bytes:
        parts.append(f"{gigabytes(plan.vram_bytes)} GB on the GPU")
    words = f"{' and '.join(parts)}, estimated before the start."
    return words if plan.fits else f"{words} That is more than was free: it may not start."


def _named(name: str, sentence: str, wide: int) -> list[Row]:
    lines = wrap(sentence, max(12, wide - LABEL - 2), LINES_MOST)
    return [row((f" {name if index == 0 else '':<{LABEL}}", "dim"), line) for index, line in enumerate(lines)]


def _warned(name: str, sentence: str, wide: int) -> list[Row]:
    lines = wrap(sentence, max(12, wide - LABEL - 2), LINES_MOST)
    return [
        row((f" {name if index == 0 else '':<{LABEL}}", "dim"), (line, "warn"))
        for index, line in enumerate(lines)
    ]
