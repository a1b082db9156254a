"""The desk that keeps up with a network's statements, at a network that a test makes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from statement_world import BOND, EPOCH_MS, KEY, NODE, NOW, OTHER, job, line, receipt, replace, world

from console.agent.board import Board
from console.agent.journal import Journal, JournalError
from console.agent.statements import desk as module
from console.agent.statements.desk import StatementDesk
from console.agent.statements.fetch import PAGES_LIMIT
from console.control.events import MoneyChanged, VerdictArrived
from console.control.state import MoneyView, VerdictView
from console.control.wire import Command
from console.ledger.history import history_proof
from console.protocol.messages import FromNode, StatementAnswer, StatementRequest
from console.protocol.statements import Stated, Statement, statement_digest


class Network:
    """Answers a desk as a coordinator with so many closed epochs would."""

    def __init__(self, epochs: int) -> None:
        self.told = []
        chain: list[Statement] = []
        for _ in range(epochs):
            held = (line(BOND, 0, 7),) if not chain else (line(BOND, 7),)
            self.told.append(world((), tuple(chain), held))
            chain.append(self.told[-1].statement)
        self.digests = [statement_digest(one) for one in chain]
        self.asked: list[StatementRequest] = []
        self.desk: StatementDesk | None = None
        self.change: Callable[[StatementAnswer], StatementAnswer | None] = lambda answer: answer

    async def send(self, message: FromNode) -> bool:
        assert isinstance(message, StatementRequest) and self.desk is not None
        self.asked.append(message)
        answer = self.change(self.answer(message))
        if answer is not None:
            self.desk.heard(answer)
        return answer is not None

    def answer(self, asked: StatementRequest) -> StatementAnswer:
        if not 0 < asked.epoch <= len(self.told):
            return StatementAnswer(asked.epoch, None)
        told = self.told[asked.epoch - 1]
        gap = 0 < asked.known < asked.epoch - 1
        follows = history_proof(self.digests[: asked.epoch - 1], asked.known - 1) if gap else None
        return StatementAnswer(
            asked.epoch, told.statement, told.accounts, told.receipts, told.receipts_total, True, follows
        )

    @property
    def stated(self) -> Stated:
        return Stated(len(self.told), self.digests[-1]) if self.told else Stated()


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    """An open journal."""
    book = Journal(tmp_path, b"k" * 32)
    await book.open()
    yield book
    await book.close()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_S", 0.01)


class Running:
    """A desk at work."""

    def __init__(self, network: Network, journal: Journal, jitter: float = 0.0) -> None:
        self.now_ms = NOW
        self.board = Board(lambda: self.now_ms)
        self.desk = StatementDesk(
            NODE, journal, self.board, network.send, lambda: self.now_ms, lambda: jitter
        )
        network.desk = self.desk
        self.tries: list[bool] = []
        """What each try of the desk ended with: whether something that is due is still missing."""
        once = self.desk._try

        async def noted() -> bool:
            self.tries.append(await once())
            return self.tries[-1]

        self.desk._try = noted  # type: ignore[method-assign]
        self.task = asyncio.create_task(self.desk.run())

    async def until(self, ready: Callable[[Any], bool]) -> Any:
        async with asyncio.timeout(10):
            while not ready(view := await self.desk.view()):
                await asyncio.sleep(0.01)
        return view

    async def tried(self) -> None:
        """One more try is over."""
        before = len(self.tries)
        async with asyncio.timeout(10):
            while len(self.tries) == before:
                await asyncio.sleep(0.01)

    async def stop(self) -> None:
        assert not self.task.done(), self.task
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


def epochs(view: Any) -> list[int]:
    return [one.epoch for one in view.statements]


async def test_a_first_contact_takes_the_newest_and_from_then_on_every_one(journal: Journal) -> None:
    network = Network(5)
    running = Running(network, journal)
    running.desk.told(KEY.node_id, 4, network.stated, 600_000)
    await running.until(lambda view: epochs(view) == [3])
    running.desk.told(KEY.node_id, 6, network.stated, 600_000)
    view = await running.until(lambda view: epochs(view) == [5, 4, 3])
    assert view.ok
    assert [(one.epoch, one.known) for one in network.asked] == [(3, 0), (4, 3), (5, 4)]
    await running.stop()


async def test_a_coordinator_that_makes_no_statements_is_not_asked(journal: Journal) -> None:
    """A frame that it does not know would end the connection."""
    network = Network(3)
    running = Running(network, journal)
    running.desk.told(KEY.node_id, 4, None, 600_000)
    assert not running.desk._stir.is_set(), "nothing wakes it"
    assert not await running.desk._try() and network.asked == [], "nor would it ask if something did"
    await running.stop()


async def test_in_the_first_epoch_there_is_nothing_to_ask_for(journal: Journal) -> None:
    network = Network(0)
    running = Running(network, journal)
    running.desk.told(KEY.node_id, 1, network.stated, 600_000)
    await running.tried()
    assert running.tries == [False] and network.asked == [], "nothing is due, so it is not tried again"
    await running.stop()


async def test_a_node_that_was_away_for_too_long_goes_on_from_the_newest(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PROOFS_KEPT", 3)
    network = Network(9)
    running = Running(network, journal)
    running.desk.told(KEY.node_id, 3, Stated(), 600_000)
    await running.until(lambda view: epochs(view) == [2])
    running.desk.told(KEY.node_id, 10, network.stated, 600_000)
    view = await running.until(lambda view: epochs(view) == [9, 2])
    assert view.ok, "the history proves what was between"
    await running.stop()


async def test_only_receipts_that_a_statement_may_still_count_wait(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PROOFS_KEPT", 3)
    # Of a former network, of an epoch that is skipped, and of the one that is open at the end.
    booked = ((OTHER, NOW + 5), (KEY, NOW + 4 * EPOCH_MS + 5), (KEY, NOW + 9 * EPOCH_MS + 5))
    for n, (key, at_ms) in enumerate(booked):
        await journal.money.put_receipt(receipt(n, at_ms=at_ms), NOW, "2025-11-22", "", key.node_id)
    network = Network(9)
    running = Running(network, journal)
    assert (await running.desk.view()).waiting == 0, "whose statements they wait for is not known yet"
    running.desk.told(KEY.node_id, 3, Stated(), 600_000)
    await running.until(lambda view: epochs(view) == [2] and view.waiting == 2)
    running.desk.told(KEY.node_id, 10, network.stated, 600_000)
    view = await running.until(lambda view: epochs(view) == [9, 2])
    assert view.ok and view.waiting == 1
    running.desk.told(OTHER.node_id, 3, None, 600_000)
    assert (await running.desk.view()).waiting == 0, "this network makes no statements"
    await running.stop()
    again = Running(network, journal)
    assert (await again.desk.view()).waiting == 1, "as the last network left it"
    await again.stop()


async def test_a_history_that_was_rewritten_in_the_meantime_is_found(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PROOFS_KEPT", 3)
    network = Network(9)
    running = Running(network, journal)
    running.desk.told(KEY.node_id, 3, Stated(), 600_000)
    await running.until(lambda view: epochs(view) == [2])
    network.change = lambda answer: replace(answer, follows=None)
    running.desk.told(KEY.node_id, 10, network.stated, 600_000)
    view = await running.until(lambda view: epochs(view) == [9, 2])
    assert [finding.name for finding in view.findings] == ["history"]
    await running.stop()


async def test_an_epoch_far_ahead_blinds_nobody_and_going_back_is_found(journal: Journal) -> None:
    network, ahead = Network(3), 10**9
    running = Running(network, journal)
    running.desk.told(KEY.node_id, 2, Stated(), 600_000)
    await running.until(lambda view: epochs(view) == [1])
    wild = world((), (network.told[0].statement,), (line(BOND, 7),), epoch=ahead).statement
    network.change = lambda answer: replace(answer, statement=wild)
    running.desk.told(KEY.node_id, ahead + 1, Stated(), 600_000)
    await running.until(lambda view: epochs(view) == [ahead, 1])
    network.change = lambda answer: answer
    for open_epoch in (3, 4):
        running.desk.told(KEY.node_id, open_epoch, network.stated, 600_000)
        expected = [ahead, *range(open_epoch - 1, 0, -1)]
        view = await running.until(lambda view, expected=expected: epochs(view) == expected)  # type: ignore[misc]
    assert {finding.epoch for finding in view.findings} == {ahead}
    assert sum("went back" in finding.sentence for finding in view.findings) == 1
    assert sum("went back" in note.text for note in running.board.state.notes) == 1, "once, not at each epoch"
    await running.stop()


SIGNED = "signed two different statements"


@pytest.mark.parametrize(
    ("show", "words", "kept"),
    [
        (lambda answer, other: replace(answer, statement=other), SIGNED, 2),
        (lambda answer, other: replace(answer, statement=replace(other, signature="")), "not show it", 2),
        (lambda answer, other: replace(answer, statement=replace(other, epoch=9)), "not show it", 1),
        (lambda answer, other: answer, "not show it", 1),
        (lambda answer, other: None, "not show it", 1),
    ],
    ids=["signed", "not signed", "of another epoch", "the old one", "nothing"],
)
async def test_another_statement_than_was_kept_is_found(
    journal: Journal, show: Callable[..., StatementAnswer | None], words: str, kept: int
) -> None:
    network = Network(1)
    running = Running(network, journal)
    running.desk.told(KEY.node_id, 2, network.stated, 600_000)
    await running.tried()
    other = world((), (), (line(BOND, 0, 7),), closed_ms=NOW + 9).statement
    running.now_ms -= 1  # a clock that is set back makes it no older
    network.change = lambda answer: show(answer, other)
    for _ in range(2):
        running.desk.told(KEY.node_id, 2, Stated(1, statement_digest(other)), 600_000)
        await running.tried()
    (finding,) = (await running.desk.view()).findings
    assert (finding.name, finding.epoch) == ("two_statements", 1) and words in finding.sentence
    assert sum(words in note.text for note in running.board.state.notes) == 1
    assert len(await journal.statements.of_epoch(KEY.node_id, 1)) == kept
    await running.stop()


async def test_what_is_not_there_yet_is_asked_for_again_and_missed_after_a_while(journal: Journal) -> None:
    network = Network(1)
    network.change = lambda answer: None
    running = Running(network, journal)
    running.desk.told(KEY.node_id, 2, network.stated, 600_000)
    async with asyncio.timeout(10):
        while len(network.asked) < 3:
            await asyncio.sleep(0.01)
    assert (await running.desk.view()).ok
    running.now_ms += module.OVERDUE_MS
    view = await running.until(lambda view: not view.ok)
    assert [(f.name, f.epoch) for f in view.findings] == [("statement_missing", 1)]
    network.change = lambda answer: answer
    view = await running.until(lambda view: view.ok)
    assert epochs(view) == [1]
    await running.stop()


@pytest.mark.parametrize(
    "change",
    [
        lambda answer: replace(answer, epoch=answer.epoch + 1),
        lambda answer: replace(answer, statement=replace(answer.statement, epoch=77)),
        lambda answer: replace(answer, statement=replace(answer.statement, history="\x1b" * 9_999)),
        lambda answer: replace(answer, receipts_total=1 << 60),
    ],
    ids=["another epoch", "statement of another", "noise", "receipts without end"],
)
async def test_a_hostile_answer_neither_stops_the_node_nor_counts(
    journal: Journal, change: Callable[[StatementAnswer], StatementAnswer], monkeypatch: pytest.MonkeyPatch
) -> None:
    from console.agent.statements import fetch

    monkeypatch.setattr(fetch, "ANSWER_S", 0.02)
    network = Network(1)
    network.change = change
    running = Running(network, journal)
    running.desk.told(KEY.node_id, 2, network.stated, 600_000)
    async with asyncio.timeout(10):
        while len(network.asked) < 2:
            await asyncio.sleep(0.01)
    assert len(network.asked) < PAGES_LIMIT
    network.change = lambda answer: answer
    await running.until(lambda view: epochs(view) == [1])
    await running.stop()


async def test_a_journal_that_cannot_be_written_is_told_and_tried_again(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = Network(1)
    running = Running(network, journal)
    put = journal.statements.put

    async def full(*_: Any) -> bool:
        raise JournalError("The disk is full.")

    monkeypatch.setattr(journal.statements, "put", full)
    running.desk.told(KEY.node_id, 2, network.stated, 600_000)
    async with asyncio.timeout(10):
        while not any("disk is full" in note.text for note in running.board.state.notes):
            await asyncio.sleep(0.01)
    monkeypatch.setattr(journal.statements, "put", put)
    await running.until(lambda view: epochs(view) == [1])
    await running.stop()


@pytest.mark.parametrize(("epoch_s", "spread_s"), [(600, 15), (60, 1.5), (86_400, 15), (-5, 0)])
async def test_nodes_do_not_all_ask_at_once(
    journal: Journal, monkeypatch: pytest.MonkeyPatch, epoch_s: int, spread_s: float
) -> None:
    waited: list[float] = []
    sleep = asyncio.sleep

    async def noted(seconds: float) -> None:
        waited.append(seconds)
        await sleep(0)

    network = Network(1)
    running = Running(network, journal, jitter=0.5)
    monkeypatch.setattr(module.asyncio, "sleep", noted)
    running.desk.told(KEY.node_id, 2, network.stated, epoch_s)
    async with asyncio.timeout(10):
        while not network.asked:
            await sleep(0.01)
    assert waited == [spread_s / 2]
    await running.stop()


async def test_what_is_shown_is_read_again_only_when_something_came(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, reads = Network(2), 0
    running = Running(network, journal)
    latest = journal.statements.latest

    async def counted(*args: Any) -> Any:
        nonlocal reads
        reads += 1
        return await latest(*args)

    monkeypatch.setattr(journal.statements, "latest", counted)
    verdict = VerdictArrived(VerdictView(job(1), 1, NOW, "accepted", "replay", 64, 0, -1, ""))
    for event in (MoneyChanged(MoneyView(total_accepted=1)), verdict, None):
        before = await running.desk.view()
        reads = 0
        assert await running.desk.view() is not None and reads == 0
        if event is not None:
            running.board.apply(event)
            assert await running.desk.view() == before and reads == 1
    running.desk.told(KEY.node_id, 3, network.stated, 600_000)
    assert epochs(await running.until(lambda view: view.statements)) == [2], "a statement came"
    reads = 0
    await running.desk.answer(Command("1", "statements"))
    assert reads == 1, "a command tells of more"
    await running.stop()


async def test_news_that_come_while_it_is_read_are_not_missed(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = Running(Network(1), journal)
    running.desk.told(KEY.node_id, 1, Stated(), 600_000)
    waiting = journal.stated.waiting

    async def paid_meanwhile(*args: Any) -> Any:
        found = await waiting(*args)
        await journal.money.put_receipt(receipt(1), NOW, "2025-11-22", "", KEY.node_id)
        running.board.apply(MoneyChanged(MoneyView(total_accepted=1)))
        return found

    monkeypatch.setattr(journal.stated, "waiting", paid_meanwhile)
    assert (await running.desk.view()).waiting == 0
    monkeypatch.setattr(journal.stated, "waiting", waiting)
    assert (await running.desk.view()).waiting == 1
    await running.stop()


async def test_the_command_tells_of_one_epoch_or_of_all(journal: Journal) -> None:
    network = Network(2)
    running = Running(network, journal)
    running.desk.told(KEY.node_id, 3, network.stated, 600_000)
    await running.until(lambda view: epochs(view) == [2])
    assert (await running.desk.answer(Command("1", "statements"))).ok
    assert (await running.desk.answer(Command("1", "statements", {"epoch": 2}))).ok
    for wrong in (1, 0, -1, 1 << 60, "x"):
        assert not (await running.desk.answer(Command("1", "statements", {"epoch": wrong}))).ok
    await running.stop()
