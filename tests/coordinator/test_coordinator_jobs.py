"""Random lives of jobs on a real ledger: money is conserved, paid once at most, stale fences never count."""

from __future__ import annotations

import hashlib
import secrets
import sqlite3

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule

from console.coordinator.audits.audits import NOT_AUDITED, Judged
from console.coordinator.clock import SystemClock
from console.coordinator.dispatch.settle import accept, give_back, open_job, reject
from console.coordinator.jobs import jobs
from console.coordinator.jobs.jobs import WITH_NODE, FenceError, Job, StepError
from console.coordinator.parts import Parts
from console.coordinator.sealing import Secrets
from console.coordinator.settings import CoordinatorConfig, Served
from console.coordinator.store import AuditRow, ConflictError, NodeRow, OverdrawnError
from console.coordinator.store.sql import SqlUnit
from console.coordinator.store.sqlite import Direct, connect
from console.ledger import client, close_epoch, deposit, node_pending
from console.protocol.ids import EvidenceId, GroupId, JobId, NodeId
from console.protocol.keys import SigningKey
from console.protocol.types import Policy, Verdict

KEY = SigningKey(bytes(32))
NODES = tuple(NodeId(hashlib.sha256(bytes([i])).hexdigest()) for i in range(3))
POLICY = Policy(bond_target=30_000)
PARTS = Parts(
    CoordinatorConfig(policy=POLICY),
    Served("toy", GroupId("00" * 32)),
    KEY,
    Secrets(bytes(32)),
    None,  # type: ignore[arg-type]
    SystemClock(),
    secrets.token_bytes,
)
GRANT = 200_000


class Lives(RuleBasedStateMachine):
    """Every rule does what the coordinator does; failures of the unit roll back, as its savepoint would."""

    known = Bundle("known")

    def __init__(self) -> None:
        super().__init__()
        self.db = connect(":memory:")
        self.unit = SqlUnit(Direct(self.db))
        self.unit.book(deposit("ann", client("ann"), GRANT, 1))
        for node in NODES:
            self.unit.save_node(NodeRow(node, "n", "s", "m", 1, 1))
        self.number = 0

    def teardown(self) -> None:
        self.db.close()

    @rule(target=known, prompt=st.integers(1, 20), most=st.integers(1, 20))
    def request(self, prompt: int, most: int) -> object:
        self.number += 1
        job = Job(JobId(f"{self.number:032x}"), "ann", GroupId("00" * 32), prompt, most, 1)
        try:
            self.atomic(lambda: open_job(self.unit, PARTS, job))
        except OverdrawnError:
            return multiple()
        return job.id

    @rule(job=known, node=st.sampled_from(NODES))
    def draw(self, job: JobId, node: NodeId) -> None:
        was = self.now(job)
        if was.state in {"HELD", "TICKETED"} | WITH_NODE:
            ticketed = jobs.ticket(was, 1)
            assert ticketed.fence == was.fence + 1
            self.unit.save_job(ticketed, was)
            self.unit.save_job(jobs.assign(ticketed, node, 1), ticketed)

    @rule(job=known, behind=st.integers(0, 2), tokens=st.integers(1, 20), node=st.sampled_from(NODES))
    def result(self, job: JobId, behind: int, tokens: int, node: NodeId) -> None:
        was = self.now(job)
        tokens = min(tokens, was.max_tokens)
        if behind or node != was.node:
            with pytest.raises(FenceError):
                jobs.take_result(was, node, was.fence - behind, tokens, 1)
        elif was.state in WITH_NODE:
            self.unit.save_job(jobs.take_result(was, node, was.fence, tokens, 1), was)
        else:
            with pytest.raises(StepError):
                jobs.take_result(was, node, was.fence, tokens, 1)

    @rule(job=known, good=st.booleans())
    def judge(self, job: JobId, good: bool) -> None:
        was = self.now(job)
        if was.state == "RESULT":
            audited = jobs.audit(was, 1)
            self.unit.save_job(audited, was)
            self.settle(audited, good)
            with pytest.raises((ConflictError, StepError)):
                self.settle(audited, good)

    @rule(job=known, tokens=st.integers(1, 20))
    def result_and_pay_at_once(self, job: JobId, tokens: int) -> None:
        was = self.now(job)
        if was.state in WITH_NODE:
            taken = jobs.take_result(was, was.node, was.fence, min(tokens, was.max_tokens), 1)
            self.settle(was, True, taken)
            with pytest.raises((ConflictError, StepError)):
                self.settle(was, True, taken)

    @rule(job=known, fault=st.sampled_from(["node", "coordinator", "client"]))
    def give_up(self, job: JobId, fault: str) -> None:
        was = self.now(job)
        code = "cancelled" if fault == "client" else "x"
        if was.state in jobs.FINAL or (was.state == "RESULT" and fault == "client"):
            with pytest.raises(StepError):
                self.atomic(lambda: give_back(self.unit, PARTS, was, fault, code))  # type: ignore[arg-type]
        else:
            self.atomic(lambda: give_back(self.unit, PARTS, was, fault, code))  # type: ignore[arg-type]

    @rule(node=st.sampled_from(NODES))
    def epoch(self, node: NodeId) -> None:
        self.number += 1
        if amount := self.unit.balance(node_pending(node)):
            self.unit.book(close_epoch(self.number, node, amount, 1))

    @invariant()
    def money_is_conserved(self) -> None:
        assert self.ask("SELECT coalesce(sum(amount), 0) FROM postings") == 0
        assert self.ask("SELECT coalesce(sum(amount), 0) FROM balances") == 0
        assert self.ask("SELECT count(*) FROM balances WHERE amount < 0 AND account <> 'outside'") == 0

    @invariant()
    def every_hold_is_released_once_by_the_end_of_its_job(self) -> None:
        states = ", ".join(f"'{state}'" for state in jobs.FINAL)
        held = self.ask(f"SELECT coalesce(sum(held), 0) FROM jobs WHERE state NOT IN ({states})")
        assert self.ask("SELECT coalesce(sum(amount), 0) FROM balances WHERE account LIKE 'escrow:%'") == held
        assert (
            self.ask(
                "SELECT count(*) FROM jobs j WHERE (j.state = 'SETTLED') <> "
                "EXISTS (SELECT 1 FROM transactions WHERE id = 'pay:' || j.id)"
            )
            == 0
        )

    @invariant()
    def what_counts_as_spent_is_what_was_paid_or_is_held(self) -> None:
        spent = self.unit.spent("ann", None, 0)
        assert spent == self.ask("SELECT coalesce(sum(price + held), 0) FROM jobs")
        assert spent == GRANT - self.unit.balance(client("ann"))

    def settle(self, was: Job, good: bool, taken: Job | None = None) -> None:
        outcome = "accepted" if good else "rejected"
        verdict = Verdict(
            EvidenceId(secrets.token_hex(16)),
            was.id,
            was.attempt,
            NodeId(was.node),
            outcome,
            "replay",  # type: ignore[arg-type]
            1,
            0,
            -1,
            "x",
            PARTS.clock.now_ms(),
        )
        judged = Judged(verdict, AuditRow(verdict.id, 1, 1, 1, 1, 1), NOT_AUDITED)
        if good:
            self.atomic(lambda: self.accept(was, taken or was, judged))
        else:
            self.atomic(lambda: reject(self.unit, PARTS, was, judged, b"sealed"))

    def accept(self, was: Job, taken: Job, judged: Judged) -> Job:
        return accept(self.unit, PARTS, was, taken, judged, self.unit.balances(was.node), b"sealed")

    def atomic(self, work: object) -> None:
        self.unit = SqlUnit(Direct(self.db))  # what a unit was refused is its own
        self.db.execute("SAVEPOINT unit")
        try:
            work()  # type: ignore[operator]
        except BaseException:
            self.db.execute("ROLLBACK TO unit")
            raise
        finally:
            self.db.execute("RELEASE unit")

    def now(self, job: JobId) -> Job:
        found = self.unit.job(job)
        assert found is not None
        return found

    def ask(self, query: str) -> int:
        value: int = self.db.execute(query).fetchone()[0]
        return value


TestLives = Lives.TestCase
TestLives.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)


def test_the_ledgers_check_stands_under_the_code(tmp_path: object) -> None:
    db = connect(":memory:")
    with pytest.raises(sqlite3.IntegrityError):
        db.execute("INSERT INTO balances (account, amount) VALUES ('client:ann', -1)")
    db.execute("INSERT INTO balances (account, amount) VALUES ('outside', -1)")
    db.close()
