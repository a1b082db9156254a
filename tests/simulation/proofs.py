"""Verdicts: each is judged again from its sealed evidence, and held against what the node really did."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from console.coordinator.again.cases import _ROWS, Case, _case
from console.coordinator.again.judge import Bench, Keys, check
from console.coordinator.sealing import Secrets
from simulation import lies
from simulation.host import KEY
from simulation.model import END, PIECES, PROFILE, Verifier
from simulation.node import Node

_EXPECTED = "draw: seed"
"""An epoch holds fewer seeds here than the check knows of; `transcript` checks them."""


async def check_verdicts(
    db: sqlite3.Connection, secrets: Secrets, nodes: list[Node], complain: Callable[[str], None]
) -> None:
    """All of them."""
    bench = Bench(Verifier(), PROFILE, list(PIECES), frozenset({END}))  # type: ignore[arg-type]
    confirmations = dict(db.execute("SELECT verdict, confirmation FROM audits"))
    by_id = {node.id: node for node in nodes}
    for case in [_case(row) for row in db.execute(_ROWS)]:
        found = await check(case, Keys(KEY, KEY.node_id, secrets), bench)
        disagreed = confirmations[case.verdict.id] == "disagreed"
        flaws = [flaw for flaw in found.flaws if flaw.name not in (_EXPECTED, "abstained")]
        if flaws and not disagreed:
            complain(f"the verdict on job {case.verdict.job[:6]} does not recompute: {flaws}")
        _check_truth(case, by_id[case.verdict.node], disagreed, complain)


def _check_truth(case: Case, node: Node, disagreed: bool, complain: Callable[[str], None]) -> None:
    verdict = case.verdict
    deed = node.journal.deeds.get((verdict.job, verdict.attempt), "")
    false = deed in lies.FALSE
    name = f"job {verdict.job[:6]}, {node.name} ({deed})"
    if verdict.outcome == "rejected" and not false:
        complain(f"{name}: an honest answer was rejected: {verdict.sentence}")
    if verdict.outcome == "accepted" and verdict.mode == "recompute_exact" and false and not disagreed:
        complain(f"{name}: a false answer was recomputed and accepted")
    if verdict.id not in node.journal.receipts or verdict.id not in node.journal.verdicts:
        complain(f"{name}: verdict or receipt never reached its node")
