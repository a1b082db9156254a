"""What the console is told of one statement: each check by its name, its receipts, and each job's place."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from statement_world import (
    EPOCH_MS,
    FIRST,
    KEPT,
    KEY,
    NODE,
    NOW,
    SECOND,
    STATED,
    job,
    known,
    receipt,
    replace,
)

from console.agent.clock import local_day
from console.agent.journal import Journal
from console.agent.journal.kept_statements import Columns, KeptStatement
from console.agent.journal.stated import Place
from console.agent.statements.checks import inclusion_check, statement_checks
from console.agent.statements.details import StatementDetails
from console.agent.statements.examine import examine
from console.control.statement_detail import StatementDetail
from console.control.wire import Answer, Command
from console.ledger.findings import Finding, FindingName

ALL = ("signature", "sums", "chain", "accounts", "receipts", "columns")
TWO = Columns(2, 100_000, 100_000, 100_000)


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    """An open journal."""
    book = Journal(tmp_path, b"k" * 32)
    await book.open()
    yield book
    await book.close()


def outcomes(kept: KeptStatement, before: KeptStatement | None = None, **more: Any) -> dict[str, bool | None]:
    given = {"columns": TWO, "findings": kept.findings, **more}
    checks = statement_checks(kept, before, given["columns"], given["findings"])
    return {check.name.removeprefix("statement: "): check.ok for check in checks}


def test_a_statement_that_is_right_has_every_check_made() -> None:
    assert outcomes(KEPT) == dict.fromkeys(ALL, True)
    second = examine(SECOND, known(KEPT, (receipt(3),), 3))[0]
    assert outcomes(second, KEPT, columns=Columns(1, 50_000, 50_000, 50_000)) == dict.fromkeys(ALL, True)


@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("signature", "signature"),
        ("unbalanced", "sums"),
        ("chain", "chain"),
        ("two_statements", "chain"),
        ("account_missing", "accounts"),
        ("receipt_unknown", "receipts"),
        ("receipt_missing", "receipts"),
        ("credits", "columns"),
        ("debits", "columns"),
    ],
)
def test_a_finding_breaks_the_check_that_found_it_and_says_why(name: FindingName, check: str) -> None:
    found = (Finding(name, "This is wrong.", 1), Finding(name, "This too.", 1))
    assert outcomes(KEPT, findings=found) == {**dict.fromkeys(ALL, True), check: False}
    checks = statement_checks(KEPT, None, TWO, found)
    assert next(one.sentence for one in checks if one.ok is False) == "This is wrong. And 1 more."


def test_what_could_not_be_checked_is_said_to_be_unchecked() -> None:
    unproved = replace(KEPT, proved=False, lines=(), receipts=0)
    assert outcomes(unproved) == {
        **dict.fromkeys(ALL, True), "accounts": None, "receipts": None, "columns": None,
    }  # fmt: skip
    later = replace(KEPT, statement=replace(KEPT.statement, before=7, epoch=8))
    assert outcomes(later)["chain"] is None, "it is the first one here, and not the network's first"
    after_a_gap = statement_checks(later, KEPT, TWO, ())[2]
    assert after_a_gap.ok and "epoch 1" in after_a_gap.sentence


async def asked(journal: Journal, **args: Any) -> Answer:
    return await StatementDetails(NODE, journal).answer(Command("1", "statement", args))


async def test_the_command_answers_with_statement_accounts_receipts_and_checks(journal: Journal) -> None:
    for n in (1, 2):
        await journal.money.put_receipt(receipt(n), NOW, local_day(NOW), "", KEY.node_id)
    await journal.statements.put(KEY.node_id, KEPT, STATED)
    answer = await asked(journal, epoch=1)
    detail = msgspec.json.decode(answer.result, type=StatementDetail)
    assert detail.statement == FIRST.statement and detail.lines == KEPT.lines
    assert {(one.job, one.attempt, one.reward) for one in detail.receipts} == {
        (job(1), 1, 50_000), (job(2), 1, 50_000),
    }  # fmt: skip
    assert detail.view.receipts == 2 and detail.view.settled == 100_000
    assert [check.name.removeprefix("statement: ") for check in detail.checks] == list(ALL)
    assert [f.name for f in detail.findings] == ["credits"], "no answer of the journal stands behind these"


@pytest.mark.parametrize("args", [{}, {"epoch": 0}, {"epoch": "1"}, {"epoch": 2**53}, {"epoch": 9}])
async def test_an_epoch_that_is_none_or_not_kept_is_refused_in_a_sentence(
    journal: Journal, args: dict[str, Any]
) -> None:
    await journal.statements.put(KEY.node_id, KEPT, STATED)
    answer = await asked(journal, **args)
    assert not answer.ok and answer.sentence.endswith(".")


async def test_a_receipt_is_placed_in_the_statement_that_counts_it(journal: Journal) -> None:
    assert await journal.stated.place(job(1), 1) is None
    await journal.money.put_receipt(receipt(1), NOW, local_day(NOW), "", KEY.node_id)
    assert await journal.stated.place(job(1), 1) == Place("", 0, 0)
    await journal.statements.put(KEY.node_id, KEPT, STATED)
    assert await journal.stated.place(job(1), 1) == Place(KEPT.digest, 1, 0)


@pytest.mark.parametrize(
    ("at_ms", "proved", "missing_in"),
    [
        (NOW + 5, True, 1),
        (NOW + 5, False, 0),
        (NOW, True, 0),
        (NOW + EPOCH_MS, True, 0),
    ],
)
async def test_a_receipt_that_its_epochs_statement_leaves_out_is_named(
    journal: Journal, at_ms: int, proved: bool, missing_in: int
) -> None:
    """By the same bounds as the finding: what is booked at an epoch's edge may stand in either."""
    await journal.money.put_receipt(receipt(9, at_ms=at_ms), NOW, local_day(NOW), "", KEY.node_id)
    await journal.statements.put(KEY.node_id, replace(KEPT, proved=proved), STATED)
    assert await journal.stated.place(job(9), 1) == Place("", 0, missing_in)


def test_a_job_says_whether_its_receipt_is_stated() -> None:
    assert list(inclusion_check(None)) == []
    outcomes = [next(inclusion_check(p)).ok for p in (Place("ab" * 32, 8), Place("", 0, 8), Place("", 0))]
    assert outcomes == [True, False, None]
    assert "ababab" in next(inclusion_check(Place("ab" * 32, 8))).sentence
