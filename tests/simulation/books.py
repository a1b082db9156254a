"""Jobs, money and verdicts: what must be true of the database after every single commit."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from console.coordinator.jobs.jobs import FINAL, WITH_NODE
from console.fairness.audit import NONCE_WITHHELD
from console.protocol.types import Policy
from simulation.disk import Disk
from simulation.trace import Trace

_JOBS = """SELECT id, client, state, attempt, fence, node, held, prompt_tokens, completion_tokens, price,
  reward, fault, code FROM jobs ORDER BY rowid"""
_WORD = re.compile(r"[a-z][a-z_]*")
_FAULTS = ("node", "coordinator", "client", "nobody")


@dataclass(slots=True)
class JobNow:
    """A job as it stands on the disk."""

    id: str
    client: str
    state: str
    attempt: int
    fence: int
    node: str
    held: int
    prompt_tokens: int
    completion_tokens: int
    price: int
    reward: int
    fault: str
    code: str


@dataclass(slots=True)
class Spell:
    """When a node had an assignment to answer, as the database has it."""

    job: str
    node: str
    start_s: float
    end_s: float = field(default=float("inf"))


class Books:
    """Looks after each commit at what it changed."""

    def __init__(self, disk: Disk, trace: Trace, policy: Policy, complain: Callable[[str], None]) -> None:
        self._db = disk.database
        self._disk = disk
        self._trace = trace
        self._policy = policy
        self._complain = complain
        self.jobs: dict[str, JobNow] = {}
        self._rows: dict[str, tuple[Any, ...]] = {}
        self.moved: dict[str, dict[str, int]] = {}
        """Postings by transaction."""
        self._checked: dict[str, tuple[JobNow, list[dict[str, int] | None]]] = {}
        """Jobs whose money was checked, each with what it was held against."""
        self.spells: list[Spell] = []
        disk.committed = self.look

    def look(self, touched: set[str]) -> None:
        """A commit changed these tables."""
        if "jobs" in touched:
            self._read_jobs()
        if "transactions" in touched:
            self._read_ledger()
        if touched & {"jobs", "transactions", "verdicts"}:
            for job in self.jobs.values():
                self._check_money(job)
        if touched & {"jobs", "attempts"}:
            self._check_attempts()
        if touched & {"transactions", "verdicts"}:
            self._check_verdicts()

    @property
    def settled(self) -> bool:
        """Whether every job is final."""
        return all(job.state in FINAL for job in self.jobs.values())

    def _read_jobs(self) -> None:
        for row in self._db.execute(_JOBS):
            if self._rows.get(row[0]) == row:
                continue
            now, was = JobNow(*row), self.jobs.get(row[0])
            self._rows[now.id] = row
            self._trace.note("job", f"{now.id[:6]} {now.state} {now.attempt} {now.fence} {now.code}")
            self.jobs[now.id] = now
            self._follow(now, was)

    def _follow(self, now: JobNow, was: JobNow | None) -> None:
        if was is not None:
            if was.state in FINAL:
                self._complain(f"job {now.id[:6]} was {was.state} and is {now.state}")
            if now.fence < was.fence or (
                (now.attempt, now.node) != (was.attempt, was.node)
                and (now.fence == was.fence and was.state != "TICKETED")
            ):
                self._complain(f"job {now.id[:6]}: fence {was.fence} → {now.fence}, node changed under it")
        for spell in self.spells:
            over = now.state not in WITH_NODE or spell.node != now.node
            if spell.job == now.id and over:
                spell.end_s = min(spell.end_s, self._disk.loop.time())
        if now.state == "ASSIGNED":
            self.spells.append(Spell(now.id, now.node, self._disk.loop.time()))
        if now.state in ("FAILED", "CANCELLED") and not (_WORD.fullmatch(now.code) and now.fault in _FAULTS):
            self._complain(f"job {now.id[:6]} is {now.state} without a public reason")
        if now.code == "coordinator_failed" and not self._disk.failures:
            self._complain(
                f"job {now.id[:6]} failed by the coordinator's fault, and nothing of it had failed"
            )

    def _read_ledger(self) -> None:
        found = self._db.execute(
            'SELECT "transaction", account, amount FROM postings ORDER BY 1, 2'
        ).fetchall()
        moved: dict[str, dict[str, int]] = {}
        accounts: dict[str, int] = {}
        for name, account, amount in found:
            moved.setdefault(name, {})[account] = amount
            accounts[account] = accounts.get(account, 0) + amount
        for name in sorted(moved.keys() - self.moved.keys()):
            total = sum(moved[name].values())
            self._trace.note("booked", f"{name[:14]} {sorted(moved[name].values())}")
            if total:
                self._complain(f"{name} sums to {total}")
        if any(moved.get(name) != was for name, was in self.moved.items()):
            self._complain("a transaction that was booked has changed")
        self.moved = moved
        self._check_accounts(accounts)

    def _check_accounts(self, accounts: dict[str, int]) -> None:
        if sum(accounts.values()):
            self._complain(f"the ledger sums to {sum(accounts.values())}")
        below = [name for name, amount in accounts.items() if amount < 0 and name != "outside"]
        if below:
            self._complain(f"below zero: {below}")
        tokens = sum(
            job.prompt_tokens + job.completion_tokens for job in self.jobs.values() if job.state == "SETTLED"
        )
        bonds = [moved for name, moved in self.moved.items() if name.startswith("deposit:bond:")]
        given = -sum(moved["outside"] for moved in bonds)
        earned = sum(amount for name, amount in accounts.items() if name.startswith("node:"))
        fees = sum(moved["penalties"] for name, moved in self.moved.items() if name.startswith("fee:"))
        if earned != tokens * self._policy.node_rate - accounts.get("penalties", 0) + fees + given:
            self._complain(f"nodes hold {earned} for {tokens} accepted tokens")
        stand = dict(self._db.execute("SELECT account, amount FROM balances"))
        if any(stand.get(name, 0) != amount for name, amount in accounts.items()):
            self._complain("balances are not the sums of their postings")

    def _check_money(self, job: JobNow) -> None:
        moves = hold, pay, back = [self.moved.get(f"{kind}:{job.id}") for kind in ("hold", "pay", "refund")]
        if self._checked.get(job.id) == (job, moves):  # a function of these: it would say the same again
            return
        self._checked[job.id] = (job, moves)
        due = {"SETTLED": (1, 0), "PENALISED": (0, 1), "FAILED": (0, 1), "CANCELLED": (0, 1)}
        if hold is None or (pay is not None, back is not None) != due.get(job.state, (0, 0)):
            paid = [kind for kind, moved in (("hold", hold), ("pay", pay), ("refund", back)) if moved]
            self._complain(f"job {job.id[:6]} is {job.state}, and booked are {paid}")
            return
        held = hold[f"escrow:{job.id}"]
        if pay is not None:
            self._check_pay(job, held, pay)
        if back is not None and back != {f"escrow:{job.id}": -held, f"client:{job.client}": held}:
            self._complain(f"job {job.id[:6]}: held were {held}, and the refund is {back}")
        self._check_fee(job, held)

    def _check_fee(self, job: JobNow, held: int) -> None:
        """A client pays it in the commit that ends its job, for a nonce withheld and for nothing else."""
        due = min(self._policy.withheld_fee, held) if job.code == NONCE_WITHHELD else 0
        paid = self.moved.get(f"fee:{job.id}")
        if paid is None and self._epoch_over(job.id):
            return
        if paid != ({f"client:{job.client}": -due, "penalties": due} if due else None):
            self._complain(f"job {job.id[:6]} ended as {job.code!r}, due is a fee of {due}, booked {paid}")

    def _epoch_over(self, job: str) -> bool:
        """Whether an epoch ended in which a ticket of the job was left vacant: that was not its client's."""
        query = """SELECT count(*) FROM tickets t JOIN epochs e ON e.epoch = t.epoch
          WHERE t.job = ? AND t.node = '' AND e.closed_ms > 0"""
        return bool(self._db.execute(query, (job,)).fetchone()[0])

    def _check_pay(self, job: JobNow, held: int, pay: dict[str, int]) -> None:
        tokens = job.prompt_tokens + job.completion_tokens
        earned = {account: amount for account, amount in pay.items() if account.startswith("node:")}
        if sum(earned.values()) != tokens * self._policy.node_rate:
            self._complain(f"job {job.id[:6]}: {tokens} tokens earned {sum(earned.values())}")
        if any(not account.startswith(f"node:{job.node}:") for account in earned):
            self._complain(f"job {job.id[:6]}: paid is another node than that under the current fence")
        if pay.get(f"escrow:{job.id}") != -held:
            self._complain(f"job {job.id[:6]}: held were {held}, and the payment takes {pay}")

    def _check_attempts(self) -> None:
        last: dict[str, tuple[int, int]] = {}
        rows = self._db.execute(
            "SELECT job, attempt, fence, node, ended_ms, code, fault FROM attempts ORDER BY job, attempt"
        )
        live: dict[str, int] = {}
        for job, attempt, fence, _, ended_ms, code, fault in rows:
            if job in last and fence <= last[job][1]:
                self._complain(f"job {job[:6]}: attempt {attempt} has no higher fence than the one before")
            last[job] = (attempt, fence)
            if not ended_ms:
                live[job] = live.get(job, 0) + 1
            elif not _WORD.fullmatch(code) or (fault not in _FAULTS and code != "accepted"):
                self._complain(f"job {job[:6]}: attempt {attempt} ended without a public reason")
        for job, count in live.items():
            if count > 1:
                self._complain(f"job {job[:6]} is under {count} live fences")
            if self.jobs[job].state in FINAL:
                self._complain(f"job {job[:6]} is {self.jobs[job].state}, and an attempt of it lives")

    def _check_verdicts(self) -> None:
        verdicts = self._verdicts()
        for (job, attempt), (node, outcome, _) in verdicts.items():
            now = self.jobs[job]
            if (now.attempt, now.node) != (attempt, node):
                self._complain(f"job {job[:6]}: judged is attempt {attempt}, current is {now.attempt}")
            if now.state != {"accepted": "SETTLED", "rejected": "PENALISED"}[outcome]:
                self._complain(f"job {job[:6]}: {outcome}, and the job is {now.state}")
        for job in self.jobs.values():
            if job.state in ("SETTLED", "PENALISED") and (job.id, job.attempt) not in verdicts:
                self._complain(f"job {job.id[:6]} is {job.state} without a verdict")
        for name, moved in self.moved.items():
            self._check_kind(name, moved, verdicts)

    def _check_kind(self, name: str, moved: dict[str, int], verdicts: dict[Any, Any]) -> None:
        kind, _, rest = name.partition(":")
        if kind in ("hold", "pay", "refund", "fee"):
            if rest not in self.jobs:
                self._complain(f"{name} is of no job")
        elif kind == "penalty":
            job, _, attempt = rest.partition(":")
            node, outcome, evidence = verdicts.get((job, int(attempt)), ("", "", 0))
            if outcome != "rejected" or not evidence:
                self._complain(f"{name[:14]} has no rejected verdict with evidence behind it")
            if any(not a.startswith(f"node:{node}:") for a in moved if a != "penalties"):
                self._complain(f"{name[:14]} takes from another node than was judged")
        elif kind not in ("deposit", "epoch", "load"):
            self._complain(f"{name} is no transaction that the network knows")

    def _verdicts(self) -> dict[tuple[str, int], tuple[str, str, int]]:
        rows: sqlite3.Cursor = self._db.execute(
            "SELECT v.job, v.attempt, v.node, v.outcome, e.id IS NOT NULL "
            "FROM verdicts v LEFT JOIN evidence e ON e.id = v.id"
        )
        return {(job, attempt): (node, outcome, kept) for job, attempt, node, outcome, kept in rows}
