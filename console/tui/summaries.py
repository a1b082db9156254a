"""What line mode answers to a key: the node in a few sentences. Pure."""

from __future__ import annotations

from console.control.state import LIVE_JOB_STATES, NodeState
from console.ledger.figures import credits
from console.protocol.ids import short
from console.protocol.reasons import label
from console.tui.figures import ago, brief, duration, of_cent, percent, rate
from console.tui.rows import clean
from console.tui.store import View

JOBS_TOLD = 12
"""More running jobs than this are counted, not named."""

KEY_WORDS = {
    "h": "speed",
    "s": "summary",
    "e": "earnings",
    "j": "jobs that run",
    "p": "pause",
    "r": "resume",
    "d": "drain",
    "q": "leave",
}


def keys(read_only: bool) -> str:
    """All keys in one line; those that change the node are left out where nothing may be changed."""
    shown = {key: word for key, word in KEY_WORDS.items() if not (read_only and key in "prd")}
    return "Keys: " + ", ".join(f"{key} {word}" for key, word in shown.items()) + "."


def speed(view: View) -> list[str]:
    """How fast the engine works now."""
    engine = view.state.engine
    if engine.state != "ready":
        why = f": {clean(engine.sentence)}" if engine.sentence else "."
        return [f"Engine {engine.state}{why}"]
    waiting = f", {engine.queued} waiting" if engine.queued else ""
    return [
        f"{rate(engine.tokens_per_s_milli)} tokens/s, first token {brief(engine.first_token_ms)}, "
        f"{engine.slots_busy} of {engine.slots} slots busy{waiting}, {clean(engine.model)}."
    ]


def summary(view: View) -> list[str]:
    """The reason, today, and whether anything is wrong."""
    state = view.state
    money, since_ms = state.money, state.reason.since_ms
    since = f" For {duration(view.now_ms - since_ms)}." if since_ms else ""
    reason = f"{label(state.reason.code)}: {clean(state.reason.sentence)}{since} {clean(state.reason.remedy)}"
    return [
        *([f"These figures are {duration(view.unseen_ms)} old: {clean(view.trouble)}"] if view.stale else []),
        reason.rstrip(),
        f"Net today {credits(money.today_earned - money.today_penalised, sign=True)}: "
        f"{money.today_accepted:,} accepted, {money.today_rejected:,} rejected, "
        f"{money.today_failed:,} failed "
        f"({percent(money.today_accepted, money.today_accepted + money.today_rejected)} accepted).",
        f"Last accepted {ago(view.now_ms, money.last_accepted_ms)}, "
        f"last paid {ago(view.now_ms, money.last_paid_ms)}.",
        _health(state),
    ]


def earnings(view: View) -> list[str]:
    """What is held, and what was earned in all."""
    money = view.state.money
    held = money.balances
    return [
        f"Pending {credits(held.pending)}, available {credits(held.available)}, "
        f"bond {credits(held.bond)} of {credits(money.bond_target)}.",
        f"In all {credits(money.total_earned)} earned in {money.total_accepted:,} accepted answers, "
        f"{credits(money.total_penalised)} in penalties for {money.total_rejected:,} rejected.",
    ]


def running(view: View) -> list[str]:
    """The jobs that are under way."""
    live = [job for job in view.state.jobs if job.state in LIVE_JOB_STATES]
    if not live:
        return ["No job is under way."]
    lines = [
        f"{short(job.job)} {job.state}, {job.tokens} of {job.max_tokens} tokens, "
        f"received {ago(view.now_ms, job.received_ms)}."
        for job in live[:JOBS_TOLD]
    ]
    more = len(live) - len(lines)
    return [*lines, f"And {more:,} more."] if more else lines


def _health(state: NodeState) -> str:
    machine, network = state.machine, state.network
    latency = f" ({network.latency_ms} ms)" if network.latency_ms is not None else ""
    warm = "".join(
        f", GPU {gpu.temperature_c} degrees C" for gpu in machine.gpus[:1] if gpu.temperature_c is not None
    )
    switched = "paused" if state.switches.paused else "draining" if state.switches.draining else ""
    return (
        f"Engine {state.engine.state}, network {network.state}{latency}, "
        f"processor {of_cent(machine.cpu_percent)}{warm}"
        + (f", {switched} by {clean(state.switches.by) or 'the operator'}." if switched else ".")
    )
