"""The double must keep the port's promises, or every test that rests on it means nothing."""

from __future__ import annotations

import asyncio

import pytest
from doubles.engine_double import END, PIECES, ScriptedEngine

from console.engine.port import (
    Broken,
    ChatMessage,
    EngineError,
    Generated,
    GenerateRequest,
    ScoreRequest,
    Tokens,
)
from console.verification.judge import Claim, check_recompute_exact, check_replay, check_structure
from console.verification.pieces import ending_of

SEED = "5a" * 32


def _request(max_tokens: int = 24, **more: object) -> GenerateRequest:
    fields = {"id": "g1", "prompt_ids": (1, 70, 71, 2), "seed": SEED, "temperature_milli": 800} | more
    return GenerateRequest(max_tokens=max_tokens, **fields)  # type: ignore[arg-type]


async def _events(engine: ScriptedEngine, request: GenerateRequest) -> list[Tokens | Generated | Broken]:
    return [event async for event in engine.generate(request)]


def _claim(done: Generated, request: GenerateRequest) -> Claim:
    return Claim(
        done.token_ids,
        done.finish_reason,
        done.commitment,
        done.blob,
        bytes.fromhex(request.seed),
        request.temperature_milli,
        request.max_tokens,
    )


@pytest.mark.parametrize("end_bias", [-50.0, 26.0])
async def test_an_honest_answer_passes_all_three_steps(end_bias: float) -> None:
    engine, request = ScriptedEngine(end_bias=end_bias), _request()
    done = (await _events(engine, request))[-1]
    assert isinstance(done, Generated)
    claim = _claim(done, request)
    assert check_structure(claim, ending_of(done.token_ids, list(PIECES), frozenset({END}), ())).passed
    assert check_replay(claim).passed
    scored = await engine.score(ScoreRequest("s", request.prompt_ids, done.token_ids))
    assert check_recompute_exact(claim, scored.blob).passed
    assert done.finish_reason == ("stop" if done.token_ids[-1] == END else "length")


async def test_another_model_fails_recompute_and_another_noise_fails_replay() -> None:
    request = _request()
    done = (await _events(ScriptedEngine("other", end_bias=-50.0), request))[-1]
    assert isinstance(done, Generated)
    honest = await ScriptedEngine(end_bias=-50.0).score(ScoreRequest("s", request.prompt_ids, done.token_ids))
    assert check_recompute_exact(_claim(done, request), honest.blob).mismatches > 0
    forger = ScriptedEngine(end_bias=-50.0)
    forger.forged_noise = True
    forged = (await _events(forger, request))[-1]
    assert isinstance(forged, Generated)
    assert not check_replay(_claim(forged, request)).passed


async def test_tokens_stream_in_order_and_add_up_to_the_answer() -> None:
    events = await _events(ScriptedEngine(end_bias=-50.0), _request(9))
    tokens = [e for e in events if isinstance(e, Tokens)]
    done = events[-1]
    assert isinstance(done, Generated)
    assert [t.start for t in tokens] == list(range(9))
    assert tuple(i for t in tokens for i in t.token_ids) == done.token_ids


async def test_a_stalled_generation_ends_when_cancelled() -> None:
    engine = ScriptedEngine(end_bias=-50.0)
    engine.stall_after = 3
    events: list[Tokens | Generated | Broken] = []
    third = asyncio.Event()

    async def run() -> None:
        async for event in engine.generate(_request()):
            events.append(event)
            if len(events) == 3:
                third.set()

    task = asyncio.create_task(run())
    await asyncio.wait_for(third.wait(), 5)
    assert await engine.cancel("g1")
    await asyncio.wait_for(task, 5)
    assert events[-1] == Broken("cancelled", "The generation was cancelled.")
    assert not await engine.cancel("g1")


async def test_failure_death_and_limits_are_told() -> None:
    engine = ScriptedEngine(context=16, end_bias=-50.0)
    with pytest.raises(EngineError) as refused:
        await _events(engine, _request(13))
    assert refused.value.code == "context_exceeded"
    engine.fail_after = 2
    events = await _events(engine, _request(5))
    assert len(events) == 3
    assert isinstance(events[-1], Broken)
    engine.gone = True
    with pytest.raises(EngineError) as dead:
        await engine.health()
    assert dead.value.code == "unreachable"


async def test_a_conversation_becomes_ids_of_the_vocabulary() -> None:
    ids = await ScriptedEngine().chat_prompt((ChatMessage("user", "Ahoy"),))
    assert len(ids) == 6
    assert all(0 <= i < len(PIECES) for i in ids)
