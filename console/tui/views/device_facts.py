"""What the drivers see beside what llama.cpp can use, and what of it deserves a look."""

from __future__ import annotations

from itertools import zip_longest

from console.control.machine import DeviceSaid, FindingView, MachineFacts
from console.tui.figures import coarse, gigabytes
from console.tui.rows import Role, Row, ends, fit, row, text_fit, wrap
from console.tui.store import View

TITLE = "Driver and llama.cpp"
SIDE_BY_SIDE = 64
"""Cells from which both columns fit beside each other."""

_LEVELS: dict[str, tuple[str, Role]] = {"pass": ("✓", "good"), "warn": ("!", "warn"), "fail": ("✗", "bad")}


def facts(view: View, width: int) -> list[Row]:
    """All of it, what is wrong first."""
    found = view.state.facts
    if not view.known:
        return []
    if not found.probed_ms:
        text = "Not probed yet: the agent looks at the machine once its engine is up."
        return [row((f" {line}", "dim")) for line in wrap(text, width - 2)]
    wrong = [finding for level in ("fail", "warn") for finding in found.findings if finding.level == level]
    fine = [finding for finding in found.findings if finding.level == "pass"]
    rows = [line for finding in wrong for line in _wrong(finding, width)]
    rows += _said(found, width)
    if found.features:
        rows += _listed("Built with", ", ".join(found.features), width)
    rows += [_fine(finding, width) for finding in fine]
    rows.append(row((f" probed {coarse(view.now_ms - found.probed_ms)} ago", "dim")))
    return rows


def _wrong(finding: FindingView, width: int) -> list[Row]:
    """Seen, meaning, remedy."""
    glyph, ink = _LEVELS[finding.level]
    rows = [
        row((f" {glyph} " if index == 0 else "   ", ink), (line, "strong"))
        for index, line in enumerate(wrap(finding.seen, width - 4))
    ]
    rows += [row(f"   {line}") for line in wrap(finding.meaning, width - 4) if line]
    if finding.remedy:
        lines = wrap(finding.remedy, width - 6)
        rows += [
            row((" → " if i == 0 else "   ", "accent"), (line, "accent")) for i, line in enumerate(lines)
        ]
    return [*rows, ()]


def _fine(finding: FindingView, width: int) -> Row:
    name = finding.name.replace("_", " ")
    return fit(
        row((" ✓ ", "good"), (f"{name} ", "strong"), (f"{finding.seen}  ", "text"), (finding.meaning, "dim")),
        width,
    )


def _listed(name: str, text: str, width: int) -> list[Row]:
    lines = wrap(text, max(10, width - len(name) - 4), 3)
    return [
        row((f" {name}  " if index == 0 else " " * (len(name) + 3), "dim"), line)
        for index, line in enumerate(lines)
    ]


def _said(found: MachineFacts, width: int) -> list[Row]:
    runtime_head = "llama.cpp can use" if found.runtime else "llama.cpp cannot be loaded"
    if width < SIDE_BY_SIDE:
        return [
            row((" The driver sees", "dim")),
            *(line for said in found.driver_says for line in _device(said, width)),
            row((f" {runtime_head}", "dim")),
            *_runtime(found, width),
        ]
    cell = width * 11 // 20
    left = [line for said in found.driver_says for line in _device(said, cell - 1)]
    right = _runtime(found, width - cell)
    heads = (row((" The driver sees", "dim")), row((f" {runtime_head}", "dim")))
    return [
        (*fit(one, cell), *other)
        for one, other in [heads, *zip_longest(left, right, fillvalue=())]
    ]  # fmt: skip


def _runtime(found: MachineFacts, width: int) -> list[Row]:
    rows = [line for said in found.runtime_says for line in _device(said, width)]
    if found.runtime:
        rows.append(row((f"   by {text_fit(found.runtime, width - 7).rstrip()}", "dim")))
    return rows or [row("   nothing")]


def _device(said: DeviceSaid, width: int) -> list[Row]:
    memory = f"{gigabytes(said.memory_bytes)} GB " if said.memory_bytes is not None else ""
    head = ends(row(("   ", "text"), (said.name, "strong")), row((memory, "text")), width)
    lines = wrap(said.detail, max(10, width - 5), 2) if said.detail else []
    return [head, *(row((f"     {line}", "dim")) for line in lines)]
