"""A client with a nonce of its own takes its time, and nobody else waits for it."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import msgspec
import pytest
from coordinator_harness import AUTH, CONFIG, DATABASE, LIMITS, MODEL, Running, running, until

from console.coordinator.gateway.nonces import COMMITMENT
from console.coordinator.jobs.live import Ask
from console.coordinator.store.reading import epochs, read_transcript
from console.fairness import nonce_commitment
from console.fairness.recount import recount
from console.protocol.ids import NodeId

PATIENT = msgspec.structs.replace(CONFIG, limits=msgspec.structs.replace(LIMITS, nonce_s=600))
NONCE = "07" * 16


@pytest.fixture
async def run(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path, PATIENT) as made:
        yield made


@contextlib.asynccontextmanager
async def ticketed(run: Running) -> AsyncIterator[tuple[httpx.AsyncClient, httpx.Response]]:
    """A stream that has come to its ticket, and was not told the nonce."""
    body = {
        "model": MODEL,
        "messages": [{"role": "user", "content": "ahoy"}],
        "max_tokens": 8,
        "stream": True,
    }
    headers = AUTH | {COMMITMENT: nonce_commitment(NONCE)}
    async with (
        httpx.AsyncClient(base_url=run.url, timeout=20, trust_env=False) as http,
        http.stream("POST", "/v1/chat/completions", json=body, headers=headers) as live,
    ):
        await until(lambda: drawn(run) == [""])
        yield http, live


def drawn(run: Running) -> list[str]:
    """Whom the tickets fell on; nothing for a vacant one."""
    with sqlite3.connect(run.home / DATABASE) as db:
        return [node for (node,) in db.execute("SELECT node FROM tickets ORDER BY epoch, k")]


def findings(run: Running) -> list[str]:
    with sqlite3.connect(run.home / DATABASE) as db:
        key = NodeId(run.coordinator.parts.key.node_id)
        read = [read_transcript(db, key, epoch) for epoch in epochs(db)]
    return [one.code for one in recount(found for found in read if found is not None).findings]


async def test_no_change_of_epoch_and_no_draw_waits_for_a_nonce(run: Running) -> None:
    node = await run.node()
    async with ticketed(run) as (http, live):
        await asyncio.wait_for(run.coordinator.epochs.open_next(), 10)
        assert (await run.chat()).status_code == 200
        assert drawn(run) == ["", node.key.node_id]
        at = f"/net/v1/jobs/{live.headers['x-quarterdeck-job']}/nonce"
        assert (await http.post(at, json={"nonce": NONCE})).json() == {"taken": True}
        told = "".join([line async for line in live.aiter_lines()])
    assert '"code":"nonce_withheld"' in told
    assert "epoch ended" in told
    found = await run.settled(2)
    assert (found.jobs.failed, found.jobs.accepted) == (1, 1)
    await run.coordinator.epochs.open_next()
    assert drawn(run) == ["", node.key.node_id], "what an epoch was signed with stands"
    assert findings(run) == []


async def test_a_client_that_leaves_is_not_waited_for(run: Running) -> None:
    await run.node()
    async with ticketed(run):
        pass
    found = await run.settled(1)
    assert (found.jobs.failed, found.ledger.paid) == (1, 0)
    await run.coordinator.epochs.open_next()
    assert drawn(run) == [""]
    assert findings(run) == [], "it is on record whose fault it was"


@pytest.mark.parametrize("commitment", ["", nonce_commitment(NONCE)])
async def test_a_client_that_left_before_its_ticket_pays_no_fee_and_nobody_is_drawn_for_it(
    run: Running, commitment: str
) -> None:
    await run.node()
    epochs, dispatch = run.coordinator.epochs, run.coordinator.dispatch
    async with epochs.turns.change():
        ask = Ask("practice", (1, 2, 3), 0, 8, (), streaming=True, commitment=commitment)
        live = await dispatch.submit(ask, lambda unit, job: None)
        await asyncio.sleep(0.05)  # its job waits for the turn
        dispatch.cancel(live)
    found = await run.settled(1)
    assert (found.jobs.cancelled, found.jobs.failed) == (1, 0)
    assert live.job.price == 0
    assert drawn(run) == []
