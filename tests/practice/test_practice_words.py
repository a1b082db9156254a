"""The report in words tells what verifying cost."""

from __future__ import annotations

from typing import Any

import pytest

from console.practice.words import human

REPORT: dict[str, Any] = {
    "minutes": 3.0,
    "jobs": {"received": 9, "accepted": 8, "rejected": 1, "failed": 0, "unpaid_accepted": 0, "paid_twice": 0},
    "tokens": {"prompt": 90, "generated": 300},
    "audits": {
        "structure": 5, "replay": 5, "recompute": 5, "rejected": 1, "cost_ratio": 0.208,
        "cost_ratio_after_probation": 0.027, "rate": 0.05, "rate_that_deters": 0.0481,
    },
    "ledger": {"sum": 0, "paid": 5, "penalised": 2, "held": 0},
    "nodes": [],
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "20.8 % of generating, 2.7 % after probation; cheating pays below 4.8 %, audited 5.0 %"),
        ({"cost_ratio_after_probation": None}, "verifying took 20.8 % of generating; cheating pays"),
        ({"cost_ratio": None}, "nothing was generated"),
    ],
)  # fmt: skip
def test_the_cost_of_verifying_is_told(changes: dict[str, Any], words: str) -> None:
    report = REPORT | {"audits": REPORT["audits"] | changes}
    (line,) = [line for line in human(report).splitlines() if line.startswith("  cost")]
    assert words in line
