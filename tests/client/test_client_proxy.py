"""The proxy before a real coordinator: draws are checked, and a coordinator that cheats is not believed."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from coordinator_harness import AUTH, CONFIG, DATABASE, MODEL, Running, running
from openai import AsyncOpenAI, InternalServerError

from console.client.chunks import DrawError
from console.client.proxy import Proxy
from console.client.upstream import COMMITMENT, Upstream
from console.coordinator.draws import nonces
from console.coordinator.store.reading import epochs, read_transcript
from console.fairness import nonce_commitment
from console.fairness.recount import recount
from console.protocol.ids import NodeId
from console.protocol.types import Assignment

QUICK = msgspec.structs.replace(CONFIG, limits=msgspec.structs.replace(CONFIG.limits, nonce_s=0.3))


@pytest.fixture
async def run(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path) as made:
        yield made


@pytest.fixture
async def quick(tmp_path: Path) -> AsyncIterator[Running]:
    """One that waits for nonces for a moment only."""
    async with running(tmp_path, QUICK) as made:
        yield made


@pytest.fixture
async def hasty(quick: Running) -> AsyncIterator[httpx.AsyncClient]:
    """A way to it."""
    async with httpx.AsyncClient(base_url=quick.url, timeout=30, trust_env=False) as http:
        yield http


@pytest.fixture
async def network(run: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=run.url, timeout=30, trust_env=False) as http:
        yield http


def local(upstream: Upstream) -> httpx.AsyncClient:
    """What a program of this machine talks to."""
    transport = httpx.ASGITransport(Proxy(upstream).app())
    return httpx.AsyncClient(base_url="http://proxy", transport=transport, timeout=30)


def sdk(upstream: Upstream) -> AsyncOpenAI:
    return AsyncOpenAI(api_key="any", base_url="http://proxy/v1", http_client=local(upstream), max_retries=0)


def asked(**fields: Any) -> dict[str, Any]:
    return {"model": MODEL, "messages": [{"role": "user", "content": "ahoy"}], "max_tokens": 8} | fields


def tickets(run: Running, columns: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(run.home / DATABASE) as db:
        return db.execute(f"SELECT {columns} FROM tickets ORDER BY k").fetchall()


def spent(run: Running) -> int:
    """What counts as spent of all clients."""
    with sqlite3.connect(run.home / DATABASE) as db:
        (amount,) = db.execute("SELECT sum(amount) FROM spending").fetchone()
    return int(amount)


def ends(run: Running) -> list[tuple[str, str, int]]:
    """How attempts ended, and for which fee, as it is published."""
    with sqlite3.connect(run.home / DATABASE) as db:
        key = NodeId(run.coordinator.parts.key.node_id)
        read = [read_transcript(db, key, epoch) for epoch in epochs(db)]
    return [(end.code, end.fault, end.fee) for found in read if found is not None for end in found.ends]


def findings(run: Running) -> list[str]:
    with sqlite3.connect(run.home / DATABASE) as db:
        key = NodeId(run.coordinator.parts.key.node_id)
        read = [read_transcript(db, key, epoch) for epoch in epochs(db)]
    return [one.code for one in recount(found for found in read if found is not None).findings]


async def test_a_whole_answer_comes_with_its_draw_checked(run: Running, network: httpx.AsyncClient) -> None:
    node = await run.node("reef")
    direct = (await run.chat(temperature=0)).json()["choices"][0]["message"]["content"]
    async with local(Upstream(network)) as program:
        answer = await program.post("/v1/chat/completions", json=asked(temperature=0), headers=AUTH)
    assert answer.status_code == 200
    assert answer.headers["x-quarterdeck-draw"] == f"checked; 1 of 1; node {node.key.node_id}"
    told = answer.json()
    assert told["choices"][0]["message"]["content"] == direct
    assert told["usage"]["completion_tokens"] > 0
    (_, plain), (nonce, committed) = tickets(run, 'nonce, "commitment"')
    assert (plain, committed) == ("", nonce_commitment(nonce))
    assert findings(run) == []


async def test_openais_own_client_streams_through_it(run: Running, network: httpx.AsyncClient) -> None:
    await run.node("reef")
    program = sdk(Upstream(network))
    stream = await program.chat.completions.create(**asked(stream=True, temperature=0))
    text = "".join([c.choices[0].delta.content or "" async for c in stream if c.choices])
    whole = await program.chat.completions.create(**asked())
    assert text
    assert whole.choices[0].finish_reason in ("stop", "length")
    assert [model.id async for model in program.models.list()] == [MODEL]


async def test_each_attempt_of_a_job_is_checked(run: Running, network: httpx.AsyncClient) -> None:
    bad = await run.node("bad")
    bad.engine.fail_after = 0
    await run.node("good")
    async with local(Upstream(network)) as program:
        while not bad.got(Assignment):
            answer = await program.post("/v1/chat/completions", json=asked(), headers=AUTH)
            assert answer.status_code == 200
    rows = tickets(run, "job, attempt, nonce")
    assert any(attempt == 2 for _, attempt, _ in rows)
    assert all(len({n for j, _, n in rows if j == job}) == 1 for job, _, _ in rows)
    assert findings(run) == []


async def test_a_coordinator_that_draws_with_another_nonce_is_not_believed(
    run: Running, network: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await run.node("reef")

    async def own(self: nonces.NonceFor, *given: Any) -> str:
        await honest(self, *given)
        return "00" * 16

    honest = nonces.NonceFor.reveal
    monkeypatch.setattr(nonces.NonceFor, "reveal", own)
    async with local(Upstream(network)) as program:
        answer = await program.post("/v1/chat/completions", json=asked(), headers=AUTH)
    assert answer.status_code == 502
    assert answer.json()["error"]["code"] == "draw_wrong"
    assert "nonce" in answer.json()["error"]["message"]
    assert "nonce" in findings(run)
    with pytest.raises(InternalServerError, match="was not used"):
        await sdk(Upstream(network)).chat.completions.create(**asked())


async def test_a_client_that_does_not_reveal_pays_a_fee_and_gets_nothing(
    quick: Running, hasty: httpx.AsyncClient
) -> None:
    await quick.node("reef")
    headers = AUTH | {COMMITMENT: nonce_commitment("07" * 16)}
    answer = await hasty.post("/v1/chat/completions", json=asked(stream=True), headers=headers)
    done = await quick.settled(1)
    held = done.ledger.refunded
    assert 0 < held < CONFIG.policy.withheld_fee
    assert "did not reveal its nonce" in answer.text
    assert f"less the network's fee of {held} nano-credits" in answer.text
    assert (done.jobs.failed, done.ledger.paid, done.ledger.fees, done.ledger.penalised) == (1, 0, held, 0)
    assert tickets(quick, "node, nonce") == [("", "")]
    assert spent(quick) == held
    await quick.coordinator.epochs.open_next()
    assert findings(quick) == [], "it is on record whose fault it was"
    assert ends(quick) == [("nonce_withheld", "client", held)]


async def test_the_fee_is_the_policys_where_more_was_held(quick: Running, hasty: httpx.AsyncClient) -> None:
    await quick.node("reef")
    headers = AUTH | {COMMITMENT: nonce_commitment("07" * 16)}
    body = asked(stream=True, messages=[{"role": "user", "content": "ahoy " * 400}])
    answer = await hasty.post("/v1/chat/completions", json=body, headers=headers)
    fee = CONFIG.policy.withheld_fee
    assert f"less the network's fee of {fee} nano-credits" in answer.text
    done = await quick.settled(1)
    assert done.ledger.fees == fee < done.ledger.refunded


async def test_a_coordinator_that_hangs_holds_no_client_to_have_withheld(
    quick: Running, hasty: httpx.AsyncClient
) -> None:
    await quick.node("reef")
    headers = AUTH | {COMMITMENT: nonce_commitment("07" * 16)}
    async with hasty.stream("POST", "/v1/chat/completions", json=asked(stream=True), headers=headers) as live:
        lines = live.aiter_lines()
        while not (await anext(lines)).startswith(": quarterdeck-ticket"):
            pass
        at = f"/net/v1/jobs/{live.headers['x-quarterdeck-job']}/nonce"
        revealed = asyncio.create_task(hasty.post(at, json={"nonce": "07" * 16}))
        time.sleep(2 * QUICK.limits.nonce_s)  # noqa: ASYNC251 - its loop is this one, and reads nothing
        assert (await revealed).json() == {"taken": True}
        assert "[DONE]" in "".join([line async for line in lines])
    assert (await quick.settled(1)).ledger.fees == 0


@pytest.mark.parametrize(
    ("commitment", "fields", "code"),
    [("xyz", {"stream": True}, "commitment_malformed"), ("00" * 32, {}, "commitment_needs_stream")],
)
async def test_commitments_that_cannot_be_used_are_refused(
    run: Running, network: httpx.AsyncClient, commitment: str, fields: dict[str, Any], code: str
) -> None:
    await run.node("reef")
    headers = AUTH | {COMMITMENT: commitment}
    answer = await network.post("/v1/chat/completions", json=asked(**fields), headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


async def test_only_the_nonce_that_fits_is_taken(run: Running, network: httpx.AsyncClient) -> None:
    await run.node("reef")
    headers = AUTH | {COMMITMENT: nonce_commitment("07" * 16)}
    async with network.stream(
        "POST", "/v1/chat/completions", json=asked(stream=True), headers=headers
    ) as live:
        at = f"/net/v1/jobs/{live.headers['x-quarterdeck-job']}/nonce"
        for wrong in ("08" * 16, "zz", "07" * 60):
            assert (await network.post(at, json={"nonce": wrong})).json()["error"]["code"] == "nonce_wrong"
        assert (await network.post(at, content=b"{")).status_code == 400
        assert (await network.post(at, content=b"x" * 5000)).status_code == 413
        assert (await network.post("/net/v1/jobs/none/nonce", json={"nonce": "07"})).status_code == 404
        assert (await network.post(at, json={"nonce": "07" * 16})).json() == {"taken": True}
        assert "[DONE]" in "".join([line async for line in live.aiter_lines()])


async def test_the_networks_own_refusals_pass_through(run: Running, network: httpx.AsyncClient) -> None:
    await run.node("reef")
    async with local(Upstream(network)) as program:
        wrong = await program.post("/v1/chat/completions", json=asked(model="no such"), headers=AUTH)
        keyless = await program.post("/v1/chat/completions", json=asked())
        rubbish = await program.post("/v1/chat/completions", content=b"[", headers=AUTH)
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (404, "model_not_found")
    assert (keyless.status_code, rubbish.status_code) == (401, 400)


async def test_a_network_that_is_gone_is_told_in_openais_shape() -> None:
    nowhere = httpx.AsyncClient(base_url="http://127.0.0.1:1", trust_env=False)
    async with nowhere, local(Upstream(nowhere)) as program:
        answer = await program.post("/v1/chat/completions", json=asked(), headers=AUTH)
        models = await program.get("/v1/models")
    assert answer.status_code == models.status_code == 502
    assert answer.json()["error"]["code"] == "unreachable"


async def test_a_coordinator_with_another_key_is_refused(run: Running, network: httpx.AsyncClient) -> None:
    with pytest.raises(DrawError, match="another key"):
        await Upstream(network, "00" * 32).learn()


async def test_log_probabilities_come_through(run: Running, network: httpx.AsyncClient) -> None:
    await run.node()
    async with sdk(Upstream(network)) as client:
        answer = await client.chat.completions.create(**asked(logprobs=True, top_logprobs=2))
    told = answer.choices[0].logprobs
    assert told is not None and told.content
    assert "".join(token.token for token in told.content) == answer.choices[0].message.content
    assert {len(token.top_logprobs) for token in told.content} == {2}


async def test_a_repeat_that_was_answered_is_refused_as_the_network_does(
    run: Running, network: httpx.AsyncClient
) -> None:
    await run.node()
    async with local(Upstream(network)) as program:
        headers = AUTH | {"idempotency-key": "k"}
        assert (await program.post("/v1/chat/completions", json=asked(), headers=headers)).status_code == 200
        await run.settled(1)
        again = await program.post("/v1/chat/completions", json=asked(), headers=headers)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "idempotency_key_answered")
    assert again.headers["x-should-retry"] == "false"
