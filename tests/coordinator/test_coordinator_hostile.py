"""Nodes and clients that mean ill, lines that break, a database that stumbles: who pays, and what is kept."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import sqlite3
from pathlib import Path
from typing import Any

import msgspec
import pytest
from coordinator_harness import (
    AUTH,
    CONFIG,
    LIMITS,
    POLICY,
    FakeNode,
    Receipt,
    ResultAnswered,
    Running,
    Verdict,
    running,
    until,
)
from doubles.engine_double import ScriptedEngine

from console.coordinator.audits.reference import Reference
from console.coordinator.clock import SystemClock
from console.coordinator.dispatch import judging
from console.coordinator.draws import epochs
from console.coordinator.nodes.sessions import Session
from console.coordinator.reports.report import report
from console.coordinator.settings import ClientKey, Practice
from console.coordinator.store import StoreError
from console.coordinator.store.sqlite import SqliteStore
from console.engine.port import Health
from console.network.port import LinkError
from console.protocol.ids import JobId, NodeId, SessionId
from console.protocol.keys import SigningKey
from console.protocol.messages import Ack, Chunk, EpochOpened, Heartbeat, Opening, OpenRequest
from console.protocol.types import Assignment, Balances, Result


async def given_to(run: Running, node: FakeNode, **fields: Any) -> tuple[asyncio.Task[Any], Assignment]:
    """A request, and its assignment at a manual node, acknowledged."""
    request = asyncio.create_task(run.chat(**fields))
    given = await node.wait(Assignment, len(node.got(Assignment)) + 1)
    await node.send(Ack(given.job, given.attempt, given.fence))
    return request, given


def failing(works: Any, named: str, times: int) -> Any:
    """A `transact` that fails so often for the units of one function."""
    left = times

    async def transact(work: Any) -> Any:
        nonlocal left
        if named in getattr(work, "__qualname__", "") and left:
            left -= 1
            raise StoreError("The disk is full.")
        return await works(work)

    return transact


@pytest.mark.parametrize("stream", [False, True])
async def test_chunks_lost_with_a_line_are_no_fault_of_the_node(run: Running, stream: bool) -> None:
    node = await run.node(manual=True)
    node.engine.end_bias = run.engine.end_bias = -50
    request, given = await given_to(run, node, stream=stream)
    result = await node.generate(given, chunks=False)
    assert result is not None and len(result.token_ids) >= 6
    ids, job = result.token_ids, (given.job, given.attempt, given.fence)
    await node.send(Chunk(*job, 0, ids[:2]))
    await node.drop()
    await until(lambda: run.coordinator.registry.session(node.key.node_id) is None)
    await node.connect()
    await node.send(Chunk(*job, 4, ids[4:6]))
    await node.send(result)
    assert (await node.wait(ResultAnswered)).status == "taken"
    await node.wait(OpenRequest)
    await node.send(Opening(given.job, given.attempt, node.blobs[given.job]))
    assert (await request).status_code == 200
    assert (await node.wait(Verdict)).outcome == "accepted"
    assert (await run.settled(1)).jobs.accepted == 1


async def test_an_epoch_that_could_not_pay_out_is_open_all_the_same(
    run: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its predecessor's seeds are revealed: not one more draw may come from them."""
    node = await run.node()
    assert (await run.chat()).status_code == 200
    await node.wait(Receipt)

    def fails(*_: object) -> None:
        raise StoreError("The disk is full.")

    with monkeypatch.context() as patched:
        patched.setattr(epochs, "_release", fails)
        with pytest.raises(StoreError):
            await run.coordinator.epochs.open_next()
    assert run.coordinator.epochs.number == 2
    assert (await run.chat()).status_code == 200
    await node.wait(Receipt, 2)
    await run.coordinator.epochs.open_next()
    opened = await node.wait(EpochOpened, epoch=3)
    assert opened.balances.pending == 0 < opened.balances.available


async def test_a_node_that_could_not_be_told_of_an_epoch_signs_in_again(
    run: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = await run.node()
    store = run.coordinator.parts.store
    with monkeypatch.context() as patched:
        patched.setattr(store, "transact", failing(store.transact, "announce.", 1))
        with pytest.raises(StoreError):
            await run.coordinator.epochs.open_next()
    assert run.coordinator.registry.roster(0) == ()
    await node.drop()
    await node.connect()
    assert 2 in node.seeds_roots
    await until(lambda: run.coordinator.registry.roster(0))
    assert (await run.chat()).status_code == 200


async def test_a_node_cannot_fill_the_memory_while_its_answer_is_audited(run: Running) -> None:
    node = await run.node(manual=True)
    request, given = await given_to(run, node)
    result = await node.generate(given)
    assert result is not None
    await node.send(result)
    await node.wait(OpenRequest)
    held, judge = asyncio.Event(), run.coordinator.reference.score

    async def slow(*args: Any) -> bytes:
        await held.wait()
        return await judge(*args)

    run.coordinator.reference.score = slow  # type: ignore[method-assign]
    live = run.coordinator.dispatch._live[given.job]
    for _ in range(50):
        await node.send(Opening(given.job, given.attempt, node.blobs[given.job]))
        await node.send(Chunk(given.job, given.attempt, given.fence, 0, (1,)))
    await node.send(Heartbeat(True, "earning", 0, 77))
    await until(lambda: [m for m in node.seen if getattr(m, "echo_ms", 0) == 77])
    assert live.inbox.qsize() == 0
    held.set()
    assert (await request).status_code == 200
    await node.wait(Verdict)


async def test_what_a_node_says_of_a_job_faster_than_it_is_read_ends_its_line(
    run: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = await run.node(manual=True)
    request, given = await given_to(run, node)
    store, held = run.coordinator.parts.store, asyncio.Event()
    works = store.transact

    async def stuck(work: Any) -> Any:
        await held.wait()
        return await works(work)

    live = run.coordinator.dispatch._live[given.job]
    await until(lambda: live.job.state == "ACKED")
    monkeypatch.setattr(store, "transact", stuck)
    await node.send(Chunk(given.job, given.attempt, given.fence, 0, (1,)))
    await until(lambda: live.received == [1])
    try:
        with pytest.raises(LinkError):
            for _ in range(5000):
                await node.send(Ack(given.job, given.attempt, given.fence))
                await asyncio.sleep(0)
        assert live.inbox.qsize() < 1000
    finally:
        held.set()
    monkeypatch.undo()
    await run.node("other")
    assert (await request).status_code in (200, 502)


async def test_a_database_that_stumbles_after_a_result_costs_the_node_nothing(
    run: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = await run.node(manual=True)
    request, given = await given_to(run, node)
    result = await node.generate(given)
    assert result is not None
    store = run.coordinator.parts.store
    works, done = store.transact, 0

    async def stumbling(work: Any) -> Any:
        nonlocal done
        live = run.coordinator.dispatch._live.get(given.job)
        if "settle" in work.__qualname__ and done < 2 and live is not None and live.result is not None:
            done += 1
            raise StoreError("The disk is full.")
        return await works(work)

    monkeypatch.setattr(judging, "AGAIN_S", 0.01)
    monkeypatch.setattr(store, "transact", stumbling)
    await node.send(result)
    await node.wait(OpenRequest)
    await node.send(Opening(given.job, given.attempt, node.blobs[given.job]))
    assert (await request).status_code == 200
    assert done == 2
    assert (await run.settled(1)).jobs.accepted == 1


async def test_who_vanishes_from_an_audit_is_on_probation_again(tmp_path: Path) -> None:
    config = msgspec.structs.replace(
        CONFIG,
        limits=msgspec.structs.replace(LIMITS, reconnect_s=0.2),
        policy=msgspec.structs.replace(POLICY, probation_answers=1, audit_ppm=1, saving_ppm=0),
    )
    async with running(tmp_path, config) as run:
        node = await run.node()
        node.opens = False
        request = asyncio.create_task(run.chat())
        asked = await node.wait(OpenRequest)
        await node.send(Opening(asked.job, asked.attempt, node.blobs[asked.job]))
        assert (await request).status_code == 200
        # Proven now. The audit draw is made certain to fall on the next answer.
        secrets_of = run.coordinator.parts.secrets
        usual = type(secrets_of).audited
        type(secrets_of).audited = lambda *_: True  # type: ignore[method-assign]
        try:
            request = asyncio.create_task(run.chat())
            await node.wait(OpenRequest, 2)
        finally:
            type(secrets_of).audited = usual  # type: ignore[method-assign]
        await node.drop()
        assert (await request).status_code == 502
        await run.settled(2)
        await node.connect()
        node.opens = True
        await until(lambda: run.coordinator.registry.roster(0))
        response = await run.chat()
        assert response.status_code == 200
        verdict = await node.wait(Verdict, job=response.headers["x-quarterdeck-job"])
        assert verdict.mode == "recompute_exact"


async def test_a_key_that_was_taken_out_of_the_settings_opens_nothing(tmp_path: Path) -> None:
    key = ClientKey(hashlib.sha256(b"any key").hexdigest(), deposit=1_000_000)
    closed = msgspec.structs.replace(CONFIG, practice=Practice())
    async with running(tmp_path, msgspec.structs.replace(closed, clients={"leaky": key})) as run:
        await run.node()
        assert (await run.chat()).status_code == 200
        await run.settled(1)
    async with running(tmp_path, closed) as run:
        await run.node()
        assert (await run.chat()).status_code == 401


async def test_the_reference_is_watched_whatever_its_client_raises() -> None:
    class Odd(ScriptedEngine):
        asked = 0

        async def health(self) -> Health:
            self.asked += 1
            if self.asked == 1:
                raise RuntimeError("of a kind that nobody thought of")
            return await super().health()

    reference = Reference(Odd(), "aa" * 32)
    watching = asyncio.create_task(reference.watch())
    try:
        assert await reference.wait_ready(5)
    finally:
        watching.cancel()


async def test_what_is_kept_of_a_node_is_bounded(run: Running) -> None:
    node = FakeNode(run, "big")
    run.nodes.append(node)
    node.offer = msgspec.structs.replace(node.offer, name="x" * 100_000)
    await node.connect()
    await node.send(Heartbeat(False, "y" * 100_000, 0, 5))
    await until(lambda: [m for m in node.seen if getattr(m, "echo_ms", 0) == 5])
    session = run.coordinator.registry.session(node.key.node_id)
    assert session is not None and session.offer is not None
    assert len(session.offer.name) <= 64
    assert len(session.reason) <= 64


async def test_a_client_that_leaves_in_mid_body_leaves_no_traceback(
    run: Running, caplog: pytest.LogCaptureFixture
) -> None:
    port = int(run.url.rpartition(":")[2])
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            head = (
                f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: {AUTH['authorization']}\r\n"
            )
            writer.write(head.encode() + b"content-length: 5000\r\n\r\n{")
            await writer.drain()
            writer.close()
        await run.node()
        assert (await run.chat()).status_code == 200
        assert not [r for r in caplog.records if r.exc_info or r.levelno >= logging.ERROR]


async def test_a_message_counts_as_handed_over_once_it_is_written() -> None:
    session = Session(SessionId("s"), NodeId("n"), "reef", None, SystemClock())
    key, free, written = SigningKey(b"k" * 32), asyncio.Event(), []

    async def write(text: str) -> None:
        await free.wait()
        written.append(text)

    pump = asyncio.create_task(session.pump(key, write))
    assert session.send(EpochOpened(1, "", Balances()), outbox_row=7)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert session.handed == []
    free.set()
    session.close()
    await pump
    assert [(one.row, one.counter) for one in session.handed] == [(7, 0)]
    assert len(written) == 1


async def test_a_damaged_database_is_a_store_error_and_the_writer_lives_on(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "c.sqlite")

    def damaged(_: object) -> None:
        raise sqlite3.DatabaseError("database disk image is malformed")

    def worse(_: object) -> None:
        store._connection.execute("ROLLBACK")

    try:
        with pytest.raises(StoreError, match="malformed"):
            await store.transact(damaged)
        with pytest.raises(StoreError):
            await store.transact(worse)
        assert await asyncio.wait_for(store.transact(lambda unit: unit.last_epoch()), 5) == 0
    finally:
        store.close()


async def test_late_results_are_looked_up_one_after_the_other(
    run: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = await run.node(manual=True)
    store, held, waiting = run.coordinator.parts.store, asyncio.Event(), 0
    works = store.transact

    async def slow(work: Any) -> Any:
        nonlocal waiting
        if "_late" in work.__qualname__:
            waiting += 1
            await held.wait()
        return await works(work)

    monkeypatch.setattr(store, "transact", slow)
    template = Result(
        JobId("ab" * 16), 1, 1, node.key.node_id, run.coordinator.parts.served.group, "", (1,),
        "stop", "", "", 1, 1, "",
    )  # fmt: skip
    for _ in range(20):
        await node.send(template)
    await until(lambda: waiting)
    await asyncio.sleep(0.1)
    assert waiting == 1
    held.set()
    await node.wait(ResultAnswered, 20, status="unknown")
    assert report(run.home / "coordinator.sqlite").jobs.received == 0
