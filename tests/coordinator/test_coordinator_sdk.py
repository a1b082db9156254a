"""The OpenAI SDK as a client: streams, usage, stop strings, errors in its own classes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import msgspec
import openai
import pytest
from coordinator_harness import AUTH, CONFIG, LIMITS, MODEL, Running, Verdict, running, until
from openai_sdk import sdk

from console.protocol.types import SamplingRules


def ask(**fields: Any) -> dict[str, Any]:
    return {"model": MODEL, "messages": [{"role": "user", "content": "ahoy"}], "max_tokens": 12} | fields


async def test_streaming_with_usage(run: Running) -> None:
    node = await run.node()
    node.engine.end_bias = -50
    run.engine.end_bias = -50
    text, usage, reasons = "", None, []
    async with sdk(run) as client:
        stream = await client.chat.completions.create(
            **ask(), stream=True, stream_options={"include_usage": True}, temperature=0, seed=7
        )
        assert stream.response.headers["x-quarterdeck-seed"].startswith("ignored")
        job = stream.response.headers["x-quarterdeck-job"]
        async for chunk in stream:
            usage = chunk.usage or usage
            for choice in chunk.choices:
                text += choice.delta.content or ""
                reasons.append(choice.finish_reason)
    found = await run.settled(1)
    assert usage is not None and usage.completion_tokens == 12
    assert [r for r in reasons if r] == ["length"]
    assert len(text) >= 12
    assert len(job) == 32
    assert found.jobs.accepted == 1
    assert found.tokens.generated == 12


async def test_whole_and_streamed_answers_at_temperature_0_agree(run: Running) -> None:
    await run.node()
    async with sdk(run) as client:
        whole = await client.chat.completions.create(**ask(), temperature=0)
        stream = await client.chat.completions.create(**ask(), temperature=0, stream=True)
        parts = [c.choices[0].delta.content or "" async for c in stream]
    assert "".join(parts) == whole.choices[0].message.content


async def test_a_stop_string_ends_the_answer_and_is_not_shown(run: Running) -> None:
    node = await run.node()
    node.engine.end_bias = run.engine.end_bias = -50
    async with sdk(run) as client:
        full = (await client.chat.completions.create(**ask(), temperature=0)).choices[0].message.content
        assert full
        stop = full[4:6]
        cut = await client.chat.completions.create(**ask(), temperature=0, stop=[stop, "never this"])
        stream = await client.chat.completions.create(**ask(), temperature=0, stop=stop, stream=True)
        shown = "".join([c.choices[0].delta.content or "" async for c in stream])
    assert cut.choices[0].finish_reason == "stop"
    assert cut.choices[0].message.content == full[: full.index(stop)] == shown
    assert (await run.settled(3)).jobs.accepted == 3


async def test_the_clients_rules_shape_the_answer_and_its_audit_holds(run: Running) -> None:
    node = await run.node()
    node.engine.end_bias = run.engine.end_bias = -50
    async with sdk(run) as client:
        rules: dict[str, Any] = {"top_p": 0.01, "frequency_penalty": 2, "presence_penalty": 2}
        told = await client.chat.completions.create(**ask(), **rules, extra_body={"min_p": 0.5})
        narrow = await client.chat.completions.create(**ask(), top_p=0.000001)
        greedy = await client.chat.completions.create(**ask(), temperature=0)
    assert told.choices[0].message.content
    assert narrow.choices[0].message.content == greedy.choices[0].message.content
    await node.wait(Verdict, 3)
    assert [v.mode for v in node.got(Verdict)] == ["recompute_exact"] * 3
    assert (await run.settled(3)).jobs.accepted == 3
    sent = [request.rules for request in node.engine.requests]
    assert sent[0] == SamplingRules(10_000, 500_000, 2000, 2000)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"n": 2}, "n"),
    ({"top_p": 1.5}, "top_p"),
    ({"min_p": -0.1}, "min_p"),
    ({"presence_penalty": "much"}, "presence_penalty"),
    ({"frequency_penalty": -3}, "frequency_penalty"),
    ({"tools": [{"type": "function"}]}, "tools"),
    ({"stop": ["a", "b", "c", "d", "e"]}, "stop"),
    ({"stop": [""]}, "stop"),
    ({"temperature": 3}, "temperature"),
    ({"max_tokens": 0}, "max_tokens"),
    ({"max_tokens": 65}, "max_tokens"),
    ({"messages": []}, "messages"),
    ({"messages": [{"role": "pirate", "content": "x"}]}, "messages[0].role"),
    ({"messages": [{"role": "user", "content": 3}]}, "messages[0].content"),
    ({"stream_options": 1}, "stream_options"),
]


async def test_what_is_not_served_is_refused_by_name(run: Running) -> None:
    await run.node()
    for fields, param in REFUSED:
        response = await run.chat(**fields)
        assert response.status_code == 400, fields
        error = response.json()["error"]
        assert (error["param"], error["type"]) == (param, "invalid_request_error")
        assert error["message"].endswith(".")
    assert run.report().jobs.received == 0


async def test_errors_are_the_sdks_own(run: Running) -> None:
    async with sdk(run) as client:
        with pytest.raises(openai.NotFoundError):
            await client.chat.completions.create(**ask(model="another"))
        with pytest.raises(openai.InternalServerError, match="No node serves this model"):
            await client.chat.completions.create(**ask())
        assert [m.id for m in (await client.models.list()).data] == []
        await run.node()
        assert [m.id for m in (await client.models.list()).data] == [MODEL]
        with pytest.raises(openai.BadRequestError, match="context holds 2048"):
            await client.chat.completions.create(**ask(messages=[{"role": "user", "content": "x" * 4000}]))


async def test_a_job_larger_than_every_nodes_context_is_refused(run: Running) -> None:
    node = await run.node()
    await node.drop()
    await until(lambda: not run.coordinator.registry.sessions())
    node.offer = msgspec.structs.replace(node.offer, context=40)
    await node.connect()
    await until(lambda: run.coordinator.registry.roster(40) == (node.key.node_id,))
    response = await run.chat("x" * 60)
    assert response.status_code == 400
    assert "largest context among the live nodes holds 40" in response.json()["error"]["message"]


async def test_bodies_are_bounded_and_must_be_json(tmp_path: Path) -> None:
    config = msgspec.structs.replace(CONFIG, limits=msgspec.structs.replace(LIMITS, body_bytes=500))
    async with (
        running(tmp_path, config) as run,
        httpx.AsyncClient(base_url=run.url, trust_env=False, headers=AUTH) as http,
    ):
        path = "/v1/chat/completions"
        assert (await run.chat("x" * 600)).status_code == 413
        assert (await http.post(path, content=b"{nonsense")).json()["error"]["code"] == "invalid_json"
        assert (await http.post(path, content=b"[" * 400)).status_code == 400
        assert (await http.post(path, content=b"{}", headers={"authorization": ""})).status_code == 401
        assert (await http.get("/net/v1/policy")).json()["policy"]["client_rate"] == 700


async def test_unknown_keys_and_empty_accounts(tmp_path: Path) -> None:
    import hashlib

    from console.coordinator.settings import ClientKey, Practice

    digest = hashlib.sha256(b"poor").hexdigest()
    config = msgspec.structs.replace(
        CONFIG, practice=Practice(), clients={"poor": ClientKey(digest, deposit=1000)}
    )
    async with running(tmp_path, config) as run:
        await run.node()
        assert (await run.chat()).status_code == 401
        async with openai.AsyncOpenAI(
            base_url=f"{run.url}/v1",
            api_key="poor",
            max_retries=0,
            http_client=httpx.AsyncClient(trust_env=False),
        ) as client:
            with pytest.raises(openai.RateLimitError) as caught:
                await client.chat.completions.create(**ask())
        assert (caught.value.code, caught.value.type) == ("insufficient_quota", "insufficient_quota")
        assert caught.value.response.headers["x-should-retry"] == "false"
        assert run.report().jobs.received == 0
