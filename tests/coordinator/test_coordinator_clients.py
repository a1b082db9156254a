"""OpenAI's SDK, sync and async: whole answers, streams, places in the queue, hanging up, its own repeats."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import httpx
import msgspec
import openai
import pytest
from coordinator_harness import AUTH, CONFIG, LIMITS, MODEL, POLICY, Running, Verdict, running, until
from openai_sdk import sdk

from console.protocol.messages import Ack, Cancel, Chunk, Opening, OpenRequest
from console.protocol.types import Assignment

MESSAGES: Any = [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": "ahoy"}]


async def test_the_sync_client_gets_whole_answers_streams_and_errors(run: Running) -> None:
    node = await run.node()
    node.engine.end_bias = run.engine.end_bias = -50

    def talk() -> tuple[Any, list[Any], Any]:
        http = httpx.Client(trust_env=False)
        with openai.OpenAI(
            base_url=f"{run.url}/v1", api_key="any", max_retries=0, http_client=http
        ) as client:
            whole = client.chat.completions.create(
                model=MODEL, messages=MESSAGES, max_completion_tokens=6, temperature=0, user="ann"
            )
            with client.chat.completions.create(
                model=MODEL, messages=MESSAGES, max_completion_tokens=6, temperature=0, stream=True,
                stream_options={"include_usage": True},
            ) as stream:  # fmt: skip
                chunks = list(stream)
            with pytest.raises(openai.UnprocessableEntityError):
                for limit in (5, 6):
                    client.chat.completions.create(
                        model=MODEL,
                        messages=MESSAGES,
                        max_tokens=limit,
                        extra_headers={"Idempotency-Key": "k"},
                    )
            return whole, chunks, client.models.list().data

    whole, chunks, models = await asyncio.to_thread(talk)
    assert [m.id for m in models] == [MODEL]
    assert whole.usage.completion_tokens == 6
    assert whole._request_id == whole.id.removeprefix("chatcmpl-")
    assert [c.usage for c in chunks[:-1]] == [None] * (len(chunks) - 1)
    assert (chunks[-1].choices, chunks[-1].usage) == ([], whole.usage)
    text = "".join(choice.delta.content or "" for c in chunks for choice in c.choices)
    assert text == whole.choices[0].message.content
    assert {c.id for c in chunks} == {chunks[0].id}


async def test_chunks_have_a_usage_only_where_it_was_asked_for(run: Running) -> None:
    await run.node()
    plain = (await run.chat(stream=True)).text
    asked = (await run.chat(stream=True, stream_options={"include_usage": True})).text
    assert '"usage"' not in plain
    events = [line for line in asked.splitlines() if line.startswith("data: {")]
    assert all('"usage":null' in line for line in events[:-1])
    assert '"total_tokens"' in events[-1] and '"choices":[]' in events[-1]
    assert plain.endswith("data: [DONE]\n\n") and asked.endswith("data: [DONE]\n\n")


@pytest.mark.parametrize("stream", [False, True])
async def test_hanging_up_ends_the_job_and_gives_the_money_back(run: Running, stream: bool) -> None:
    node = await run.node(manual=True)
    async with sdk(run) as client:
        asked = asyncio.create_task(
            client.chat.completions.create(model=MODEL, messages=MESSAGES, max_tokens=8, stream=stream)
        )
        given = await node.wait(Assignment)
        if stream:
            answer = await asked
            await answer.close()
        else:
            asked.cancel()
            await asyncio.gather(asked, return_exceptions=True)
        await node.wait(Cancel, job=given.job)
    found = await run.settled(1)
    assert (found.jobs.cancelled, found.ledger.paid) == (1, 0)


async def test_hanging_up_in_the_middle_of_a_stream(run: Running) -> None:
    node = await run.node(manual=True)
    async with sdk(run) as client:
        stream = await client.chat.completions.create(
            model=MODEL, messages=MESSAGES, max_tokens=8, stream=True
        )
        given = await node.wait(Assignment)
        job = (given.job, given.attempt, given.fence)
        await node.send(Ack(*job))
        await node.send(Chunk(*job, 0, (ord("a") + 3, ord("b") + 3)))
        async for chunk in stream:
            if chunk.choices[0].delta.content:
                break
        await stream.close()
        await node.wait(Cancel, job=given.job)
    assert (await run.settled(1)).jobs.cancelled == 1


async def test_a_stream_that_breaks_raises_in_the_sdk_and_costs_nothing(run: Running) -> None:
    node = await run.node()
    node.engine.fail_after, node.engine.end_bias = 3, -50
    async with sdk(run) as client:
        stream = await client.chat.completions.create(
            model=MODEL, messages=MESSAGES, max_tokens=8, stream=True
        )
        with pytest.raises(openai.APIError, match="Nothing is charged") as caught:
            async for _ in stream:
                pass
    assert caught.value.code == "interrupted"
    found = await run.settled(1)
    assert (found.jobs.failed, found.ledger.paid) == (1, 0)


async def test_the_sdk_waits_and_repeats_while_nobody_serves(run: Running) -> None:
    async with sdk(run, max_retries=3) as client:
        asked = asyncio.create_task(
            client.chat.completions.create(model=MODEL, messages=MESSAGES, max_tokens=8)
        )
        await asyncio.sleep(0.1)
        assert not asked.done()
        await run.node()
        assert (await asked).choices[0].finish_reason in ("stop", "length")


async def streamed(run: Running, lines: list[str]) -> None:
    body = {"model": MODEL, "messages": MESSAGES, "max_tokens": 8, "stream": True}
    async with (
        httpx.AsyncClient(base_url=run.url, trust_env=False, timeout=30) as http,
        http.stream("POST", "/v1/chat/completions", json=body, headers=AUTH) as response,
    ):
        async for line in response.aiter_lines():
            lines.append(line)


def place(lines: list[str]) -> int:
    """How many are ahead, by the last comment."""
    return int(re.findall(r"(?m)^: queued, (\d+) ahead$", "\n".join(lines))[-1])


async def test_a_waiting_stream_is_told_its_place(tmp_path: Path) -> None:
    """At the node first, then before the draw, where the node's queue is full; `running` once it answers."""
    config = msgspec.structs.replace(
        CONFIG,
        policy=msgspec.structs.replace(POLICY, queue_limit=2),
        limits=msgspec.structs.replace(LIMITS, queue_wait_s=20),
    )
    async with running(tmp_path, config) as run:
        node = await run.node(manual=True)
        told: list[list[str]] = [[] for _ in range(4)]
        tasks = []
        for number, lines in enumerate(told):
            tasks.append(asyncio.create_task(streamed(run, lines)))
            wanted = f": queued, {number % 2} ahead"
            await until(lambda lines=lines, wanted=wanted: wanted in lines)
        given = await node.wait(Assignment)
        job = (given.job, given.attempt, given.fence)
        result = await node.generate(given, chunks=False)
        assert result is not None
        await node.send(Ack(*job))
        await node.send(Chunk(*job, 0, result.token_ids[:1]))
        await until(lambda: ": running" in told[0])
        await node.send(result)
        await node.wait(OpenRequest)
        await node.send(Opening(given.job, given.attempt, node.blobs[given.job]))
        await until(lambda: place(told[1]) == 0)
        node.manual = False
        for waiting in (1, 2, 3):
            await node.work(await node.wait(Assignment, waiting + 1))
        await asyncio.gather(*tasks)
    assert all("data: [DONE]" in lines for lines in told)
    comments = {line for lines in told for line in lines if line.startswith(":")}
    assert not {c for c in comments if not re.fullmatch(r": (running|queued, \d ahead)", c)}


async def test_the_sdk_does_not_mind_the_comments(run: Running) -> None:
    node = await run.node(manual=True)
    async with sdk(run) as client:
        stream = await client.chat.completions.create(
            model=MODEL, messages=MESSAGES, max_tokens=8, stream=True
        )
        given = await node.wait(Assignment)
        await asyncio.sleep(3 * LIMITS.queued_comment_s)
        node.manual = False
        await node.work(given)
        assert [c async for c in stream][-1].choices[0].finish_reason in ("stop", "length")
    await node.wait(Verdict)
