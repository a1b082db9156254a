"""Limits on what an account and each of its keys may spend, and what counts as spent."""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
import time
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from coordinator_harness import CONFIG, MODEL, Running, Verdict, running, until

from console.coordinator.clock import DAY_MS, SystemClock
from console.coordinator.settings import ClientKey, CoordinatorConfig, NamedKey, Practice, Spending
from console.coordinator.store import StoreError
from console.coordinator.store.schema import DATABASE
from console.protocol.types import Assignment

RATE = 700
PROMPT = 6
"""Token ids of the request below, for the scripted engine."""
MOST = (PROMPT + 8) * RATE
"""What it can cost."""


def digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def config_of(**client: Any) -> CoordinatorConfig:
    known = ClientKey(digest("main"), deposit=100_000_000, **client)
    return msgspec.structs.replace(CONFIG, practice=Practice(), clients={"ann": known})


async def ask(run: Running, key: str = "main", **fields: Any) -> httpx.Response:
    body = {"model": MODEL, "messages": [{"role": "user", "content": "ahoy"}], "max_tokens": 8} | fields
    async with httpx.AsyncClient(base_url=run.url, timeout=30, trust_env=False) as client:
        return await client.post(
            "/v1/chat/completions", json=body, headers={"authorization": f"Bearer {key}"}
        )


def refused(response: httpx.Response) -> str:
    assert response.status_code == 429, response.text
    error = response.json()["error"]
    assert (error["code"], error["type"]) == ("spending_limit_reached", "insufficient_quota")
    assert response.headers["x-should-retry"] == "false"
    return str(error["message"])


async def worker(run: Running) -> Any:
    node = await run.node()
    node.engine.end_bias = run.engine.end_bias = -50  # every answer has all of its tokens
    return node


async def test_keys_are_known_by_the_settings_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that has other things to do keeps nobody from being told who he is."""
    config = config_of(keys={"laptop": NamedKey(digest("second").upper())})

    async def away(_: object) -> object:
        raise StoreError("The disk is full.")

    async with running(tmp_path, config) as run:
        with monkeypatch.context() as patched:
            patched.setattr(run.coordinator.parts.store, "transact", away)
            async with httpx.AsyncClient(base_url=run.url, trust_env=False) as http:
                for path in ("/v1/models", "/net/v1/account"):
                    for key, status in (("main", 200), ("second", 200), ("third", 401)):
                        answer = await http.get(path, headers={"authorization": f"Bearer {key}"})
                        assert answer.status_code == status, answer.text


async def test_what_is_held_counts_and_what_comes_back_is_free_again(tmp_path: Path) -> None:
    async with running(tmp_path, config_of(spending=Spending(total=2 * MOST))) as run:
        node = await run.node(manual=True)
        first = asyncio.create_task(ask(run))
        second = asyncio.create_task(ask(run))
        await node.wait(Assignment, 2)
        words = refused(await ask(run))
        assert f"may spend {2 * MOST} nano-credits" in words
        assert f"{2 * MOST} nano-credits" in words.split(";")[1]
        assert f"can cost {MOST} nano-credits" in words
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)
        await run.settled(2)
        node.manual = False
        assert (await ask(run)).status_code == 200
        found = await run.settled(3)
    assert (found.jobs.cancelled, found.jobs.accepted) == (2, 1)


async def test_a_limit_in_all_outlives_the_day_and_the_coordinator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = config_of(spending=Spending(total=2 * MOST + MOST // 2))
    async with running(tmp_path, config) as run:
        node = await worker(run)
        for _ in range(2):
            assert (await ask(run)).status_code == 200
        await node.wait(Verdict, 2)
        await run.settled(2)
    later(monkeypatch, 1)
    async with running(tmp_path, config) as run:
        await worker(run)
        response = await ask(run)
        assert f"; {2 * MOST} nano-credits" in refused(response)
        assert "retry-after" not in response.headers
        assert (await ask(run, max_tokens=1)).status_code == 200, "a smaller one fits"
        await run.settled(3)


async def test_a_limit_a_day_says_when_the_next_one_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noon_ms = time.time_ns() // 1_000_000 // DAY_MS * DAY_MS + DAY_MS // 2
    monkeypatch.setattr(SystemClock, "now_ms", lambda _: noon_ms)
    async with running(tmp_path, config_of(spending=Spending(per_day=MOST))) as run:
        node = await worker(run)
        assert (await ask(run)).status_code == 200
        await node.wait(Verdict)
        await run.settled(1)
        response = await ask(run)
        assert "begins at 00:00 UTC, in 43200 s" in refused(response)
        assert response.headers["retry-after"] == "43200"
        monkeypatch.setattr(SystemClock, "now_ms", lambda _: noon_ms + DAY_MS // 2)
        assert (await ask(run)).status_code == 200
        await node.wait(Verdict, 2)
        assert (await run.settled(2)).jobs.received == 2


async def test_each_key_has_its_limit_and_the_account_one_for_all(tmp_path: Path) -> None:
    keys = {
        "laptop": NamedKey(digest("l"), Spending(per_day=MOST)),
        "server": NamedKey(digest("s")),
    }
    async with running(tmp_path, config_of(keys=keys, spending=Spending(per_day=3 * MOST))) as run:
        node = await worker(run)
        assert (await ask(run, "l")).status_code == 200
        assert "key `laptop`" in refused(await ask(run, "l"))
        assert (await ask(run, "s")).status_code == 200
        assert (await ask(run, "main")).status_code == 200
        for key in ("s", "main", "l"):
            assert "account `ann`" in refused(await ask(run, key))
        await node.wait(Verdict, 3)
        await run.settled(3)
        assert await run.coordinator.parts.store.transact(
            lambda unit: [unit.spent("ann", key, 0) for key in ("laptop", "server", "", None)]
        ) == [MOST, MOST, MOST, 3 * MOST]


async def test_of_many_that_come_at_once_as_many_run_as_the_limit_has_room_for(tmp_path: Path) -> None:
    async with running(tmp_path, config_of(spending=Spending(per_day=3 * MOST))) as run:
        await run.node(manual=True)
        asked = [asyncio.create_task(ask(run)) for _ in range(8)]
        await until(lambda: sum(task.done() for task in asked) == 5)
        assert [refused(task.result()) for task in asked if task.done()]
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
        assert (await run.settled(3)).jobs.cancelled == 3


async def test_a_refusal_does_not_use_up_the_key_for_repeats(tmp_path: Path) -> None:
    async with running(tmp_path, config_of(spending=Spending(total=0))) as run:
        await run.node()
        body = {"model": MODEL, "messages": [{"role": "user", "content": "ahoy"}], "max_tokens": 8}
        headers = {"authorization": "Bearer main", "idempotency-key": "k"}
        async with httpx.AsyncClient(base_url=run.url, timeout=30, trust_env=False) as client:
            for _ in range(2):
                refused(await client.post("/v1/chat/completions", json=body, headers=headers))
        assert run.report().jobs.received == 0


async def test_what_counts_as_spent_is_what_was_paid(tmp_path: Path) -> None:
    """Answers that end early, are rejected, or are called off: the count follows the ledger."""
    async with running(tmp_path, config_of()) as run:
        node = await run.node()
        node.engine.end_bias = run.engine.end_bias = run.second.engine.end_bias = 50
        assert (await ask(run)).status_code == 200
        await node.wait(Verdict)
        node.engine.weights = "cheaper"
        assert (await ask(run)).status_code == 502
        await run.settled(2)
    with sqlite3.connect(tmp_path / DATABASE) as database:
        ((spent,),) = database.execute("SELECT sum(amount) FROM spending").fetchall()
        ((paid,),) = database.execute("SELECT sum(price) FROM jobs").fetchall()
        ((left,),) = database.execute("SELECT amount FROM balances WHERE account = 'client:ann'").fetchall()
    assert spent == paid == 100_000_000 - left == (PROMPT + 1) * RATE


def later(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    monkeypatch.setattr(SystemClock, "now_ms", lambda _: time.time_ns() // 1_000_000 + days * DAY_MS)
