"""A real node at a real coordinator: three columns agree, and a coordinator that cheats is found out."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result
from coordinator_harness import CONFIG, GROUP, Running, running, until
from doubles import agent_doubles
from doubles.agent_doubles import RunningAgent, ScriptedLauncher
from doubles.engine_double import ScriptedEngine

from console.agent.statements import desk
from console.cli import quarterdeck
from console.coordinator.store.schema import DATABASE
from console.protocol.statements import Statement, Sums, statement_bytes, statement_digest

AGENT = "agent"


@pytest.fixture
async def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Running]:
    monkeypatch.setattr(agent_doubles, "GROUP", GROUP)
    monkeypatch.setattr(desk, "SPREAD_MOST_S", 0.0)
    monkeypatch.setattr(desk, "RETRY_S", 0.05)
    async with running(tmp_path, CONFIG) as made:
        yield made


@pytest.fixture
async def node(run: Running, tmp_path: Path) -> AsyncIterator[RunningAgent]:
    """In the roster, working for its living."""
    agent = RunningAgent(tmp_path / AGENT, run.ws, ScriptedLauncher(ScriptedEngine(end_bias=-50)))
    run.engine.end_bias = -50
    await agent.start()
    await until(lambda: agent.state.node.id in run.coordinator.registry.roster(0))
    yield agent
    await agent.stop()


async def earn(run: Running, node: RunningAgent, jobs: int) -> None:
    """So many answers, accepted and paid."""
    before = node.state.money.total_accepted
    for _ in range(jobs):
        assert (await run.chat()).status_code == 200
    await node.until(lambda state: state.money.total_accepted == before + jobs)


async def close(run: Running) -> int:
    """End the epoch; its number."""
    epoch = run.coordinator.epochs.number
    await run.coordinator.epochs.open_next()
    return epoch


async def kept(node: RunningAgent, epoch: int) -> None:
    await node.until(lambda s: any(one.epoch == epoch for one in s.earnings.statements.statements))


async def audit(node: RunningAgent, *words: str) -> tuple[int, dict[str, Any]]:
    line = ["audit", "statement", "--json", *words, "--home", str(node.home)]
    done: Result = await asyncio.to_thread(CliRunner().invoke, quarterdeck, line)
    return done.exit_code, json.loads(done.stdout) if done.stdout else {"error": done.stderr}


def found(told: dict[str, Any]) -> set[str]:
    return {one["name"] for one in told["findings"]}


async def test_three_columns_agree_and_the_operator_is_told(run: Running, node: RunningAgent) -> None:
    await earn(run, node, 3)
    await kept(node, await close(run))
    await earn(run, node, 1)
    await kept(node, await close(run))
    view = node.state.earnings.statements
    earned = node.state.money.total_earned
    assert view.ok and view.claimed == view.accepted == view.settled == earned > 0
    assert [(one.epoch, one.receipts) for one in view.statements] == [(2, 1), (1, 3)]
    held = node.state.money.balances
    newest = view.statements[0]
    assert (newest.available, newest.bond, newest.pending) == (held.available, held.bond, held.pending)
    assert any("Epoch 2 is stated and checked" in note.text for note in node.state.notes)
    code, told = await audit(node)
    assert code == 0 and told["ok"] and told["findings"] == []
    assert (told["schema_version"], told["settled"], len(told["statements"])) == (1, earned, 2)
    code, told = await audit(node, "--epoch", "1")
    assert code == 0 and len(told["statements"]) == 1
    assert (await audit(node, "--epoch", "9"))[0] == 1
    words = await asyncio.to_thread(
        CliRunner().invoke, quarterdeck, ["audit", "statement", "--home", str(node.home)]
    )
    assert "✓ 2 statements checked here" in words.stdout


async def test_before_an_epoch_has_closed_there_is_nothing_to_audit(run: Running, node: RunningAgent) -> None:
    line = ["audit", "statement", "--home", str(node.home)]
    words = await asyncio.to_thread(CliRunner().invoke, quarterdeck, line)
    assert (words.exit_code, words.stdout) == (0, "No epoch has been stated yet since this node signed in.\n")


async def test_a_node_that_comes_back_catches_up(run: Running, node: RunningAgent) -> None:
    await earn(run, node, 1)
    await kept(node, await close(run))
    await node.stop()
    for _ in range(3):
        await close(run)
    again = RunningAgent(node.home, run.ws, ScriptedLauncher(ScriptedEngine(end_bias=-50)))
    await again.start()
    await kept(again, 4)
    assert again.state.earnings.statements.ok
    assert [one.epoch for one in again.state.earnings.statements.statements] == [4, 3, 2, 1]
    await again.stop()


async def cheat(run: Running, work: str, *values: Any) -> None:
    """The coordinator changes its own database."""
    store = run.coordinator.parts.store
    await store.transact(lambda unit: unit.database.execute(work, values))  # type: ignore[attr-defined]


async def test_a_receipt_that_is_left_out_is_found(run: Running, node: RunningAgent) -> None:
    await earn(run, node, 2)
    await cheat(run, "DELETE FROM receipts WHERE job = (SELECT min(job) FROM receipts)")
    await kept(node, await close(run))
    await node.until(lambda s: not s.earnings.statements.ok)
    code, told = await audit(node)
    assert code == 1 and not told["ok"]
    assert "receipt_missing" in found(told)
    assert told["findings"][0]["epoch"] == 1


async def test_a_payment_that_was_kept_back_is_found(run: Running, node: RunningAgent) -> None:
    """The receipt says 1,000 more than the node's account is credited with: the treasury keeps it."""
    await earn(run, node, 2)
    name = f"node:{node.state.node.id}:pending"
    for account, by in ((name, -1000), ("treasury", 1000)):
        work = "UPDATE balances SET amount = amount + ?, credits = credits + ? WHERE account = ?"
        await cheat(run, work, by, by, account)
    await kept(node, await close(run))
    code, told = await audit(node)
    assert code == 1 and found(told) == {"credits"}
    assert told["accepted"] == told["settled"] + 1000
    notes = [note for note in node.state.notes if note.calls]
    assert any("credits" in note.text for note in notes), "somebody has to look into it"


async def test_money_that_vanishes_between_two_epochs_is_found(run: Running, node: RunningAgent) -> None:
    await earn(run, node, 1)
    await kept(node, await close(run))
    name = f"node:{node.state.node.id}:available"
    await cheat(run, "UPDATE balances SET amount = amount - 500 WHERE account = ?", name)
    await cheat(run, "UPDATE balances SET amount = amount + 500 WHERE account = 'treasury'")
    await kept(node, await close(run))
    code, told = await audit(node)
    assert code == 1 and found(told) == {"account_opening"}


async def restated(run: Running, epoch: int, **changes: Any) -> None:
    """The coordinator signs another statement, and serves that from now on."""
    parts = run.coordinator.parts
    with sqlite3.connect(run.home / DATABASE) as db:
        (body,) = db.execute("SELECT body FROM statements WHERE epoch = ?", (epoch,)).fetchone()
        other = msgspec.structs.replace(msgspec.json.decode(body, type=Statement), **changes)
        other = msgspec.structs.replace(other, signature=parts.key.sign(statement_bytes(other)))
        row = (msgspec.json.encode(other), statement_digest(other), epoch)
        db.execute("UPDATE statements SET body = ?, digest = ? WHERE epoch = ?", row)
    await run.coordinator.books.load()
    run.coordinator.statements._shelf._shelf.clear()


async def test_two_statements_for_one_epoch_are_found_and_both_are_kept(
    run: Running, node: RunningAgent
) -> None:
    await earn(run, node, 1)
    epoch = await close(run)
    await kept(node, epoch)
    await restated(run, epoch, closed_ms=5)
    await close(run)
    await node.until(lambda s: "two_statements" in {f.name for f in s.earnings.statements.findings})
    with sqlite3.connect(node.home / "journal.db") as journal:
        assert journal.execute("SELECT count(*) FROM statements WHERE epoch = ?", (epoch,)).fetchone() == (2,)
    await kept(node, epoch + 1)
    code, told = await audit(node)
    assert code == 1 and "chain" in found(told), "the next statement names the other one"


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"last": "00" * 32}, "chain"),
        ({"receipts_root": "00" * 32}, "receipt_path"),
        ({"accounts_root": "00" * 32}, "account_path"),
        ({"sums": Sums(0, 0, 5, -5)}, "out_of_bounds"),
    ],
)
async def test_a_wrong_statement_is_found_by_name(
    run: Running, node: RunningAgent, changes: dict[str, Any], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await earn(run, node, 1)
    await kept(node, await close(run))
    await earn(run, node, 1)
    asked = run.coordinator.statements.answer
    key = run.coordinator.parts.key

    async def lying(who: str, request: Any) -> Any:
        answer = await asked(who, request)
        if answer.statement is None or answer.epoch != 2:
            return answer
        other = msgspec.structs.replace(answer.statement, **changes)
        other = msgspec.structs.replace(other, signature=key.sign(statement_bytes(other)))
        return msgspec.structs.replace(answer, statement=other)

    monkeypatch.setattr(run.coordinator.statements, "answer", lying)
    await kept(node, await close(run))
    code, told = await audit(node)
    assert code == 1 and name in found(told)


async def test_a_coordinator_that_shows_no_statement_is_found_out(
    run: Running, node: RunningAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "OVERDUE_MS", 0)

    async def silent(*_: Any) -> None:
        return None

    monkeypatch.setattr(run.coordinator.epochs, "_close_books", silent)
    await close(run)

    async def missing() -> bool:
        return "statement_missing" in found((await audit(node))[1])

    async with asyncio.timeout(10):
        while not await missing():
            await asyncio.sleep(0.1)
