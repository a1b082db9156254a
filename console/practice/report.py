"""What happened in a run, from the coordinator's database, in the keys of `practice --json`."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import msgspec

from console.coordinator.reports.report import Report, count_jobs, report
from console.coordinator.store import StoreError
from console.coordinator.store.copying import copy_to_sqlite
from console.coordinator.store.opening import Whereabouts
from console.coordinator.store.schema import DATABASE
from console.ledger import deterrent_ppm
from console.practice.plan import POLICY, Plan

SCHEMA_VERSION = 1


def database(plan: Plan) -> Whereabouts:
    """The coordinator's database of the run."""
    return plan.store or plan.home / "coordinator" / DATABASE


def leave(plan: Plan) -> None:
    """Have the data where `audit --data` looks for them, wherever the run kept them. Raises StoreError."""
    if plan.store:
        copy_to_sqlite(plan.store, plan.home / "coordinator" / DATABASE)


def collect(plan: Plan, started_ms: int) -> dict[str, Any]:
    """The report; durations in seconds from `started_ms`, the moment the command began.

    Raises:
        StoreError: the coordinator never made its database, or that is gone.
    """
    found = report(database(plan))
    honest = {member.name: member.honest for member in plan.cast}
    return {
        "schema_version": SCHEMA_VERSION,
        "minutes": round((time.time_ns() // 1_000_000 - started_ms) / 60_000, 2),
        "jobs": msgspec.to_builtins(found.jobs),
        "tokens": msgspec.to_builtins(found.tokens),
        "audits": msgspec.to_builtins(found.audits) | _cost(found),
        "ledger": msgspec.to_builtins(found.ledger),
        "nodes": [
            msgspec.to_builtins(node) | {"honest": honest.get(node.name, True)} for node in found.nodes
        ],
        "seconds": {
            "to_first_token": _since(started_ms, found.first_token_ms),
            "to_first_accepted": _since(started_ms, found.first_accepted_ms),
            "to_first_payment": _since(started_ms, found.first_payment_ms),
        },
    }


def _cost(found: Report) -> dict[str, Any]:
    """Verification beside generation, with probation and without, and the rate that the formula asks for."""
    policy, work = POLICY, found.work
    tokens = (found.tokens.prompt + found.tokens.generated) // max(
        1, found.jobs.accepted + found.jobs.rejected
    )
    reward = max(1, tokens) * policy.node_rate
    return {
        "work": msgspec.to_builtins(work),
        "cost_ratio": work.ratio,
        "cost_ratio_after_probation": work.ratio_after,
        "cost_of_audit": work.ratio_of_audit,
        "rate": policy.audit_ppm / 1_000_000,
        "rate_that_deters": deterrent_ppm(policy, reward, policy.bond_target) / 1_000_000,
    }


def broken_promises(told: dict[str, Any]) -> list[str]:
    """What must never be in a report, each as a sentence; none when all is well."""
    jobs, ledger = told["jobs"], told["ledger"]
    judged = [n for n in told["nodes"] if n["honest"] and n["rejected"]]
    checks = [
        (jobs["accepted"] == 0, "no job was accepted; the logs say why (run again with --keep DIR)."),
        (ledger["sum"] != 0, f"the ledger sums to {ledger['sum']}, not to zero."),
        (jobs["unpaid_accepted"] > 0, f"{jobs['unpaid_accepted']} accepted jobs were not paid."),
        (jobs["paid_twice"] > 0, f"{jobs['paid_twice']} jobs were paid twice."),
        (bool(judged), f"honest nodes were rejected: {', '.join(n['name'] for n in judged)}."),
    ]
    return [sentence for broken, sentence in checks if broken]


async def until_settled(plan: Plan, timeout_s: float) -> None:
    """Wait until no job is open any more, or the time is over."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if await asyncio.to_thread(_open_jobs, database(plan)) == 0:
            return
        await asyncio.sleep(0.25)


def _open_jobs(where: Whereabouts) -> int:
    """None where there is nothing to be read: nobody is waiting then."""
    try:
        return count_jobs(where).open
    except StoreError:
        return 0


def _since(started_ms: int, at_ms: int) -> float | None:
    return round((at_ms - started_ms) / 1000, 3) if at_ms else None
