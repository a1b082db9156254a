"""From a suspension back to work, step by step: what led to it, and what each step waits for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from console.control.earnings import PenaltyView
from console.control.state import EngineView
from console.ledger.figures import credits
from console.protocol.ids import short
from console.protocol.types import Policy
from console.tui.figures import duration
from console.tui.rows import Role, Row, fit, row, text_fit, together, wrap
from console.tui.store import View
from console.tui.views.calendar import moment
from console.tui.views.money import bond_text
from console.tui.views.network_rules import share
from console.tui.views.words import MODE_WORDS

NAME_WIDTH = 11


class Step(NamedTuple):
    """One step; a tick means that it is behind the node."""

    glyph: str
    ink: Role
    words: str


DONE: tuple[str, Role] = ("✓", "good")
WAITS: tuple[str, Role] = ("◌", "accent")
AHEAD: tuple[str, Role] = ("○", "dim")


def way_back_rows(view: View, width: int, zone_s: int) -> list[Row]:
    """The cause, then the steps; nothing while the node is not suspended."""
    if view.state.reason.code != "suspended":
        return []
    rows = _told(" Cause", (("✗ ", "bad"),), _cause(view), width)
    for number, step in enumerate(steps(view, zone_s), 1):
        name = " Way back" if number == 1 else ""
        rows += _told(name, ((f"{number} ", "dim"), (f"{step.glyph} ", step.ink)), step.words, width)
    return [fit(line, width) for line in rows]


def _told(name: str, marks: Sequence[tuple[str, Role]], words: str, width: int) -> list[Row]:
    indent = NAME_WIDTH + sum(len(text) for text, _ in marks)
    lines = wrap(words, max(10, width - indent - 1), 2)
    first = row((text_fit(name, NAME_WIDTH), "dim"), *marks, lines[0])
    return [first, *(row(" " * indent + line) for line in lines[1:])]


def steps(view: View, zone_s: int) -> Iterator[Step]:
    """The wait, the engine, probation, the bond."""
    state = view.state
    yield _wait(view, zone_s)
    yield _engine(state.engine)
    if state.network.policy is not None:
        yield Step(*AHEAD, _probation(state.network.policy))
        yield _bond(view, state.network.policy)


def counted(view: View) -> list[PenaltyView]:
    """The rejected answers that made up the suspension, newest first, as far as they are kept.

    The reason names the one that was one too many; answers that were under way then may be rejected after it.
    """
    reason, policy = view.state.reason, view.state.network.policy
    listed = list(view.state.earnings.penalties)
    last = next((place for place, one in enumerate(listed) if one.evidence == reason.evidence), 0)
    if policy is None:
        return listed[last : last + 1]
    since_ms = reason.until_ms - 1000 * (policy.suspend_s + policy.suspend_window_s)
    return [one for one in listed[last:] if one.at_ms >= since_ms][: policy.suspend_after]


def _cause(view: View) -> str:
    rejected = counted(view)
    if not rejected:
        return "What led to it is not in this node's journal: see the verdicts on Verification (3)."
    told = ", ".join(
        together(f"{short(one.job)} {_rule(one.rule)} {credits(-one.amount)}") for one in rejected
    )
    return f"{len(rejected)} rejected: {told}"


def _rule(rule: str) -> str:
    return next((words for mode, words in MODE_WORDS.items() if mode == rule), rule or "rejected")


def _wait(view: View, zone_s: int) -> Step:
    until_ms = view.state.reason.until_ms
    left_ms = until_ms - view.now_ms
    if left_ms <= 0:
        return Step(*DONE, "The time is over; the network lists this node again at its next look.")
    end = together(f"until {moment(until_ms, view.now_ms, zone_s)}")
    return Step(*WAITS, f"Wait {duration(left_ms)}, {end}: it ends by itself.")


def _engine(engine: EngineView) -> Step:
    if engine.state == "ready":
        proof = "; its self-test passed" if engine.self_test else ""
        return Step(*DONE, f"The engine has loaded and generated{proof}.")
    return Step(*WAITS, f"The engine must load and generate; now it is {engine.state}.")


def _probation(policy: Policy) -> str:
    if not policy.probation_answers:
        return "No probation follows in this network."
    looked = share(policy.probation_audit_ppm)
    return f"Probation anew for {policy.probation_answers:,} accepted answers; audited: {looked}."


def _bond(view: View, policy: Policy) -> Step:
    money = view.state.money
    if money.bond_target <= 0 or money.balances.bond >= money.bond_target:
        return Step(*DONE, f"Bond {bond_text(view)}: it stands.")
    return Step(*AHEAD, f"Bond {bond_text(view)}: {policy.holdback_percent} % of each reward fills it up.")
