"""A coordinator that is killed or restarted, and what its files and logs hold."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import secrets
import signal
import socket
import sqlite3
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import msgspec
import pytest
from coordinator_harness import (
    AUTH,
    CONFIG,
    LIMITS,
    MODEL,
    FakeNode,
    Receipt,
    ResultAnswered,
    Verdict,
    running,
)

from console.coordinator.audits.evidence import opened
from console.coordinator.dispatch import judging
from console.coordinator.jobs.live import Ask, Trouble
from console.coordinator.reports.report import report
from console.coordinator.sealing import SealError
from console.coordinator.store.schema import DATABASE
from console.fairness import EpochSeeds
from console.protocol.keys import SigningKey
from console.protocol.messages import Ack, Refused, Welcome
from console.protocol.types import Assignment

HERE = Path(__file__).parent


async def start(home: Path, port: int) -> asyncio.subprocess.Process:
    path = os.pathsep.join([str(HERE), str(HERE.parent), str(HERE.parent.parent)])
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(HERE / "coordinator_process.py"), str(home), str(port),
        env=os.environ | {"PYTHONPATH": path},
    )  # fmt: skip
    async with (
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http,
        asyncio.timeout(30),
    ):
        while process.returncode is None:
            try:
                if (await http.get("/healthz")).is_success:
                    return process
            except httpx.HTTPError:
                await asyncio.sleep(0.05)
    raise AssertionError("the coordinator did not start")


@pytest.mark.e2e
async def test_kill_in_mid_job_refunds_and_the_ledger_sums_to_zero(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = await start(tmp_path, port)
    node = FakeNode(SimpleNamespace(address=f"ws://127.0.0.1:{port}/net/v1/ws"), "reef", manual=True)  # type: ignore[arg-type]
    assert isinstance(await node.connect(), Welcome)
    body = {"model": MODEL, "messages": [{"role": "user", "content": "ahoy"}], "max_tokens": 8}

    async def chat() -> httpx.Response:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30
        ) as http:
            while True:
                answer = await http.post("/v1/chat/completions", json=body, headers=AUTH)
                if answer.status_code != 503:
                    return answer

    request = asyncio.create_task(chat())
    given = await node.wait(Assignment)
    await node.send(Ack(given.job, given.attempt, given.fence))
    result = await node.generate(given)
    assert result is not None
    process.send_signal(signal.SIGKILL)
    await process.wait()
    with pytest.raises(httpx.HTTPError):
        await request
    await node.drop()
    process = await start(tmp_path, port)
    try:
        assert isinstance(await node.connect(), Welcome)
        await node.send(result)
        assert (await node.wait(ResultAnswered)).status == "stale"
        found = report(tmp_path / DATABASE)
        assert (found.jobs.received, found.jobs.failed, found.jobs.open) == (1, 1, 0)
        assert (found.ledger.sum, found.ledger.held, found.ledger.paid, found.ledger.penalised) == (
            0,
            0,
            0,
            0,
        )
        node.manual = False
        assert (await chat()).status_code == 200
        assert (await node.wait(Receipt)).reward > 0
    finally:
        await node.drop()
        process.kill()
        await process.wait()


async def test_a_restart_keeps_identity_money_and_history_and_reveals_the_old_seeds(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        node = await run.node()
        assert (await run.chat()).status_code == 200
        first = await node.wait(Receipt)
        coordinator = node.coordinator
    async with running(tmp_path) as run:
        again = FakeNode(run, "reef", key=node.key)
        run.nodes.append(again)
        welcome = await again.connect()
        assert isinstance(welcome, Welcome)
        assert again.coordinator == coordinator
        assert (welcome.epoch, welcome.accepted) == (2, 1)
        assert welcome.balances.available == first.balances.pending
        await again.wait(Verdict)
        assert run.report().ledger.sum == 0
    epochs = rows(tmp_path, "SELECT root, secret FROM epochs ORDER BY epoch")
    assert [EpochSeeds(bytes.fromhex(secret)).root for _, secret in epochs] == [root for root, _ in epochs]


async def test_what_stops_with_the_coordinator_is_refunded_at_once(tmp_path: Path) -> None:
    patient = msgspec.structs.replace(CONFIG, limits=msgspec.structs.replace(LIMITS, grace_s=60))
    async with running(tmp_path, patient) as run:
        node = await run.node(manual=True)
        request = asyncio.create_task(run.chat())
        await node.wait(Assignment)
        assert run.report().ledger.held > 0
    response = await request
    assert (response.status_code, response.json()["error"]["code"]) == (503, "coordinator_stopping")
    found = run.report()
    assert (found.jobs.failed, found.ledger.held, found.ledger.sum) == (1, 0, 0)
    assert rows(tmp_path, "SELECT fault, code FROM jobs") == [("coordinator", "coordinator_restarted")]


async def test_a_request_that_is_taken_on_as_the_coordinator_stops_does_not_run_on(tmp_path: Path) -> None:
    """Found by the simulation: its task went on, and asked a closed database for ever."""
    async with running(tmp_path) as run:
        await run.node()
        dispatch = run.coordinator.dispatch
        taking = asyncio.create_task(
            dispatch.submit(Ask("practice", (1, 2), 0, 4, (), False), lambda _, __: None)
        )
        await asyncio.sleep(0)
        await dispatch.stop()
        live = await taking
        told = await asyncio.wait_for(live.told.get(), 10)
        assert isinstance(told, Trouble)
        assert told.code == "coordinator_stopping"
        assert await dispatch.recover() == 1
        assert rows(tmp_path, "SELECT state, attempt FROM jobs") == [("FAILED", 0)]


async def test_an_answer_that_is_paid_as_the_coordinator_stops_reaches_its_client(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found by the simulation: the client was told that nothing is charged, and then it was."""
    async with running(tmp_path) as run:
        await run.node()
        books, settling, gate = judging.accept, asyncio.Event(), threading.Event()
        loop = asyncio.get_running_loop()

        def slow(*words: Any) -> Any:
            loop.call_soon_threadsafe(settling.set)
            gate.wait(10)
            return books(*words)

        monkeypatch.setattr(judging, "accept", slow)
        request = asyncio.create_task(run.chat())
        await asyncio.wait_for(settling.wait(), 20)
        stopping = asyncio.create_task(run.coordinator.dispatch.stop())
        await asyncio.sleep(0)
        gate.set()
        await stopping
        answer = await request
        assert run.report().jobs.accepted == 1
        assert (answer.status_code, answer.json()["usage"]["completion_tokens"] > 0) == (200, True)


async def test_neither_prompt_nor_answer_nor_token_ids_reach_disk_or_logs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    canary = f"prompt-{secrets.token_hex(8)}"
    async with running(tmp_path) as run:
        node = await run.node()
        node.engine.end_bias = run.engine.end_bias = run.second.engine.end_bias = -50
        answers = [(await run.chat(canary, max_tokens=24)).json()["choices"][0]["message"]["content"]]
        node.engine.weights = "cheaper"
        assert (await run.chat(canary, max_tokens=24)).status_code == 502
        hostile = await run.node("hostile")
        await hostile.send_raw(json.dumps({"session": canary, "counter": canary}))
        await hostile.wait(Refused)
        results = [r for n in run.nodes for r in n.results.values()]
        sealed = rows(tmp_path, "SELECT id, sealed FROM evidence")
    logged = "\n".join(
        f"{r.name} {r.getMessage()} {r.args}" for r in caplog.records if r.name.startswith("console")
    )
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert len(results) == 2 and len(answers[0]) > 20
    for secret in [canary, answers[0]]:
        assert secret.encode() not in stored
        assert secret not in logged
    for result in results:
        for data in traces(result.token_ids):
            assert data not in stored
    coordinator = SigningKey((tmp_path / "coordinator.key").read_bytes())
    for party in (coordinator, node.key):
        kept = {opened(party, evidence, blob).result.token_ids for evidence, blob in sealed}
        assert kept == {r.token_ids for r in results}
    for stranger in (hostile.key, SigningKey(b"s" * 32)):
        with pytest.raises(SealError):
            opened(stranger, *sealed[0])


def traces(ids: tuple[int, ...]) -> list[bytes]:
    few = ids[:6]
    return [
        json.dumps(few)[1:-1].encode(),
        json.dumps(few, separators=(",", ":"))[1:-1].encode(),
        b"".join(i.to_bytes(4, "little") for i in few),
        b"".join(i.to_bytes(4, "big") for i in few),
    ]


async def test_a_database_of_another_identity_is_refused(tmp_path: Path) -> None:
    from coordinator_harness import GROUP, ScriptedEngine

    from console.coordinator.building import build
    from console.coordinator.clock import SystemClock
    from console.coordinator.settings import Served

    async with running(tmp_path):
        pass
    (tmp_path / "coordinator.key").write_bytes(secrets.token_bytes(32))
    served = Served(MODEL, GROUP)
    app = build(tmp_path, CONFIG, served, ScriptedEngine(), SystemClock(), secrets.token_bytes, None)
    with pytest.raises(SealError):
        await app.state.coordinator.start()
    app.state.coordinator.parts.store.close()
    (tmp_path / "coordinator.key").write_bytes(b"short")
    with pytest.raises(ValueError, match="damaged"):
        build(tmp_path, CONFIG, served, ScriptedEngine(), SystemClock(), secrets.token_bytes, None)


def rows(home: Path, query: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(home / DATABASE)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()
