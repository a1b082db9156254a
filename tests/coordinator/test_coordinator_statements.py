"""Epochs are stated: in one transaction, chained, made good after a crash, and proved to whoever asks."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from coordinator_harness import AUTH, CONFIG, Presence, Receipt, Running, running, until

from console.coordinator.store import StoreError
from console.ledger.stated_accounts import accounts_of_node, stated_client
from console.ledger.statements import (
    account_findings,
    chain_findings,
    history_findings,
    receipt_findings,
    statement_findings,
)
from console.protocol.frames import receipt_bytes
from console.protocol.messages import EpochOpened, Refused, StatementAnswer, StatementRequest, Welcome
from console.protocol.statements import (
    AccountInclusion,
    ReceiptInclusion,
    Stated,
    Statement,
    receipt_leaf,
    statement_digest,
)


async def get(run: Running, path: str, **options: Any) -> httpx.Response:
    async with httpx.AsyncClient(base_url=run.url, trust_env=False) as http:
        return await http.get(f"/net/v1{path}", **options)


async def statement(run: Running, epoch: int | str) -> Statement:
    answer = await get(run, f"/epochs/{epoch}/statement")
    assert answer.status_code == 200, answer.text
    return msgspec.json.decode(answer.content, type=Statement)


async def worked(run: Running, jobs: int = 2) -> Any:
    """A node that has answered so many requests and got its receipts."""
    node = run.nodes[-1] if run.nodes else await run.node()
    had = len(node.got(Receipt))
    for _ in range(jobs):
        assert (await run.chat()).status_code == 200
    await node.wait(Receipt, had + jobs)
    return node


async def test_an_epoch_is_stated_and_what_is_the_nodes_is_proved_to_it(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        node = await worked(run)
        key = run.coordinator.parts.key.node_id
        await run.coordinator.epochs.open_next()
        await worked(run, 1)
        await run.coordinator.epochs.open_next()
        for epoch in (1, 2):
            await node.send(StatementRequest(epoch))
        first, second = [await node.wait(StatementAnswer, epoch=epoch) for epoch in (1, 2)]
        assert statement_findings(first.statement, key) == statement_findings(second.statement, key) == ()
        assert (
            chain_findings(first.statement, None) == chain_findings(second.statement, first.statement) == ()
        )
        assert first.statement == await statement(run, 1)
        assert second.statement == await statement(run, "last")
        assert first.statement.deposited == CONFIG.practice.client_deposit == first.statement.sums.closing
        for answer, jobs in ((first, 2), (second, 1)):
            assert len(answer.accounts) == 3 and answer.proved and answer.follows is None
            for inclusion in answer.accounts:
                assert account_findings(answer.statement, inclusion) == ()
            assert len(answer.receipts) == answer.receipts_total == answer.statement.receipts == jobs
            for inclusion in answer.receipts:
                assert receipt_findings(answer.statement, inclusion) == ()
                (kept,) = node.got(Receipt, job=inclusion.job)
                assert inclusion.leaf == receipt_leaf(receipt_bytes(kept), kept.signature)
        earned = sum(receipt.reward for receipt in node.got(Receipt)[:2])
        lines = {i.line.account: i.line.sums for i in first.accounts}
        pending, available, bond = (lines[a] for a in accounts_of_node(node.key.node_id))
        assert pending.credits + bond.credits == earned
        assert pending.closing == 0 and available.closing == pending.debits == pending.credits
        again = {i.line.account: i.line.sums.opening for i in second.accounts}
        assert again == {account: sums.closing for account, sums in lines.items()}


async def test_nodes_are_told_what_the_newest_statement_is(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        node = await run.node()
        await run.coordinator.epochs.open_next()
        await run.coordinator.epochs.open_next()
        opened = await node.wait(EpochOpened, epoch=3)
        assert opened.stated == Stated(1, statement_digest(await statement(run, 1)))
        await node.drop()
        welcome = await node.connect()
        assert isinstance(welcome, Welcome)
        assert welcome.stated == Stated(2, statement_digest(await statement(run, 2)))
        await node.send(StatementRequest(3))
        assert (await node.wait(StatementAnswer)) == StatementAnswer(3, None)


async def test_a_coordinator_that_stops_states_its_last_epoch_and_goes_on_from_it(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        await worked(run)
    async with running(tmp_path) as run:
        first = await statement(run, 1)
        assert first.receipts == 2
        await worked(run, 1)
        await run.coordinator.epochs.open_next()
        second = await statement(run, 2)
        assert chain_findings(second, first) == ()
        assert (await get(run, "/epochs/3/statement")).status_code == 404


async def test_what_a_crash_left_unstated_is_made_good_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from console.coordinator.draws import epochs
    from console.coordinator.statements import books

    async with running(tmp_path) as run:
        await worked(run)

        def crash(*_: object) -> None:
            raise StoreError("The power is gone.")

        with monkeypatch.context() as patched:
            patched.setattr(books, "close_books", crash)
            with pytest.raises(StoreError):
                await run.coordinator.epochs.open_next()
            assert run.coordinator.books.newest == Stated()
            patched.setattr(epochs.Epochs, "close", lambda self: self._close_books(0))
            await run.coordinator.wind_up()
            run.coordinator.draws._epoch = None
    async with running(tmp_path) as run:
        first, second = await statement(run, 1), await statement(run, 2)
        key = run.coordinator.parts.key.node_id
        assert statement_findings(first, key) == statement_findings(second, key) == ()
        assert chain_findings(first, None) == chain_findings(second, first) == ()
        assert (first.receipts, second.receipts) == (2, 0)


async def test_a_payout_that_was_interrupted_is_finished_before_it_is_stated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from console.coordinator.draws import epochs

    async with running(tmp_path) as run:
        await worked(run)

        def crash(*_: object) -> None:
            raise StoreError("The power is gone.")

        with monkeypatch.context() as patched:
            patched.setattr(epochs, "_release", crash)
            await run.coordinator.wind_up()
    async with running(tmp_path) as run:
        assert (await statement(run, 1)).receipts == 2
        booked = await run.coordinator.parts.store.transact(lambda u: u.nodes_with_pending())
        assert booked == []


async def test_books_that_do_not_balance_are_not_stated_and_the_network_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(tmp_path) as run:
        await worked(run)

        def tamper(unit: Any) -> None:
            unit.database.execute(
                "UPDATE balances SET amount = amount + 5, credits = credits + 5 WHERE account = 'treasury'"
            )

        await run.coordinator.parts.store.transact(tamper)
        await run.coordinator.epochs.open_next()
        assert "cannot be closed" in caplog.text and "nowhere" in caplog.text
        assert (await get(run, "/epochs/1/statement")).status_code == 404
        await worked(run, 1)


async def test_anybody_may_have_an_account_proved_but_no_client_is_named(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        node = await worked(run)
        await run.coordinator.epochs.open_next()
        account = accounts_of_node(node.key.node_id)[1]
        answer = await get(run, f"/epochs/1/inclusion/{account}")
        told = answer.json()
        inclusion = msgspec.convert(told["inclusion"], AccountInclusion)
        assert account_findings(msgspec.convert(told["statement"], Statement), inclusion) == ()
        assert inclusion.line.sums.closing > 0
        assert (await get(run, "/epochs/1/inclusion/client:practice")).status_code == 404
        assert (await get(run, "/account")).status_code == 401
        mine = (await get(run, "/account", headers=AUTH)).json()
        assert mine["account"] == stated_client("practice", mine["nonce"])
        ours = (await get(run, f"/epochs/1/inclusion/{mine['account']}")).json()
        sums = msgspec.convert(ours["inclusion"], AccountInclusion).line.sums
        spent = sum(700 * (r.prompt_tokens + r.completion_tokens) for r in node.got(Receipt))
        assert sums.closing == CONFIG.practice.client_deposit - spent
        receipts = await get(run, f"/epochs/1/receipts/{node.key.node_id}")
        assert receipts.json()["total"] == 2
        for one in msgspec.convert(receipts.json()["receipts"], tuple[ReceiptInclusion, ...]):
            assert receipt_findings(msgspec.convert(told["statement"], Statement), one) == ()
        for page in (answer, receipts, await get(run, "/epochs/1/statement")):
            assert "practice" not in page.text


def code_of(answer: httpx.Response) -> tuple[int, str, str | None]:
    """Status, code and field of a refusal, whose shape is OpenAI's."""
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    return answer.status_code, error["code"], error["param"]


async def test_questions_that_make_no_sense_are_told_so(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        none, bad = (404, "statement_not_found", "epoch"), (400, "invalid_value", "epoch")
        for path, refusal in (
            ("/epochs/last/statement", none), ("/epochs/7/inclusion/treasury", none),
            ("/epochs/7/receipts/ab", none), ("/epochs/x/statement", bad), ("/epochs/-1/statement", bad),
            (f"/epochs/{10**19}/statement", bad),
        ):  # fmt: skip
            assert code_of(await get(run, path)) == refusal, path
        await run.coordinator.epochs.open_next()
        node = await run.node()
        nobody = await get(run, "/epochs/1/inclusion/nobody")
        assert code_of(nobody) == (404, "account_not_found", "account")
        late = await get(run, "/epochs/1/receipts/ab?start=x")
        assert code_of(late) == (400, "invalid_value", "start")
        assert (await get(run, "/epochs/1/receipts/ab?start=99")).json()["receipts"] == []
        for request in (
            StatementRequest(-5),
            StatementRequest(1 << 62),
            StatementRequest(1, -7, -9),
            StatementRequest(1, 9),
        ):
            await node.send(request)
        await until(lambda: len(node.got(StatementAnswer)) == 4)
        assert [m.statement is None for m in node.got(StatementAnswer)] == [True, True, False, False]


async def test_a_database_that_fails_is_told_without_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path) as run:
        await run.coordinator.epochs.open_next()

        async def full(*_: object) -> object:
            raise StoreError("The disk that holds /home/ann/coordinator.sqlite is full.")

        with monkeypatch.context() as patched:
            patched.setattr(run.coordinator.statements._public, "read", full)
            for path in ("statement", "inclusion/treasury", "receipts/ab"):
                refused = await get(run, f"/epochs/1/{path}")
                assert code_of(refused) == (503, "coordinator_failed", None)
                assert "/home" not in refused.text


async def test_statements_are_read_beside_the_writer_and_one_alone_by_its_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from console.coordinator.statements import proofs

    async with running(tmp_path) as run:
        node = await worked(run)
        await run.coordinator.epochs.open_next()
        asked = []
        works = run.coordinator.parts.store.transact

        async def noted(work: Any) -> Any:
            asked.append(work.__qualname__)
            return await works(work)

        def trees(*_: object) -> object:
            raise AssertionError("the whole epoch was read for its statement")

        await node.drop()
        with monkeypatch.context() as patched:
            patched.setattr(run.coordinator.parts.store, "transact", noted)
            with patched.context() as closed:
                closed.setattr(proofs, "read_stated", trees)
                assert await statement(run, 1) == await statement(run, "last")
            for path in ("inclusion/treasury", f"receipts/{node.key.node_id}"):
                assert (await get(run, f"/epochs/1/{path}")).status_code == 200
            assert (await run.coordinator.statements.answer("ab", StatementRequest(1))).statement is not None
        assert not [name for name in asked if "Proof" in name or "Statement" in name]


async def test_a_node_that_was_away_gets_the_proof_that_nothing_was_rewritten(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        node = await run.node()
        for _ in range(6):
            await run.coordinator.epochs.open_next()
        known = await statement(run, 2)
        await node.send(StatementRequest(6, known=2))
        answer = await node.wait(StatementAnswer)
        assert history_findings(answer.statement, known, answer.follows) == ()
        await node.send(StatementRequest(6, known=5))
        assert (await node.wait(StatementAnswer, 2)).follows is None


async def test_proofs_of_old_statements_are_let_go_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from console.coordinator.statements import books

    monkeypatch.setattr(books, "PROOFS_KEPT", 1)
    async with running(tmp_path) as run:
        node = await worked(run)
        for _ in range(3):
            await run.coordinator.epochs.open_next()
        await node.send(StatementRequest(1))
        answer = await node.wait(StatementAnswer)
        assert answer.statement is not None and not answer.proved and answer.accounts == ()
        gone = await get(run, "/epochs/1/inclusion/treasury")
        assert code_of(gone) == (410, "account_not_kept", "epoch")
        assert (await get(run, "/epochs/3/inclusion/treasury")).status_code == 200


async def test_a_nodes_many_receipts_come_in_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from console.coordinator.statements import proofs

    monkeypatch.setattr(proofs, "RECEIPTS_PAGE", 2)
    async with running(tmp_path) as run:
        node = await worked(run, 3)
        await run.coordinator.epochs.open_next()
        for start in (0, 2):
            await node.send(StatementRequest(1, start=start))
        await until(lambda: len(node.got(StatementAnswer)) == 2)
        pages = node.got(StatementAnswer)
        assert [len(page.receipts) for page in pages] == [2, 1]
        jobs = [one.job for page in pages for one in page.receipts]
        assert sorted(jobs) == sorted(r.job for r in node.got(Receipt))


async def test_a_node_that_waits_for_a_statement_is_heard_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path) as run:
        node = await run.node()
        await run.coordinator.epochs.open_next()
        answer, slow, at_once = run.coordinator.statements.answer, asyncio.Event(), []

        async def slowly(*asked: Any) -> StatementAnswer:
            at_once.append(asked)
            await slow.wait()
            at_once.pop()
            return await answer(*asked)

        monkeypatch.setattr(run.coordinator.statements, "answer", slowly)
        for _ in range(3):
            await node.send(StatementRequest(1))
        await until(lambda: at_once)
        await node.wait(Presence, len(node.got(Presence)) + 3)
        assert (await run.chat()).status_code == 200
        assert len(at_once) == 1, "one at a time"
        slow.set()
        await node.wait(StatementAnswer, 3, epoch=1)


async def test_a_node_that_goes_takes_its_questions_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path) as run:
        node = await run.node()
        await run.coordinator.epochs.open_next()
        ended = asyncio.Event()

        async def never(*_: Any) -> StatementAnswer:
            try:
                return await asyncio.Future()
            finally:
                ended.set()

        monkeypatch.setattr(run.coordinator.statements, "answer", never)
        await node.send(StatementRequest(1))
        await node.wait(Presence, len(node.got(Presence)) + 2)
        await node.drop()
        await asyncio.wait_for(ended.wait(), 10)


async def test_a_statement_that_cannot_be_read_ends_its_own_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path) as run:
        node, other = await run.node(), await run.node("other")

        async def fails(*_: Any) -> StatementAnswer:
            raise StoreError("The disk is gone.")

        monkeypatch.setattr(run.coordinator.statements, "answer", fails)
        await node.send(StatementRequest(1))
        refused = await node.wait(Refused)
        assert (refused.code, refused.sentence) == ("coordinator_failed", "The disk is gone.")
        await until(lambda: not node.connected)
        assert other.connected


async def test_no_node_waits_for_what_anybody_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from console.coordinator.statements import proofs

    build, reached, slow = proofs.Proofs, threading.Event(), threading.Event()

    def slowly(stated: Any) -> Any:
        if not reached.is_set():
            reached.set()
            slow.wait(20)
        return build(stated)

    async with running(tmp_path) as run:
        node = await run.node()
        await run.coordinator.epochs.open_next()
        monkeypatch.setattr(proofs, "Proofs", slowly)
        public = asyncio.create_task(get(run, "/epochs/1/inclusion/treasury"))
        try:
            await until(reached.is_set)
            await node.send(StatementRequest(1))
            assert (await node.wait(StatementAnswer)).statement is not None
            assert not public.done()
        finally:
            slow.set()
        await public
