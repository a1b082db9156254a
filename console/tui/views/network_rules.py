"""Prices and rules of the network in words, and how closely it watches this node."""

from __future__ import annotations

from collections.abc import Iterator

from console.control.network import NetworkView
from console.ledger import deterrent_ppm, typical_reward
from console.ledger.figures import credits
from console.protocol.types import Policy
from console.tui.figures import duration
from console.tui.rows import Row, fit, row, text_fit, wrap
from console.tui.store import View

NAME_WIDTH = 12
MILLION = 1_000_000


def rules_content(view: View, width: int) -> list[Row]:
    """Every rule, its name beside it."""
    network = view.state.network
    if not view.known:
        return []
    if network.policy is None:
        words = "Prices and rules come with the first sign-in to the network."
        return [row((f" {line}", "dim")) for line in wrap(words, width - 2, 2)]
    rows: list[Row] = []
    for name, words in rules(network.policy, network):
        lines = wrap(words, max(12, width - NAME_WIDTH - 2), 6)
        rows.append(row((text_fit(f" {name}", NAME_WIDTH), "strong"), " " + lines[0]))
        rows += [row(" " * (NAME_WIDTH + 1) + line) for line in lines[1:]]
    return [fit(line, width) for line in rows]


def rules(policy: Policy, network: NetworkView) -> Iterator[tuple[str, str]]:
    """Name and words of each rule, what concerns the purse first."""
    client, node = policy.client_rate, policy.node_rate
    yield (
        "Price",
        f"{credits(client)} per token, prompt and answer: {credits(1000 * client)} per 1,000.",
    )
    yield "Reward", f"{credits(node)} of that per token for the node: {credits(1000 * node)} per 1,000."
    yield "Bond", _bond(policy)
    paid = f"Pending becomes available when its epoch closes, every {_span(policy.epoch_s)}."
    yield "Paid out", paid
    yield "Audits", f"{_audits(policy)}{_audited_now(network)}{_deterrence(policy)}"
    yield from _penalties(policy)
    yield from _work(policy)
    yield from _time(policy)


def _bond(policy: Policy) -> str:
    if not (policy.bond_target and policy.holdback_percent):
        return "None: nothing of a reward is held back."
    return (
        f"{policy.holdback_percent} % of each reward is held back until the bond is "
        f"{credits(policy.bond_target)}."
    )


def _audits(policy: Policy) -> str:
    after = share(policy.audit_ppm)
    if not policy.probation_answers:
        return f"{after[:1].upper()}{after[1:]}."
    first = share(policy.probation_audit_ppm)
    return f"In probation, the first {policy.probation_answers:,} accepted answers: {first}; then {after}."


def _deterrence(policy: Policy) -> str:
    """The formula's result: the rate below which a false answer would pay, with the bond in full."""
    reward = typical_reward(policy)
    if not reward or policy.audit_ppm <= 0:
        return ""
    least = deterrent_ppm(policy, reward, policy.bond_target)
    return f" Cheating pays below {least / 10_000:.3g} %, with a full bond; with less, more are audited."


def _audited_now(network: NetworkView) -> str:
    now = watched(network)
    return f" Now: {now}." if now else ""


def watched(network: NetworkView) -> str:
    """How closely this node is watched now; empty where the network does not say."""
    if network.audit_ppm is None:
        return ""
    left = network.probation_left or 0
    return share(network.audit_ppm) + (f", {left:,} to go" if left else "")


def share(ppm: int) -> str:
    """Audited answers as words."""
    if ppm >= MILLION:
        return "every answer"
    return f"{ppm / 10_000:.3g} % of answers" if ppm > 0 else "no answer"


def _penalties(policy: Policy) -> Iterator[tuple[str, str]]:
    yield (
        "Rejected",
        f"A rejected answer earns nothing and costs {policy.penalty_multiple:,} × what it would have earned, "
        "out of bond and pending.",
    )
    if not policy.suspend_after:
        yield "Suspension", "None, however many answers are rejected."
        return
    yield (
        "Suspension",
        f"{policy.suspend_after:,} rejected answers within {_span(policy.suspend_window_s)} suspend a node "
        f"for {_span(policy.suspend_s)}; then its probation begins anew.",
    )


def _work(policy: Policy) -> Iterator[tuple[str, str]]:
    speed = f"{policy.min_milli_tokens_per_s / 1000:g} tok/s"
    yield (
        "Work",
        f"At least {speed}, by the node's own probe; at most {policy.max_tokens:,} tokens in an answer.",
    )
    queue = f"At most {policy.queue_limit:,} assignments wait or run at a node;"
    yield "Queue", f"{queue} a node whose queue is full is not drawn."
    yield (
        "Lease",
        f"An assignment not answered within {_span(policy.lease_s)} goes to another node; "
        f"a job has {policy.max_attempts:,} attempts.",
    )


def _time(policy: Policy) -> Iterator[tuple[str, str]]:
    yield (
        "Presence",
        f"A node says every {_span(policy.heartbeat_s)} that it lives; silent for "
        f"{_span(3 * policy.heartbeat_s)}, it is not drawn.",
    )
    slot, epoch = _span(policy.slot_s), _span(policy.epoch_s)
    yield "Time", f"A slot is {slot}, an epoch {epoch}; its draws are committed to before it begins."


def _span(seconds: int) -> str:
    return duration(1000 * seconds)
