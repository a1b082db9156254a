"""Log-probabilities: made of what the node committed to, opened and was judged by, and of nothing else."""

from __future__ import annotations

import asyncio
import math
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from coordinator_harness import CONFIG, LIMITS, MODEL, POLICY, Running, Verdict, running
from doubles.engine_double import END, PIECES
from hypothesis import given
from hypothesis import strategies as st
from openai_sdk import sdk

from console.coordinator.gateway.logprobs import logprobs_of
from console.protocol.messages import OpenRequest
from console.protocol.types import Assignment
from console.verification.commitment import pack, unpack
from console.verification.sampling import top_candidates

ASKED: dict[str, Any] = {
    "model": MODEL, "messages": [{"role": "user", "content": "ahoy"}], "max_tokens": 6, "logprobs": True,
}  # fmt: skip


def seldom(**limits: Any) -> Any:
    """A network that audits nothing by itself."""
    policy = msgspec.structs.replace(POLICY, probation_answers=0, audit_ppm=0, saving_ppm=0)
    return msgspec.structs.replace(CONFIG, policy=policy, limits=msgspec.structs.replace(LIMITS, **limits))


async def ask(run: Running, **fields: Any) -> Any:
    async with sdk(run) as client:
        return await client.chat.completions.with_raw_response.create(**ASKED | fields)


async def test_they_are_those_of_the_opened_commitment_and_such_an_answer_is_always_audited(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, seldom()) as run:
        node = await run.node()
        node.engine.end_bias = run.engine.end_bias = run.second.engine.end_bias = -50
        assert (await run.chat()).status_code == 200
        await node.wait(Verdict)
        assert not node.got(OpenRequest)
        raw = await ask(run, top_logprobs=3, temperature=0)
        verdict = await node.wait(Verdict, 2)
        assert (verdict.outcome, verdict.mode) == ("accepted", "recompute_exact")
        answer = raw.parse()
        job = raw.headers["x-quarterdeck-job"]
        assert "40 candidates" in raw.headers["x-quarterdeck-logprobs"]
        found = await run.settled(2)
    assert (found.audits.recompute, found.jobs.accepted) == (1, 2)
    content = answer.choices[0].logprobs.content
    assert "".join(t.token for t in content) == answer.choices[0].message.content
    rows = unpack(node.blobs[job])
    assert len(content) == len(rows) == 6
    for told, row, token in zip(content, rows, node.results[job].token_ids, strict=True):
        assert bytes(told.bytes) == PIECES[token]
        assert told.logprob == told.top_logprobs[0].logprob, "at temperature 0 the best one is taken"
        assert [bytes(t.bytes) for t in told.top_logprobs] == [PIECES[i] for i in row["id"][:3]]
        gap = told.top_logprobs[0].logprob - told.top_logprobs[2].logprob
        assert math.isclose(gap, (int(row["q"][0]) - int(row["q"][2])) / 1024, abs_tol=1e-9)


async def test_without_alternatives_the_list_of_them_is_empty(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        node = await run.node()
        node.engine.end_bias = run.engine.end_bias = -50
        answer = (await ask(run, temperature=0)).parse()
        assert [t.top_logprobs for t in answer.choices[0].logprobs.content] == [[]] * 6
        assert (await run.chat()).json()["choices"][0]["logprobs"] is None


async def test_a_stream_has_them_with_its_text_once_that_is_judged(tmp_path: Path) -> None:
    async with running(tmp_path, seldom()) as run:
        node = await run.node()
        node.engine.end_bias = run.engine.end_bias = -50
        whole = (await ask(run, temperature=0, top_logprobs=2)).parse()
        asked = ASKED | {"temperature": 0, "top_logprobs": 2, "stream": True}
        async with sdk(run) as client:
            stream = await client.chat.completions.create(**asked)
            choices = [choice async for chunk in stream for choice in chunk.choices]
        assert len(node.got(OpenRequest)) == 2
    with_text = [choice for choice in choices if choice.delta.content]
    assert [c.delta.content for c in with_text] == [whole.choices[0].message.content]
    assert with_text[0].logprobs.content == whole.choices[0].logprobs.content
    assert choices[-1].finish_reason == "length"


async def test_they_wait_for_the_verdict_however_long_it_takes(tmp_path: Path) -> None:
    """A plain answer goes out after `verdict_wait_s`, judged or not; this one has nothing to show yet."""
    async with running(tmp_path, seldom(verdict_wait_s=0.05)) as run:
        node = await run.node()
        judge, held = run.coordinator.reference.score, asyncio.Event()

        async def slow(*args: Any) -> Any:
            await held.wait()
            return await judge(*args)

        run.coordinator.reference.score = slow  # type: ignore[method-assign]
        asked = asyncio.create_task(ask(run))
        await node.wait(OpenRequest)
        assert (await run.chat()).status_code == 200
        await asyncio.sleep(0.2)
        assert not asked.done()
        held.set()
        assert (await asked).parse().choices[0].logprobs.content is not None


async def test_as_many_are_taken_on_as_the_reference_is_there_for(tmp_path: Path) -> None:
    async with running(tmp_path, seldom(open_logprobs=1)) as run:
        node = await run.node(manual=True)
        first = asyncio.create_task(ask(run))
        given_ = await node.wait(Assignment)
        full = await run.chat(logprobs=True)
        assert (full.status_code, full.json()["error"]["code"]) == (429, "too_many_jobs")
        plain = asyncio.create_task(run.chat())
        await node.wait(Assignment, 2)
        node.manual = False
        for assignment in (given_, node.got(Assignment)[1]):
            await node.work(assignment)
        assert (await plain).status_code == 200
        assert (await first).parse().choices[0].logprobs is not None


async def test_a_false_answer_gets_no_numbers_out(tmp_path: Path) -> None:
    async with running(tmp_path, seldom()) as run:
        await run.node("rogue", weights="cheaper")
        refused = await run.chat(logprobs=True)
        assert (refused.status_code, refused.json()["error"]["code"]) == (502, "answer_rejected")
        assert (await run.settled(1)).ledger.paid == 0


seeds = st.integers(0, 2**32 - 1)


def rows_of(seed: int, count: int) -> list[Any]:
    noise = np.random.Generator(np.random.PCG64(seed))
    return [top_candidates(noise.normal(0, 8, len(PIECES)).astype(np.float32)) for _ in range(count)]


@given(seeds, st.integers(1, 4), st.integers(0, 20), st.data())
def test_they_are_a_distribution_over_the_forty(seed: int, count: int, top: int, data: st.DataObject) -> None:
    rows = rows_of(seed, count)
    ids = tuple(int(data.draw(st.sampled_from(row["id"].tolist()))) for row in rows)
    shown = tuple(i for i in ids if i != END and PIECES[i])
    text = "x" * sum(len(PIECES[i]) for i in shown)
    told = logprobs_of(ids, pack(rows), text, list(PIECES), frozenset({END}), top)["content"]
    everything = logprobs_of(ids, pack(rows), text, list(PIECES), frozenset({END}), 40)["content"]
    assert [bytes(t["bytes"]) for t in told if t["bytes"]] == [PIECES[i] for i in shown]
    for token, whole in zip(told, everything, strict=True):
        assert token["top_logprobs"] == whole["top_logprobs"][:top]
        every = [t["logprob"] for t in whole["top_logprobs"]]
        assert every == sorted(every, reverse=True)
        assert token["logprob"] in every
        assert math.isclose(sum(map(math.exp, every)), 1, abs_tol=1e-9)


def test_what_a_stop_string_cut_off_is_not_told() -> None:
    rows = [top_candidates(np.arange(len(PIECES), dtype=np.float32))] * 3
    ids = tuple(int(row["id"][0]) for row in rows)
    piece = PIECES[ids[0]].decode()
    for size, count in [(0, 0), (1, 1), (len(piece), 1), (len(piece) + 1, 2), (3 * len(piece), 3)]:
        text = (piece * 3)[:size]
        assert len(logprobs_of(ids, pack(rows), text, list(PIECES), frozenset(), 0)["content"]) == count
