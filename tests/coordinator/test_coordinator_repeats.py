"""`Idempotency-Key`: whatever is sent twice costs once, also over a restart, and no text is kept for it."""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
from pathlib import Path
from typing import Any

import httpx
import msgspec
import openai
import pytest
from coordinator_harness import CONFIG, MODEL, FakeNode, Running, Verdict, running, until
from hypothesis import given
from hypothesis import strategies as st

from console.coordinator.sealing import Secrets
from console.coordinator.settings import ClientKey, Practice
from console.coordinator.store.schema import DATABASE
from console.protocol.messages import Cancel
from console.protocol.types import Assignment

BODY: dict[str, Any] = {"model": MODEL, "messages": [{"role": "user", "content": "ahoy"}], "max_tokens": 8}


async def post(run: Running, key: str, api_key: str = "any", **fields: Any) -> httpx.Response:
    headers = {"authorization": f"Bearer {api_key}", "idempotency-key": key}
    async with httpx.AsyncClient(base_url=run.url, timeout=30, trust_env=False) as client:
        return await client.post("/v1/chat/completions", json=BODY | fields, headers=headers)


def code(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


async def test_a_request_sent_again_is_not_charged_again(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        node = await run.node()
        first = await post(run, "k")
        assert first.status_code == 200
        await node.wait(Verdict)
        paid = (await run.settled(1)).ledger.paid
        for _ in range(2):
            again = await post(run, "k")
            assert code(again) == (409, "idempotency_key_answered")
            assert again.headers["x-quarterdeck-job"] == first.headers["x-quarterdeck-job"]
            assert again.headers["x-should-retry"] == "false"
            tokens = first.json()["usage"]["completion_tokens"]
            assert f"in {tokens} tokens" in again.json()["error"]["message"]
        other = await post(run, "k", max_tokens=9)
        assert code(other) == (422, "idempotency_key_reused")
        assert other.json()["error"]["param"] == "idempotency-key"
        found = await run.settled(1)
        assert (found.jobs.received, found.ledger.paid) == (1, paid)
        assert (await post(run, "another")).status_code == 200
        await run.settled(2)


async def test_a_repeat_while_it_runs_waits_and_starts_nothing(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        node = await run.node(manual=True)
        first = asyncio.create_task(post(run, "k"))
        given_ = await node.wait(Assignment)
        again = await post(run, "k")
        assert code(again) == (409, "idempotency_key_in_use")
        assert (again.headers["retry-after"], again.headers["x-should-retry"]) == ("2", "true")
        assert code(await post(run, "k", max_tokens=9)) == (422, "idempotency_key_reused")
        node.manual = False
        await node.work(given_)
        assert (await first).status_code == 200
        assert (await run.settled(1)).jobs.received == 1


async def test_of_many_that_come_at_once_one_runs(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        await run.node()
        answers = await asyncio.gather(*(post(run, "k") for _ in range(8)))
        assert sorted(a.status_code for a in answers) == [200] + [409] * 7
        found = await run.settled(1)
        assert (found.jobs.received, found.jobs.accepted) == (1, 1)


async def test_a_request_that_was_not_charged_may_be_sent_again(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        assert code(await post(run, "k")) == (503, "no_node")
        node = await run.node("rogue", weights="cheaper")
        assert code(await post(run, "k")) == (502, "answer_rejected")
        await run.settled(1)
        await node.drop()
        good = await run.node("good")
        assert (await post(run, "k")).status_code == 200
        await good.wait(Verdict)
        assert code(await post(run, "k")) == (409, "idempotency_key_answered")
        found = await run.settled(2)
        assert (found.jobs.accepted, found.jobs.rejected) == (1, 1)


async def test_the_sdks_own_repeats_end_in_one_answer(tmp_path: Path) -> None:
    """It times out, hangs up, and sends the same again: told to wait at first, then served."""
    async with running(tmp_path) as run:
        node = await run.node(manual=True)
        async with openai.AsyncOpenAI(
            base_url=f"{run.url}/v1",
            api_key="any",
            max_retries=9,
            timeout=httpx.Timeout(10, read=1),
            http_client=httpx.AsyncClient(trust_env=False),
        ) as client:
            asked = asyncio.create_task(
                client.chat.completions.create(**BODY, extra_headers={"idempotency-key": "k"})
            )
            lost = await node.wait(Assignment)
            await node.wait(Cancel, job=lost.job)
            node.manual = False
            answer = await asked
        assert answer.id != f"chatcmpl-{lost.job}"
        jobs = (await run.settled(2)).jobs
        assert jobs.accepted == 1
        assert jobs.received == jobs.accepted + jobs.cancelled


async def test_keys_outlive_the_coordinator_and_hold_nothing_of_what_was_sent(tmp_path: Path) -> None:
    canary = "a canary in a key"
    async with running(tmp_path) as run:
        node = await run.node()
        assert (await post(run, canary)).status_code == 200
        await node.wait(Verdict)
        await run.settled(1)
        idle: FakeNode = await run.node(manual=True)
        await node.drop()
        await until(lambda: run.coordinator.registry.session(node.key.node_id) is None)
        left = asyncio.create_task(post(run, "left open"))
        await idle.wait(Assignment)
    assert code(await left)[0] == 503
    async with running(tmp_path) as run:
        await run.node()
        assert code(await post(run, canary)) == (409, "idempotency_key_answered")
        assert code(await post(run, canary, max_tokens=7)) == (422, "idempotency_key_reused")
        assert (await post(run, "left open")).status_code == 200
        await run.settled(3)
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    body = httpx.Request("POST", "http://x", json=BODY).content
    for secret in (canary.encode(), hashlib.sha256(body).hexdigest().encode(), hashlib.sha256(body).digest()):
        assert secret not in stored
    with sqlite3.connect(tmp_path / DATABASE) as database:
        columns = [c[1] for c in database.execute("PRAGMA table_info(idempotency)")]
    assert columns == ["client", "key", "body", "job"]


async def test_a_key_is_one_accounts_own(tmp_path: Path) -> None:
    clients = {
        name: ClientKey(hashlib.sha256(name.encode()).hexdigest(), deposit=10_000_000)
        for name in ("ann", "bob")
    }
    config = msgspec.structs.replace(CONFIG, practice=Practice(), clients=clients)
    async with running(tmp_path, config) as run:
        node = await run.node()
        assert (await post(run, "k", "ann")).status_code == 200
        assert (await post(run, "k", "bob")).status_code == 200
        await node.wait(Verdict, 2)
        await run.settled(2)
        assert code(await post(run, "k", "bob")) == (409, "idempotency_key_answered")


async def test_keys_that_are_none(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        await run.node()
        for key in ("", "x" * 256):
            assert code(await post(run, key)) == (400, "invalid_idempotency_key")
        assert (await post(run, "x" * 255)).status_code == 200


parts = st.lists(st.binary(max_size=8), max_size=4)


@given(parts, parts)
def test_fingerprints_are_equal_for_equal_parts_alone(one: list[bytes], other: list[bytes]) -> None:
    secrets = Secrets(b"s" * 32)
    assert (secrets.fingerprint(*one) == secrets.fingerprint(*other)) == (one == other)
    assert secrets.fingerprint(*one) != Secrets(b"t" * 32).fingerprint(*one)


@pytest.mark.parametrize("stream", [False, True])
async def test_streams_and_whole_answers_are_bodies_of_their_own(tmp_path: Path, stream: bool) -> None:
    async with running(tmp_path) as run:
        node = await run.node()
        assert (await post(run, "k", stream=stream)).status_code == 200
        await node.wait(Verdict)
        assert code(await post(run, "k", stream=not stream)) == (422, "idempotency_key_reused")
