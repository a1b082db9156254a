"""Running totals against their limits, and the warning before one is reached."""

from __future__ import annotations

from console.control.limits import LimitView
from console.control.state import NodeState
from console.tui.charts import gauge
from console.tui.figures import duration
from console.tui.rows import Role, Row, clean, row, together, wrap
from console.tui.store import View
from console.tui.views.frame import Frame, framed

_LEVELS: dict[str, tuple[str, Role, str]] = {
    "calm": ("·", "dim", "calm"),
    "near": ("!", "warn", "near"),
    "reached": ("▲", "bad", "reached"),
}
GAUGE_LIMIT = 40
"""A gauge of three steps gets no clearer by being wider."""


def pressing(state: NodeState) -> LimitView | None:
    """The limit to warn of: one that is reached before one that is near; none while the network has acted."""
    if state.reason.code == "suspended":
        return None
    by_level = {limit.level: limit for limit in reversed(state.limits)}
    return by_level.get("reached") or by_level.get("near")


def warning_rows(view: View, width: int) -> list[Row]:
    """Two rows at most, for the notice of every screen: an operator must know before it happens."""
    limit = pressing(view.state)
    if limit is None:
        return []
    glyph, ink, _ = _LEVELS[limit.level]
    words = f"{limit.title}: {limit.seen:,} of {limit.limit:,}. {limit.sentence}"
    lines = wrap(f"{words} {together(_eases(limit, view.now_ms))}", width - 5, 2)
    return [row((f" {glyph} " if i == 0 else "   ", ink), (line, "strong")) for i, line in enumerate(lines)]


def limits(view: View, frame: Frame) -> list[Row]:
    """Each running total as a gauge, with its level in a word and what happens at its end."""
    wide, listed = frame.inner_width, sorted(view.state.limits, key=_pressure)
    room = frame.inner_height - 2 * len(listed)
    content: list[Row] = []
    for limit in listed:
        told = _told(limit, view.now_ms, wide, min(3, room))
        room -= len(told)
        content += [*_limit(limit, wide), *told]
    if not content and view.known:
        content = _untouched(view.state, wide)
    return framed("Limits", content, frame)


def brief(state: NodeState) -> Row:
    """All limits in one row, for a small screen."""
    worst = pressing(state) or next(iter(state.limits), None)
    if worst is None:
        known = state.network.policy is not None
        words = "nothing counts against this node" if known else "the network's are not known yet"
        return row((" Limits    ", "dim"), (words, "text" if known else "dim"))
    glyph, ink, word = _LEVELS[worst.level]
    return row((" Limits    ", "dim"), (f"{glyph} {worst.seen:,} of {worst.limit:,} ", ink),
               f"{clean(worst.title).lower()}, {word}")  # fmt: skip


def _pressure(limit: LimitView) -> int:
    return ("reached", "near", "calm").index(limit.level)


def _limit(limit: LimitView, width: int) -> list[Row]:
    glyph, ink, word = _LEVELS[limit.level]
    count = f" {limit.seen:,} of {limit.limit:,}"
    full, empty = gauge(limit.seen, limit.limit, max(4, min(GAUGE_LIMIT, width - len(count) - len(word) - 8)))
    mark: Role = "bar" if limit.level == "calm" else ink
    return [
        row((f" {limit.title}", "strong")),
        row(" ", (full, mark), (empty, "track"), (count, "strong"), (f"  {glyph} {word}", ink)),
    ]


def _told(limit: LimitView, now_ms: int, width: int, lines: int) -> list[Row]:
    if lines < 1:
        return []
    words = f"{limit.sentence} {together(_eases(limit, now_ms))}"
    return [row((f" {line}", "text")) for line in wrap(words, width - 2, lines) if line]


def _eases(limit: LimitView, now_ms: int) -> str:
    left_ms = limit.eases_ms - now_ms
    return f"Eases in {duration(left_ms)}." if left_ms > 0 else ""


def _untouched(state: NodeState, width: int) -> list[Row]:
    policy = state.network.policy
    if policy is None:
        words = "The network's limits are not known yet, so nothing was counted."
        return [row((f" {line}", "dim")) for line in wrap(words, width - 2, 3)]
    window, pause = duration(policy.suspend_window_s * 1000), duration(policy.suspend_s * 1000)
    rule = f"{policy.suspend_after} rejected answers within {window} suspend a node for {pause}."
    if policy.suspend_after <= 0:
        rule = "This network suspends nobody, however many answers are rejected."
    rows = [row((" ✓ ", "good"), "Nothing counts against this node.")]
    return rows + [row((f"   {line}", "dim")) for line in wrap(rule, width - 4, 2)]
