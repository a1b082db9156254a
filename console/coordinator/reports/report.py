"""What happened, read from the coordinator's database alone: every count is derived from rows by SQL."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from console.coordinator.reports import queries
from console.coordinator.store.database import Readable
from console.coordinator.store.opening import Whereabouts, looking
from console.fairness import band95

T = TypeVar("T")


class Jobs(msgspec.Struct, frozen=True):
    """Requests by how they ended; `unpaid_accepted` and `paid_twice` must be 0."""

    received: int
    accepted: int
    rejected: int
    failed: int
    cancelled: int
    open: int
    unpaid_accepted: int
    paid_twice: int


class TokenCounts(msgspec.Struct, frozen=True):
    """Of all answers that were judged."""

    prompt: int
    generated: int


class Audits(msgspec.Struct, frozen=True):
    """How many answers went through each step, and how many were rejected."""

    structure: int
    replay: int
    recompute: int
    rejected: int
    tokens_recomputed: int
    abstained: int
    """Replayed, with nothing to judge a recompute by."""
    confirmed: int
    """Mismatches that a second verifier found as well."""
    disagreements: int
    """Mismatches that a second verifier did not find: faults of the network, which nobody paid for."""
    unconfirmed: int
    """Mismatches for which no second verifier could be had: accepted, and the node on probation anew."""


class Work(msgspec.Struct, frozen=True):
    """Verification beside generation, of all judged answers; `…_after`: of those judged after probation."""

    generated_rows: int
    """Positions that nodes computed: prompts and answers."""
    generation_ms: int
    """As the nodes say."""
    verified_rows: int
    """Positions that verifiers computed."""
    verification_ms: int
    """As the verifiers say."""
    generated_rows_after: int
    generation_ms_after: int
    verified_rows_after: int
    verification_ms_after: int
    audited_rows: int
    """Positions that nodes computed for the answers that were recomputed."""
    audited_ms: int

    @property
    def ratio(self) -> float | None:
        """Time to verify over time to generate; None when nothing was generated."""
        return _ratio(self.verification_ms, self.generation_ms)

    @property
    def ratio_of_audit(self) -> float | None:
        """What recomputing an answer takes of what making it took, confirmations included."""
        return _ratio(self.verification_ms, self.audited_ms)

    @property
    def ratio_after(self) -> float | None:
        """The same, of answers judged after probation."""
        return _ratio(self.verification_ms_after, self.generation_ms_after)


class Ledger(msgspec.Struct, frozen=True):
    """Nano-credits. `sum`: of all postings, 0; `paid`: to nodes; `held`: in escrow now."""

    sum: int
    paid: int
    held: int
    refunded: int
    penalised: int
    """Taken from nodes."""
    fees: int = 0
    """Taken from clients that withheld their nonces."""


class NodeReport(msgspec.Struct, frozen=True):
    """One node. `draws`: draws won; `expected`: the sum of its chances, with the 95 % band of a fair draw."""

    id: str
    name: str
    draws: int
    expected: float
    band95: tuple[float, float]
    accepted: int
    rejected: int
    paid: int
    penalised: int
    suspended_until_ms: int
    crossings: int
    """How often its running totals were over their limit."""


class Report(msgspec.Struct, frozen=True):
    """Everything; times are wall-clock milliseconds, 0 for what has not happened."""

    jobs: Jobs
    tokens: TokenCounts
    audits: Audits
    work: Work
    ledger: Ledger
    nodes: tuple[NodeReport, ...]
    first_received_ms: int
    first_token_ms: int
    first_accepted_ms: int
    first_payment_ms: int


def report(where: Whereabouts) -> Report:
    """Read a coordinator's database, also while it is being written.

    Raises:
        StoreError: it is missing, cannot be read, or is no coordinator's database.
    """
    return _seen(where, _report)


def count_jobs(where: Whereabouts) -> Jobs:
    """What `report` says of jobs, for whoever asks often. Raises StoreError as it does."""
    return _seen(where, _jobs)


def _seen(where: Whereabouts, read: Callable[[Readable], T]) -> T:
    def look() -> T:
        with looking(where) as db:
            return read(db)

    if isinstance(where, Path):
        return look()
    with ThreadPoolExecutor(1) as pool:  # the caller's thread may be running a loop
        return pool.submit(look).result()


def _report(db: Readable) -> Report:
    return Report(
        _jobs(db),
        TokenCounts(*_one(db, queries.TOKENS)),
        Audits(*_one(db, queries.AUDITS)),
        Work(*_one(db, queries.WORK)),
        Ledger(*_one(db, queries.LEDGER)),
        tuple(_node(row) for row in db.execute(queries.NODES)),
        *_one(db, queries.TIMES),
    )


def _jobs(db: Readable) -> Jobs:
    return Jobs(*_one(db, queries.JOBS))


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _one(db: Readable, query: str) -> tuple[int, ...]:
    """PostgreSQL's sums are decimals."""
    return tuple(int(value) for value in db.execute(query).fetchone())


def _node(row: tuple[Any, ...]) -> NodeReport:
    node, name, draws, expected, variance, *rest = row
    expected_milli, variance_milli = float(expected), float(variance)
    band = band95(round(expected_milli), round(variance_milli))
    return NodeReport(node, name, draws, round(expected_milli / 1000, 3), band, *map(int, rest))
