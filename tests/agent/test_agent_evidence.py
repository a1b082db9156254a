"""The evidence behind an answer: sealed, kept as long as it is needed, erased then; and each check of it."""

from __future__ import annotations

import dataclasses
import hashlib
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from doubles.agent_doubles import GROUP, SEEDS, ScriptedCoordinator

from console.agent.evidence import job_detail
from console.agent.journal import JobRecord, Journal, Question
from console.agent.journal.results import AUDIT_WINDOW_S, DISPUTE_WINDOW_S, DISPUTES_KEPT
from console.control.state import JobView
from console.control.wire import Moment
from console.ledger import node_bond, node_pending
from console.protocol.canonical import ids_digest
from console.protocol.frames import receipt_bytes, result_bytes
from console.protocol.ids import JobId, NanoCredits
from console.protocol.keys import SigningKey
from console.protocol.types import Assignment, Policy, Posting, Receipt, Result, Transaction

KEY = SigningKey(b"n" * 32)
HOUR_MS = AUDIT_WINDOW_S * 1000
WEEK_MS = DISPUTE_WINDOW_S * 1000


@dataclasses.dataclass
class Answered:
    """An answer as a worker journals it, with all that the network fixed for it."""

    assignment: Assignment
    record: JobRecord
    result: Result
    opening: bytes

    @property
    def question(self) -> Question:
        ask = self.assignment
        return Question(ask.prompt_ids, ask.temperature_milli, ask.max_tokens, ask.stop)


def answered(coordinator: ScriptedCoordinator, tokens: int = 24, **changes: object) -> Answered:
    ask = coordinator.assignment(KEY.node_id, prompt=tuple(range(40_000, 40_031)), **changes)
    opening = bytes(range(256)) * (320 * tokens // 256)
    unsigned = Result(
        ask.job, 1, 1, KEY.node_id, GROUP, ids_digest(ask.prompt_ids), tuple(range(50_000, 50_000 + tokens)),
        "length", "p", hashlib.sha256(opening).hexdigest(), 5, 1, "",
    )  # fmt: skip
    result = msgspec.structs.replace(unsigned, signature=KEY.sign(result_bytes(unsigned)))
    view = JobView(ask.job, 1, "result", 1_000, prompt_tokens=31, max_tokens=tokens, tokens=tokens)
    record = JobRecord(
        view, 1, GROUP, "p", 500, ask.draw, SEEDS.root, coordinator.key.node_id, result.prompt_digest,
        result.commitment,
    )  # fmt: skip
    return Answered(ask, record, result, opening)


@pytest.fixture
def coordinator() -> ScriptedCoordinator:
    """Only its key and its draws are used."""
    return ScriptedCoordinator()


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    """An open journal."""
    book = Journal(tmp_path, b"k" * 32)
    await book.open()
    yield book
    await book.close()


async def put(journal: Journal, answer: Answered, at_ms: int = 5_000) -> None:
    moment = Moment(at_ms, "result")
    assert await journal.results.put(answer.record, answer.result, answer.opening, moment, answer.question)


async def checks(journal: Journal, answer: Answered) -> dict[str, bool | None]:
    detail = await job_detail(journal, answer.record, KEY.node_id, Policy())
    return {check.name: check.ok for check in detail.checks}


async def test_an_answer_can_be_judged_until_it_is(
    journal: Journal, coordinator: ScriptedCoordinator, tmp_path: Path
) -> None:
    answer = answered(coordinator)
    await put(journal, answer)
    await journal.results.answered(answer.result.job, 1)
    kept = await journal.results.kept(answer.result.job, 1)
    assert kept is not None
    assert (kept.question, kept.result, kept.opening) == (answer.question, answer.result, answer.opening)
    assert kept.until_ms == 5_000 + HOUR_MS
    stranger = Journal(tmp_path, b"x" * 32)
    await stranger.open()
    assert await stranger.results.kept(answer.result.job, 1) is None
    await stranger.close()
    await journal.results.judged(answer.result.job, 1)
    assert await journal.results.kept(answer.result.job, 1) is None
    assert await journal.results.opening(answer.result.job, 1) is None


async def test_nothing_of_it_is_ever_written_unsealed(
    journal: Journal, coordinator: ScriptedCoordinator, tmp_path: Path
) -> None:
    answer = answered(coordinator, stop=("chrysanthemum",))
    await put(journal, answer)
    await journal.results.disputable(answer.result.job, 1, 6_000)
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    secrets = (
        answer.opening[:64],
        b"chrysanthemum",
        msgspec.msgpack.encode(answer.result.token_ids)[3:60],
        msgspec.msgpack.encode(answer.assignment.prompt_ids)[3:60],
        msgspec.json.encode(answer.assignment.prompt_ids)[1:60],
    )
    assert [secret for secret in secrets if secret in written] == []
    assert answer.result.job.encode() in written


async def test_a_rejected_answers_evidence_stays_until_the_dispute_window_closes(
    journal: Journal, coordinator: ScriptedCoordinator
) -> None:
    rejected, waiting = answered(coordinator), answered(coordinator)
    for answer in (rejected, waiting):
        await put(journal, answer)
    await journal.results.disputable(rejected.result.job, 1, 9_000)
    await journal.results.expire(5_001 + HOUR_MS)
    assert await journal.results.kept(waiting.result.job, 1) is None
    kept = await journal.results.kept(rejected.result.job, 1)
    assert kept is not None and kept.until_ms == 9_000 + WEEK_MS
    await journal.results.expire(9_000 + WEEK_MS)
    assert await journal.results.kept(rejected.result.job, 1) is not None
    await journal.results.expire(9_001 + WEEK_MS)
    assert await journal.results.kept(rejected.result.job, 1) is None
    assert await journal.results.opening(rejected.result.job, 1) is None


async def test_a_network_that_rejects_everything_cannot_fill_the_disk(
    journal: Journal, coordinator: ScriptedCoordinator, tmp_path: Path
) -> None:
    answers = [answered(coordinator, tokens=4) for _ in range(DISPUTES_KEPT + 3)]
    undecided = answered(coordinator, tokens=4)
    await put(journal, undecided)
    for number, answer in enumerate(answers):
        await put(journal, answer)
        await journal.results.disputable(answer.result.job, 1, 9_000 + number)
    kept = [await journal.results.kept(answer.result.job, 1) is not None for answer in answers]
    assert kept == [False] * 3 + [True] * DISPUTES_KEPT
    assert await journal.results.kept(undecided.result.job, 1) is not None


@pytest.mark.parametrize(("prompt", "tokens"), [(31, 24), (500, 128)])
async def test_what_is_kept_beside_an_opening_is_small(
    journal: Journal, coordinator: ScriptedCoordinator, tmp_path: Path, prompt: int, tokens: int
) -> None:
    """Three to five bytes per token id and some 600 of names, digests and signature."""
    answer = answered(coordinator, tokens)
    answer.assignment = msgspec.structs.replace(answer.assignment, prompt_ids=tuple(range(prompt)))
    await put(journal, answer)
    with sqlite3.connect(tmp_path / "journal.db") as book:
        sealed, opening = book.execute(
            "SELECT length(e.sealed), length(r.opening) FROM evidence e JOIN results r USING (job, attempt)"
        ).fetchone()
    assert opening == 320 * tokens + 28
    assert sealed < 900 + 5 * (prompt + tokens) < opening


async def test_an_answer_that_waits_for_its_verdict_is_checked_as_far_as_it_goes(
    journal: Journal, coordinator: ScriptedCoordinator
) -> None:
    answer = answered(coordinator)
    await put(journal, answer)
    assert await checks(journal, answer) == {
        "draw: ticket": True,
        "draw: seed": True,
        "draw: roster": True,
        "draw: pick": True,
        "result: signature": True,
        "result: opening": True,
        "verdict: counts": None,
        "receipt: signature": None,
        "ledger: sum": None,
    }
    forged = dataclasses.replace(
        answer, record=msgspec.structs.replace(answer.record, commitment="00" * 32, coordinator=KEY.node_id)
    )
    found = await checks(journal, forged)
    assert (found["result: signature"], found["draw: ticket"]) == (False, False)


def settled(coordinator: ScriptedCoordinator, answer: Answered, **changes: object) -> Receipt:
    accepted = coordinator.receipt(answer.result, coordinator.verdict(answer.result), prompt_tokens=31)
    changed = msgspec.structs.replace(accepted, **changes)
    return msgspec.structs.replace(changed, signature=coordinator.key.sign(receipt_bytes(changed)))


async def test_a_settled_answer_is_checked_to_the_last_posting(
    journal: Journal, coordinator: ScriptedCoordinator
) -> None:
    answer = answered(coordinator)
    await put(journal, answer)
    verdict = coordinator.verdict(answer.result)
    receipt = settled(coordinator, answer, verdict=verdict.id)
    await journal.jobs.put_verdict(verdict, 1)
    await journal.money.put_receipt(receipt, 7, "2026-11-22")
    await journal.results.judged(answer.result.job, 1)
    found = await checks(journal, answer)
    names = ("receipt: signature", "receipt: tokens", "ledger: sum", "ledger: reward", "verdict: receipt")
    assert [found[name] for name in names] == [True] * 5
    assert found["verdict: counts"] and found["result: signature"] is None and "result: opening" not in found


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"completion_tokens": 23}, {"receipt: tokens", "ledger: reward"}),
        ({"reward": NanoCredits(1)}, {"ledger: reward"}),
        ({"signature": "00" * 64}, {"receipt: signature"}),
        ({"outcome": "rejected"}, {"verdict: receipt", "ledger: penalty"}),
    ],
    ids=["tokens", "reward", "signature", "outcome"],
)
async def test_what_does_not_fit_is_named(
    journal: Journal, coordinator: ScriptedCoordinator, changes: dict[str, object], wrong: set[str]
) -> None:
    answer = answered(coordinator)
    await put(journal, answer)
    verdict = coordinator.verdict(answer.result)
    receipt = settled(coordinator, answer, verdict=verdict.id, **changes)
    if "signature" in changes:
        receipt = msgspec.structs.replace(receipt, signature="00" * 64)
    await journal.jobs.put_verdict(verdict, 1)
    await journal.money.put_receipt(receipt, 7, "2026-11-22")
    found = await checks(journal, answer)
    assert {name for name, ok in found.items() if ok is False} == wrong


async def test_a_penalty_is_held_against_the_policy(
    journal: Journal, coordinator: ScriptedCoordinator
) -> None:
    answer = answered(coordinator)
    await put(journal, answer)
    verdict = msgspec.structs.replace(
        coordinator.verdict(answer.result, "rejected"), mode="replay", mismatches=1, first_mismatch=3
    )
    due = Policy().penalty_multiple * (31 + 24) * 500
    for penalty, good in ((due, True), (due + 1, False)):
        job = JobId(f"{penalty:032x}")
        mine = dataclasses.replace(
            answer,
            record=msgspec.structs.replace(
                answer.record, view=msgspec.structs.replace(answer.record.view, job=job)
            ),
        )
        moves = (
            Posting(node_pending(KEY.node_id), NanoCredits(-penalty + 100)),
            Posting(node_bond(KEY.node_id), NanoCredits(-100)),
            Posting("penalties", NanoCredits(penalty)),
        )
        receipt = settled(
            coordinator, answer, job=job, outcome="rejected", reward=NanoCredits(0),
            penalty=NanoCredits(penalty), verdict=verdict.id,
            transaction=Transaction(f"penalty:{job}:1", 1, moves),
        )  # fmt: skip
        await journal.jobs.put_verdict(msgspec.structs.replace(verdict, job=job), 1)
        await journal.money.put_receipt(receipt, 7, "2026-11-22")
        found = await checks(journal, mine)
        assert (found["ledger: penalty"], found["ledger: sum"]) == (good, True)
        assert found["verdict: counts"] is True


async def test_a_finding_beyond_the_answers_end_is_not_believed(
    journal: Journal, coordinator: ScriptedCoordinator
) -> None:
    answer = answered(coordinator)
    verdict = coordinator.verdict(answer.result, "rejected")
    await journal.jobs.put_verdict(msgspec.structs.replace(verdict, mismatches=1, first_mismatch=24), 1)
    assert (await checks(journal, answer))["verdict: counts"] is False
