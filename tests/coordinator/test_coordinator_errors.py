"""Whatever is wrong with a request, the answer is OpenAI's error object with a sentence for people."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
from collections.abc import AsyncIterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import httpx
import msgspec
import openai
import pytest
from coordinator_harness import AUTH, CONFIG, LIMITS, MODEL, Running, running

from console.coordinator.gateway.errors import ApiError
from console.coordinator.gateway.requests import parse_chat
from console.coordinator.settings import ClientKey, CoordinatorConfig
from console.coordinator.store import StoreError
from console.protocol.messages import Ack
from console.protocol.types import Assignment

CHAT = "/v1/chat/completions"
PATIENCE_S = 20
NONCE = "/net/v1/jobs/none/nonce"
"""Takes a body of its own, and needs no key."""
BODY = {"model": MODEL, "messages": [{"role": "user", "content": "ahoy"}], "max_tokens": 8}


@pytest.fixture
async def http(run: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=run.url, trust_env=False, headers=AUTH) as client:
        yield client


def shaped(response: httpx.Response, status: int, code: str, param: str | None = None) -> dict[str, Any]:
    """The error object, whose shape and values are checked."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"].startswith("application/json")
    assert set(response.json()) == {"error"}
    error: dict[str, Any] = response.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert (error["code"], error["param"]) == (code, param)
    assert error["message"].endswith(".")
    return error


async def test_routes_and_methods_that_are_not_there(run: Running, http: httpx.AsyncClient) -> None:
    assert shaped(await http.get("/v1/engines"), 404, "unknown_url")["type"] == "invalid_request_error"
    shaped(await http.post("/v1/embeddings", json={}), 404, "unknown_url")
    shaped(await http.get("/"), 404, "unknown_url")
    refused = await http.get(CHAT)
    shaped(refused, 405, "method_not_allowed")
    assert refused.headers["allow"] == "OPTIONS, POST"
    shaped(await http.delete("/v1/models"), 405, "method_not_allowed")


async def test_head_and_options(run: Running, http: httpx.AsyncClient) -> None:
    head, listed = await http.head("/v1/models"), await http.get("/v1/models")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == listed.headers["content-length"]
    for path, allowed in [
        (CHAT, "OPTIONS, POST"),
        ("/v1/models", "GET, HEAD, OPTIONS"),
        (f"/v1/models/{MODEL}", "GET, HEAD, OPTIONS"),
    ]:
        asked = await http.options(path)
        assert (asked.status_code, asked.headers["allow"], asked.content) == (204, allowed, b"")
        assert "access-control-allow-origin" not in asked.headers
    shaped(await http.options("/v1/nothing"), 404, "unknown_url")


async def test_one_model(run: Running, http: httpx.AsyncClient) -> None:
    shaped(await http.get("/v1/models/another"), 404, "model_not_found", "model")
    shaped(await http.get("/v1/models/owner/another"), 404, "model_not_found", "model")
    assert (await http.get(f"/v1/models/{MODEL}")).json()["quarterdeck"]["nodes"] == 0
    await run.node()
    one = (await http.get(f"/v1/models/{MODEL}")).json()
    assert one == (await http.get("/v1/models")).json()["data"][0]
    assert (one["id"], one["object"], one["quarterdeck"]["nodes"]) == (MODEL, "model", 1)
    missing = await http.get(f"/v1/models/{MODEL}", headers={"authorization": ""})
    shaped(missing, 401, "missing_api_key")


async def test_keys_that_are_missing(run: Running, http: httpx.AsyncClient) -> None:
    for value in ("", "Bearer", "Basic abc"):
        response = await http.post(CHAT, json=BODY, headers={"authorization": value})
        shaped(response, 401, "missing_api_key")
        assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "content",
    [b"{nonsense", b"", b"[]", b"3", b"null", b"[" * 400, b"\xff\xfe", b'{"model": "\xff"}', b'{"n": 1e999}'],
)
async def test_bodies_that_are_no_json_object(run: Running, http: httpx.AsyncClient, content: bytes) -> None:
    shaped(await http.post(CHAT, content=content), 400, "invalid_json")


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"nonce": 7}', b'{"nonce": "\xff"}', b'{"nonce": "\\ud800"}', b"[" * 1000]
)
async def test_bodies_that_hold_no_nonce(run: Running, http: httpx.AsyncClient, content: bytes) -> None:
    shaped(await http.post(NONCE, content=content), 400, "bad_request", "nonce")


async def test_bodies_of_another_kind(run: Running, http: httpx.AsyncClient) -> None:
    form = await http.post(CHAT, data={"model": MODEL})
    shaped(form, 415, "unsupported_content_type")
    shaped(await http.post(CHAT, content=b"{}", headers={"content-type": "text/plain"}), 415,
           "unsupported_content_type")  # fmt: skip
    for path in (CHAT, NONCE):
        packed = await http.post(path, json=BODY, headers={"content-encoding": "gzip"})
        shaped(packed, 415, "unsupported_content_encoding")
    await run.node()
    usual = msgspec.json.encode(BODY)
    for kind in ("application/json; charset=utf-8", "Application/JSON"):
        assert (await http.post(CHAT, content=usual, headers={"content-type": kind})).status_code == 200


async def test_bodies_too_large_are_refused_by_what_they_say_and_by_what_they_are(tmp_path: Path) -> None:
    config = msgspec.structs.replace(CONFIG, limits=msgspec.structs.replace(LIMITS, body_bytes=500))

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(10):
            yield b" " * 100

    async with (
        running(tmp_path, config) as run,
        httpx.AsyncClient(base_url=run.url, trust_env=False, headers=AUTH) as http,
    ):
        shaped(await http.post(CHAT, content=b" " * 501), 413, "body_too_large")
        shaped(await http.post(CHAT, content=pieces()), 413, "body_too_large")
        shaped(await http.post(NONCE, content=b" " * 1025), 413, "body_too_large")


def answered_midway(url: httpx.URL, path: str) -> httpx.Response:
    """What is answered to a body that begins and never ends. httpx would look only once it had ended."""
    with contextlib.closing(HTTPConnection(url.host, url.port, timeout=PATIENCE_S)) as connection:
        connection.putrequest("POST", path)
        for header in {**AUTH, "content-type": "application/json", "content-length": "99"}.items():
            connection.putheader(*header)
        connection.endheaders(b"{")
        answer = connection.getresponse()
        return httpx.Response(answer.status, headers=answer.getheaders(), content=answer.read())


async def test_a_body_that_never_comes_is_not_waited_for(tmp_path: Path) -> None:
    config = msgspec.structs.replace(CONFIG, limits=msgspec.structs.replace(LIMITS, body_s=0.1))
    async with running(tmp_path, config) as run:
        for path in (CHAT, NONCE):
            answer = await asyncio.to_thread(answered_midway, httpx.URL(run.url), path)
            shaped(answer, 408, "body_too_slow")


async def test_a_full_network_says_when_to_come_again(tmp_path: Path) -> None:
    config = msgspec.structs.replace(CONFIG, limits=msgspec.structs.replace(LIMITS, open_jobs=0))
    async with running(tmp_path, config) as run:
        nobody = await run.chat()
        shaped(nobody, 503, "no_node")
        assert nobody.headers["retry-after"] == "2"
        await run.node()
        full = await run.chat()
        assert shaped(full, 429, "too_many_jobs")["type"] == "rate_limit_error"
        assert full.headers["retry-after"] == "2"
        await run.coordinator.dispatch.stop()
        stopping = await run.chat()
        shaped(stopping, 503, "coordinator_stopping")
        assert stopping.headers["retry-after"] == "2"
        assert run.report().jobs.received == 0


async def test_one_account_leaves_room_for_the_others(tmp_path: Path) -> None:
    limits = msgspec.structs.replace(LIMITS, open_jobs_of_one=1)
    keys = {"one": "any key", "other": "the other key"}
    clients = {name: ClientKey(hashlib.sha256(key.encode()).hexdigest(), 10**9) for name, key in keys.items()}
    config = CoordinatorConfig("test network", CONFIG.policy, limits=limits, clients=clients)
    async with (
        running(tmp_path, config) as run,
        httpx.AsyncClient(base_url=run.url, trust_env=False, timeout=30) as http,
    ):
        node = await run.node(manual=True)
        first = asyncio.create_task(run.chat())
        given = await node.wait(Assignment)
        await node.send(Ack(given.job, given.attempt, given.fence))
        full = await run.chat()
        assert "account" in shaped(full, 429, "too_many_jobs")["message"]
        body = {"model": MODEL, "messages": [{"role": "user", "content": "ahoy"}], "max_tokens": 8}
        headers = {"authorization": "Bearer the other key"}
        second = asyncio.create_task(http.post(CHAT, json=body, headers=headers))
        await node.wait(Assignment, 2)
        for request in (first, second):
            request.cancel()
        await asyncio.gather(first, second, return_exceptions=True)


async def test_a_fault_of_our_own_is_an_error_object_and_its_words_are_not_logged(
    run: Running, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    await run.node()
    canary = "ahoy, from a prompt"

    async def breaks(_: object) -> object:
        raise RuntimeError(canary)

    async def full(_: object) -> object:
        raise StoreError("The disk that holds /home/ann/coordinator.sqlite is full.")

    monkeypatch.setattr(run.coordinator.reference, "chat_ids", breaks)
    with caplog.at_level(logging.INFO):
        shaped(await run.chat(), 500, "coordinator_failed")
    assert "RuntimeError" in caplog.text and canary not in caplog.text
    monkeypatch.setattr(run.coordinator.reference, "chat_ids", full)
    told = shaped(await run.chat(), 503, "coordinator_failed")
    assert told["type"] == "server_error" and "/home" not in told["message"]
    assert "/home/ann" in caplog.text, "its operator is told"


async def test_half_a_character_is_no_fault_of_ours(run: Running, http: httpx.AsyncClient) -> None:
    await run.node()
    text = b'{"model": "%b", "messages": [{"role": "user", "content": "\\ud800"}]}' % MODEL.encode()
    assert (await http.post(CHAT, content=text)).status_code == 400


HARMLESS: dict[str, Any] = {
    "user": "ann", "metadata": {"a": "b"}, "safety_identifier": "x", "prompt_cache_key": "y", "n": 1,
    "parallel_tool_calls": True, "service_tier": "auto", "store": False, "tools": [], "tool_choice": "none",
    "response_format": {"type": "text"}, "logprobs": False, "logit_bias": {}, "verbosity": "medium",
    "modalities": ["text"], "audio": None, "top_k": 40, "reasoning_effort": None, "seed": 5,
}  # fmt: skip


async def test_harmless_fields_are_taken(run: Running) -> None:
    await run.node()
    assert (await run.chat(**HARMLESS)).status_code == 200


UNSERVED: list[tuple[dict[str, Any], str, str]] = [
    ({"n": 2}, "n", "unsupported_value"),
    ({"n": True}, "n", "unsupported_value"),
    ({"store": True}, "store", "unsupported_value"),
    ({"top_k": 1}, "top_k", "unsupported_value"),
    ({"response_format": {"type": "json_object"}}, "response_format", "unsupported_value"),
    ({"tool_choice": "required"}, "tool_choice", "unsupported_value"),
    ({"service_tier": "priority"}, "service_tier", "unsupported_value"),
    ({"reasoning_effort": "high"}, "reasoning_effort", "unsupported_value"),
    ({"web_search_options": {}}, "web_search_options", "unsupported_value"),
    ({"guided_json": {}}, "guided_json", "unknown_parameter"),
    ({"x" * 300: 1}, "x" * 100, "unknown_parameter"),
    ({"stream": True, "stream_options": {"include_obfuscation": True}}, "stream_options.include_obfuscation",
     "unsupported_value"),
    ({"stream": True, "stream_options": {"other": 1}}, "stream_options.other", "unknown_parameter"),
    ({"stream_options": {"include_usage": True}}, "stream_options", "invalid_value"),
    ({"stream": "yes"}, "stream", "invalid_value"),
    ({"seed": 1.5}, "seed", "invalid_value"),
    ({"logprobs": 1}, "logprobs", "invalid_value"),
    ({"top_logprobs": 2}, "top_logprobs", "invalid_value"),
    ({"logprobs": True, "top_logprobs": 21}, "top_logprobs", "invalid_value"),
    ({"logprobs": True, "top_logprobs": True}, "top_logprobs", "invalid_value"),
    ({"max_tokens": 3, "max_completion_tokens": 4}, "max_tokens", "invalid_value"),
    ({"max_completion_tokens": 0}, "max_completion_tokens", "invalid_value"),
    ({"max_tokens": 10**30}, "max_tokens", "max_tokens_exceeded"),
    ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].role", "invalid_value"),
    ({"messages": [{"role": "user", "content": []}]}, "messages[0].content", "invalid_value"),
    ({"messages": [{"role": "user", "content": "x", "cache": 1}]}, "messages[0].cache", "unknown_parameter"),
    ({"messages": [{"role": "assistant", "content": "x", "tool_calls": [1]}]}, "messages[0].tool_calls",
     "unsupported_value"),
]  # fmt: skip


async def test_what_would_change_the_answer_is_refused_by_name(run: Running) -> None:
    await run.node()
    for fields, param, code in UNSERVED:
        error = shaped(await run.chat(**fields), 400, code, param)
        assert error["type"] == "invalid_request_error"
    assert run.report().jobs.received == 0


def test_both_limits_on_tokens_may_be_given_when_they_agree() -> None:
    both = msgspec.json.encode(BODY | {"max_completion_tokens": 8})
    assert parse_chat(both).max_tokens == 8
    with pytest.raises(ApiError, match="differ"):
        parse_chat(msgspec.json.encode(BODY | {"max_completion_tokens": 9}))


async def test_errors_are_the_sdks_own_classes(run: Running) -> None:
    http = httpx.AsyncClient(trust_env=False)
    async with openai.AsyncOpenAI(
        base_url=f"{run.url}/v1", api_key="any", max_retries=0, http_client=http
    ) as client:
        with pytest.raises(openai.NotFoundError):
            await client.models.retrieve("another")
        with pytest.raises(openai.NotFoundError):
            await client.embeddings.create(model=MODEL, input="x")
        with pytest.raises(openai.BadRequestError) as bad:
            await client.chat.completions.create(**BODY, n=2)
        assert (bad.value.param, bad.value.code) == ("n", "unsupported_value")
        with pytest.raises(openai.AuthenticationError):
            await client.models.list(extra_headers={"authorization": ""})
        assert (await client.models.retrieve(MODEL)).id == MODEL
