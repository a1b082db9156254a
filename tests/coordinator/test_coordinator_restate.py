"""Statements recounted by an operator: honest books agree, each kind of tampering is exposed by name."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from coordinator_harness import Verdict, running

from console.coordinator.again.cases import DataError
from console.coordinator.restate import __main__ as command
from console.coordinator.restate.__main__ import main, recount
from console.coordinator.store import StoreError
from console.coordinator.store.schema import DATABASE
from console.protocol.frames import receipt_bytes
from console.protocol.keys import SigningKey
from console.protocol.statements import (
    AccountLine,
    Statement,
    receipt_leaf,
    statement_bytes,
    statement_digest,
)
from console.protocol.types import Receipt

OTHER = SigningKey(b"x" * 32)
replace = msgspec.structs.replace


async def run_of(home: Path) -> None:
    """Three stated epochs: two nodes that earn, one answer rejected by replay, and one epoch of rest."""
    async with running(home) as run:
        node = await run.node()
        for engine in (run.engine, run.second.engine, node.engine):
            engine.end_bias = -50
        await run.chat(max_tokens=8)
        await run.chat(max_tokens=8)
        await run.coordinator.epochs.open_next()
        other = await run.node("gull")
        other.engine.end_bias = -50
        while not (node.got(Verdict)[2:] and other.got(Verdict)):
            await run.chat(max_tokens=8)
        node.engine.forged_noise = other.engine.forged_noise = True
        await run.chat(max_tokens=24, temperature=1.0)
        await run.settled(0)
        await run.coordinator.epochs.open_next()


@pytest.fixture(scope="module")
def kept() -> dict[str, bytes]:
    """The files of one run, made once."""
    return {}


@pytest.fixture
async def home(tmp_path: Path, kept: dict[str, bytes]) -> Path:
    if not kept:
        await run_of(tmp_path)
        kept |= {p.name: p.read_bytes() for p in tmp_path.iterdir() if p.is_file()}
    for name, data in kept.items():
        (tmp_path / name).write_bytes(data)
    return tmp_path


def names(home: Path) -> set[str]:
    return {finding.name for finding in recount(home, None).findings}


async def test_an_honest_run_has_no_finding_and_three_equal_columns(home: Path) -> None:
    outcome = recount(home, None)
    assert outcome.findings == ()
    assert outcome.claimed == outcome.accepted == outcome.settled > 0
    assert outcome.statements == 3 and outcome.receipts >= 5
    one, two = recount(home, 1), recount(home, 2)
    assert one.settled + two.settled == outcome.settled and one.receipts == 2


def paid(home: Path) -> str:
    """A job that was paid in epoch 2."""
    with sqlite3.connect(home / DATABASE) as db:
        (name,) = db.execute(
            "SELECT id FROM transactions WHERE epoch = 2 AND id LIKE 'pay:%' ORDER BY id LIMIT 1"
        ).fetchone()
    return str(name.removeprefix("pay:"))


def change(home: Path, *statements: str) -> None:
    """The database, behind the coordinator's back. JOB stands for `paid`."""
    job = paid(home)
    with sqlite3.connect(home / DATABASE) as db:
        for statement in statements:
            assert db.execute(statement.replace("JOB", job)).rowcount >= 1, statement


OF_PAY = """WHERE "transaction" = 'pay:JOB'"""
OF_JOB = "WHERE job = 'JOB'"
PENDING = "account LIKE 'node:%:pending'"
IN_THE_DATABASE: dict[str, tuple[tuple[str, ...], set[str]]] = {
    "a posting raised": (
        (f"UPDATE postings SET amount = amount + 1 {OF_PAY} AND {PENDING}",),
        {"postings", "account_closing", "receipt_unbooked"},
    ),
    "a posting moved to another account": (
        (f"UPDATE postings SET account = 'penalties' {OF_PAY} AND account = 'treasury'",),
        {"account_closing", "postings"},
    ),
    "a payment taken away": (
        (f"DELETE FROM postings {OF_PAY}", "DELETE FROM transactions WHERE id = 'pay:JOB'"),
        {"account_closing", "receipt_unbooked"},
    ),
    "a payment without its booking": (("DELETE FROM transactions WHERE id = 'pay:JOB'",), {"postings"}),
    "a payment moved to another epoch": (
        ("UPDATE transactions SET epoch = 1 WHERE id = 'pay:JOB'",),
        {"account_closing", "receipt_unbooked"},
    ),
    "running balance": (
        ("UPDATE balances SET amount = amount + 1 WHERE account = 'treasury'",),
        {"postings"},
    ),
    "removed receipt": ((f"DELETE FROM receipts {OF_JOB}",), {"receipt_missing"}),
    "receipt of another epoch": (
        (f"UPDATE receipts SET epoch = 1 {OF_JOB}",),
        {"receipt_missing", "receipt_unknown", "receipt_unbooked"},
    ),
    "receipt counted for another node": (
        (f"UPDATE receipts SET node = '{'ab' * 32}' {OF_JOB}",),
        {"receipt_foreign"},
    ),
    "receipt with another reward": (
        (
            "UPDATE receipts SET body = "
            f"CAST(replace(CAST(body AS TEXT), '\"reward\":', '\"reward\":1') AS BLOB) {OF_JOB}",
        ),
        {"receipt_signature", "receipt_path", "receipt_unbooked", "credits"},
    ),
    "receipt that is noise": ((f"UPDATE receipts SET body = x'00' {OF_JOB}",), {"receipt_signature"}),
    "leaf": ((f"UPDATE receipts SET leaf = '{'00' * 32}' {OF_JOB}",), {"receipt_path"}),
    "job's reward": (("UPDATE jobs SET reward = reward + 1 WHERE id = 'JOB'",), {"credits"}),
    "verdict": ((f"UPDATE verdicts SET outcome = 'rejected' {OF_JOB}",), {"receipt_signature"}),
    "statement taken away": (
        ("DELETE FROM statements WHERE epoch = 2",),
        {"chain", "history", "statement_missing"},
    ),
    "two statements of one epoch": (
        (f"UPDATE statements SET digest = '{'11' * 32}' WHERE epoch = 2",),
        {"two_statements"},
    ),
    "statement of another epoch in its place": (
        ("UPDATE statements SET body = (SELECT body FROM statements WHERE epoch = 1) WHERE epoch = 2",),
        {"chain", "two_statements"},
    ),
    "statement that is noise": (("UPDATE statements SET body = x'00' WHERE epoch = 2",), {"signature"}),
    "what is kept of the escrows": (
        ("UPDATE statements SET held = held + 1 WHERE epoch = 2",),
        {"account_closing"},
    ),
    "kept accounts that are noise": (
        ("UPDATE statements SET lines = x'00' WHERE epoch = 2",),
        {"account_path"},
    ),
}


@pytest.mark.parametrize("what", IN_THE_DATABASE)
async def test_what_is_changed_in_the_database_is_exposed_by_name(home: Path, what: str) -> None:
    statements, expected = IN_THE_DATABASE[what]
    change(home, *statements)
    assert expected <= names(home), recount(home, None).findings


def restate(
    home: Path, epoch: int, alter: Callable[[Statement], Statement], key: SigningKey | None = None
) -> None:
    """The coordinator itself makes another statement and signs it, digest and all."""
    signer = key or SigningKey((home / "coordinator.key").read_bytes())
    with sqlite3.connect(home / DATABASE) as db:
        (body,) = db.execute("SELECT body FROM statements WHERE epoch = ?", (epoch,)).fetchone()
        changed = alter(msgspec.json.decode(body, type=Statement))
        signed = replace(changed, signature=signer.sign(statement_bytes(changed)))
        row = (msgspec.json.encode(signed), statement_digest(signed), epoch)
        db.execute("UPDATE statements SET body = ?, digest = ? WHERE epoch = ?", row)


def with_sums(statement: Statement, **changes: int) -> Statement:
    return replace(statement, sums=replace(statement.sums, **changes))


SIGNED: dict[str, tuple[Callable[[Statement], Statement], set[str]]] = {
    "closing": (lambda s: with_sums(s, closing=s.sums.closing - 1), {"arithmetic", "account_path"}),
    "credits and closing": (
        lambda s: with_sums(s, credits=s.sums.credits + 1, closing=s.sums.closing + 1),
        {"unbalanced", "account_path"},
    ),
    "negative": (lambda s: with_sums(s, debits=-1), {"out_of_bounds"}),
    "opening": (
        lambda s: with_sums(s, opening=s.sums.opening + 1, closing=s.sums.closing + 1),
        {"opening", "account_path"},
    ),
    "accounts' root": (lambda s: replace(s, accounts_root="00" * 32), {"account_path"}),
    "count of accounts": (lambda s: replace(s, accounts=s.accounts + 1), {"account_path"}),
    "receipts' root": (lambda s: replace(s, receipts_root="00" * 32), {"receipt_path"}),
    "receipts left out": (lambda s: replace(s, receipts=s.receipts - 1), {"receipt_unknown"}),
    "receipts invented": (lambda s: replace(s, receipts=s.receipts + 1), {"receipt_missing"}),
    "last": (lambda s: replace(s, last="00" * 32), {"chain"}),
    "history": (lambda s: replace(s, history="00" * 32), {"history"}),
    "deposit": (lambda s: replace(s, deposited=s.deposited + 5, withdrawn=s.withdrawn + 5), {"account_path"}),
    "epoch": (lambda s: replace(s, epoch=7), {"chain"}),
    "time": (lambda s: replace(s, opened_ms=s.opened_ms - 1), {"times"}),
}


@pytest.mark.parametrize("what", SIGNED)
async def test_what_the_coordinator_itself_signs_wrongly_is_exposed_by_name(home: Path, what: str) -> None:
    alter, expected = SIGNED[what]
    restate(home, 2, alter)
    assert expected <= names(home)


async def test_a_statement_signed_by_another_key_is_exposed(home: Path) -> None:
    restate(home, 2, lambda s: s, OTHER)
    assert names(home) == {"signature"}
    restate(home, 2, lambda s: replace(s, coordinator=OTHER.node_id), OTHER)
    assert {"signature", "chain"} <= names(home)


def rewrite(home: Path, alter: Callable[[list[AccountLine]], list[AccountLine]], epoch: int = 2) -> None:
    """The coordinator keeps, and states, other accounts than its postings make."""
    from console.ledger.statements import accounts_tree

    with sqlite3.connect(home / DATABASE) as db:
        (kept,) = db.execute("SELECT lines FROM statements WHERE epoch = ?", (epoch,)).fetchone()
        lines = alter(list(msgspec.msgpack.decode(kept, type=tuple[AccountLine, ...])))
        db.execute("UPDATE statements SET lines = ? WHERE epoch = ?", (msgspec.msgpack.encode(lines), epoch))
    tree = accounts_tree(lines)
    assert tree is not None
    root = tree.root
    restate(home, epoch, lambda s: replace(s, accounts=len(lines), accounts_root=root.hash, sums=root.sums))


def less(line: AccountLine, by: int = 1) -> AccountLine:
    return replace(
        line, sums=replace(line.sums, debits=line.sums.debits + by, closing=line.sums.closing - by)
    )


def pending_of(lines: list[AccountLine]) -> int:
    return next(i for i, line in enumerate(lines) if line.account.endswith(":available"))


async def test_a_changed_closing_balance_is_exposed_with_its_account(home: Path) -> None:
    def alter(lines: list[AccountLine]) -> list[AccountLine]:
        at = pending_of(lines)
        return [*lines[:at], less(lines[at]), *lines[at + 1 :]]

    rewrite(home, alter)
    found = recount(home, None).findings
    assert {"account_closing", "account_path", "unbalanced"} <= {f.name for f in found}
    (closing,) = [f for f in found if f.name == "account_closing"]
    assert closing.subject.endswith(":available") and closing.epoch == 2


async def test_an_account_that_was_left_out_is_exposed_with_its_name(home: Path) -> None:
    rewrite(home, lambda lines: [line for i, line in enumerate(lines) if i != pending_of(lines)])
    found = recount(home, None).findings
    (missing,) = [f for f in found if f.name == "account_missing"]
    assert missing.subject.endswith(":available")


async def test_an_account_that_was_invented_is_exposed(home: Path) -> None:
    rewrite(home, lambda lines: [*lines, replace(lines[-1], account="zz")])
    assert "account_unknown" in names(home)


async def test_a_debt_is_exposed_wherever_it_hides(home: Path) -> None:
    """A node's available below zero, and the treasury richer by as much: every sum is right."""
    change(home, f"UPDATE postings SET amount = -900000000000 {OF_PAY} AND {PENDING}")
    assert {"out_of_bounds", "postings"} <= names(home)


async def test_a_receipt_of_another_node_that_the_coordinator_signed_is_exposed(home: Path) -> None:
    """Row, body, signature and leaf agree: the money went elsewhere, and the judged node was another."""
    key = SigningKey((home / "coordinator.key").read_bytes())
    job = paid(home)
    with sqlite3.connect(home / DATABASE) as db:
        (body,) = db.execute("SELECT body FROM receipts WHERE job = ?", (job,)).fetchone()
        receipt = replace(msgspec.json.decode(body, type=Receipt), node="ab" * 32)
        receipt = replace(receipt, signature=key.sign(receipt_bytes(receipt)))
        leaf = receipt_leaf(receipt_bytes(receipt), receipt.signature)
        row = (receipt.node, msgspec.json.encode(receipt), leaf, job)
        db.execute("UPDATE receipts SET node = ?, body = ?, leaf = ? WHERE job = ?", row)
    found = recount(home, None).findings
    assert {"receipt_foreign", "receipt_path"} <= {f.name for f in found}
    assert {f.subject for f in found if f.name == "receipt_foreign"} == {job}


async def test_many_receipts_are_read_by_several_processes(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = recount(home, None)
    monkeypatch.setattr(command, "_CHUNK", 2)
    assert await asyncio.to_thread(recount, home, None) == alone


async def test_the_command_says_it_as_json(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--data", str(home), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told.keys() >= {"schema_version", "ok", "claimed", "accepted", "settled", "findings"}
    assert (told["schema_version"], told["ok"], told["findings"]) == (1, True, [])
    change(home, "UPDATE balances SET amount = amount + 1 WHERE account LIKE 'client:%'")
    assert main(["--data", str(home), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert not told["ok"] and told["findings"][0]["name"] == "postings"
    assert "practice" not in json.dumps(told)
    assert main(["--data", str(home)]) == 1
    assert "✗ client:…  postings." in capsys.readouterr().out


async def test_what_cannot_be_recounted_is_told(home: Path, tmp_path_factory: Any) -> None:
    empty = tmp_path_factory.mktemp("empty")
    with pytest.raises(DataError, match="no coordinator's database"):
        recount(empty, None)
    with pytest.raises(DataError, match="of epoch 9"):
        recount(home, 9)
    with sqlite3.connect(home / DATABASE) as db:
        db.execute("PRAGMA user_version = 2")
    with pytest.raises(StoreError, match="version 2"):
        recount(home, None)
    (empty / DATABASE).write_text("nonsense")
    with pytest.raises(DataError, match=r"coordinator\.key cannot be read"):
        recount(empty, None)
    (empty / "coordinator.key").write_bytes(b"k" * 32)
    with pytest.raises(StoreError, match="not a database"):
        recount(empty, None)
    assert main(["--data", str(empty)]) == 1
