"""The one current reason: what it means, who is at fault, what to do, what it rests on."""

from __future__ import annotations

from console.control.timeline import kind_of
from console.protocol.reasons import Reason, label
from console.tui.figures import ago, duration
from console.tui.rows import Row, row, text_fit, wrap
from console.tui.store import View
from console.tui.views.calendar import moment
from console.tui.views.frame import Frame, framed
from console.tui.views.limits import warning_rows
from console.tui.views.money import draws_text, draws_word
from console.tui.views.status import glyph_and_badge, state_badge
from console.tui.views.way_back import way_back_rows

_CHOSEN = frozenset(("paused", "draining", "schedule", "user_active"))
_NOBODY = frozenset(("earning", "no_demand", "lost_draws", "queue_full", "model_loading"))
_ROOMS = {
    "earning": "jobs", "queue_full": "jobs", "suspended": "verification", "model_loading": "models",
    **dict.fromkeys(("no_demand", "lost_draws", "not_in_roster", "coordinator_down", "offline"), "network"),
    **dict.fromkeys(("gpu_lost", "thermal", "power", "on_battery", "user_active", "disk_full"), "machine"),
}  # fmt: skip


def room_of(code: str) -> str:
    """The screen that shows what a reason rests on; Events where there is none of its own."""
    return _ROOMS.get(code, "events")


def fault_words(code: str) -> str:
    """Whose fault it is, and what follows from that."""
    if code == "coordinator_down":
        return "The network's, not yours: it costs you nothing and does not lower your availability."
    if code in _CHOSEN:
        return "Nobody's: the node keeps to what it was told here."
    if code in _NOBODY:
        return "Nobody's: nothing is broken."
    if kind_of(code) == "paused":
        return "Nobody's: a limit of this machine, kept as it was set."
    return "This node's: here is where it can be mended."


def why_rows(view: View, width: int, zone_s: int) -> list[Row]:
    """Everything that is known of the reason."""
    if not view.known:
        return []
    if view.stale and view.phase != "ended":
        return _away(view, width, zone_s)
    reason = view.state.reason
    glyph, badge = glyph_and_badge(reason.code)
    lasting = f"  for {duration(view.now_ms - reason.since_ms)}" if reason.since_ms else ""
    since = f", since {moment(reason.since_ms, view.now_ms, zone_s)}" if reason.since_ms else ""
    rows: list[Row] = [row(" ", (f" {glyph} {label(reason.code)} ", badge), (lasting + since, "text"))]
    rows += _lines("Meaning", reason.sentence, width, strong=True)
    rows += _lines("To do", reason.remedy or "Nothing.", width)
    rows += _lines("Fault", fault_words(reason.code), width)
    rows += _lines("Said by", said_by(view, zone_s), width)
    rows += _lines("Network", network_besides(view, zone_s), width)
    rows += _lines("Evidence", _evidence(view, reason), width)
    if reason.until_ms > view.now_ms and reason.code != "suspended":
        left = duration(reason.until_ms - view.now_ms)
        word = "Next try" if reason.code in ("engine_down", "coordinator_down") else "Ends"
        rows += _lines(word, f"in {left}, at {moment(reason.until_ms, view.now_ms, zone_s)}", width)
    money = view.state.money
    accepted, paid = ago(view.now_ms, money.last_accepted_ms), ago(view.now_ms, money.last_paid_ms)
    rows += warning_rows(view, width)
    rows += _lines("Health", f"last accepted {accepted}, last paid {paid}", width)
    return [*rows, *way_back_rows(view, width, zone_s)]


def said_by(view: View, zone_s: int) -> str:
    """Who gives the reason; empty for what needs nobody to say it."""
    code, said = view.state.reason.code, view.state.network.against
    if code in _NOBODY - {"model_loading"}:
        return ""
    if said is None or said.code != code:
        return "this machine, which knows it by itself"
    since = f"since {moment(said.since_ms, view.now_ms, zone_s)}"
    where = "in its signed receipts" if said.signed else "in answer to the sign-in"
    return f"the network, {where}, {since}"


def network_besides(view: View, zone_s: int) -> str:
    """What the network holds against this node beside the reason that comes first; mostly nothing."""
    code, said = view.state.reason.code, view.state.network.against
    if said is None or said.code == code:
        return ""
    left_ms = said.until_ms - view.now_ms
    until = f" Until {moment(said.until_ms, view.now_ms, zone_s)}." if left_ms > 0 else ""
    return f"says {label(said.code)} too: {said.sentence}{until}"


def _away(view: View, width: int, zone_s: int) -> list[Row]:
    """No reason that the agent gave holds while it is out of reach: that it is, is the reason."""
    badge = state_badge(view)
    seen_ms = view.now_ms
    rows: list[Row] = [
        row(" ", (badge.text, badge.role), (f"  last seen {duration(view.unseen_ms)} ago", "text"))
    ]
    rows += _lines("Meaning", view.trouble or "Attaching to the agent…", width, strong=True)
    rows += _lines("Fault", fault_words("offline"), width)
    before = f"{label(view.state.reason.code)}, at {moment(seen_ms, seen_ms + view.unseen_ms, zone_s)}"
    rows += _lines("Before", f"{before}: {view.state.reason.sentence}", width)
    return rows


def _evidence(view: View, reason: Reason) -> str:
    if reason.code == "lost_draws":
        return f"Drawn {draws_text(view)}, {draws_word(view)}."
    if reason.code == "coordinator_down" and view.state.network.sentence and not reason.evidence:
        return view.state.network.sentence
    return reason.evidence


def _lines(name: str, text: str, width: int, *, strong: bool = False) -> list[Row]:
    lines = [line for line in wrap(text, max(10, width - 13), 2) if line]
    return [
        row((text_fit(f" {name}" if n == 0 else "", 11), "dim"), (line, "strong" if strong else "text"))
        for n, line in enumerate(lines)
    ]


def why(view: View, frame: Frame, zone_s: int) -> list[Row]:
    """The same in its frame."""
    return framed("Why", why_rows(view, frame.inner_width, zone_s), frame)
