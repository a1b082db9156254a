"""How many slots help: measured on doubles whose streams share, or do not share, one core's time."""

from __future__ import annotations

import asyncio

import pytest
from doubles.engine_double import ScriptedEngine

from console.engine import probe_slots
from console.engine.port import EngineError
from console.engine.probe_slots import BUDGET_S, HELPS, LEAST_TOKENS, STREAM_TOKENS, slots_that_help

ALONE = 100_000


class Measured:
    """Stands in for the measurement: tokens per second by streams."""

    def __init__(self, rates: dict[int, float]) -> None:
        self.rates = rates
        self.asked: list[tuple[int, int]] = []

    async def __call__(self, engine: object, streams: int, tokens: int, prompt: tuple[int, ...]) -> float:
        self.asked.append((streams, tokens))
        return self.rates[streams]


@pytest.mark.parametrize(
    ("rates", "slots"),
    [
        ({1: 100, 8: 190}, 8),
        ({1: 100, 8: 100 * HELPS}, 8),
        ({1: 100, 8: 109, 4: 130}, 4),
        ({1: 100, 8: 90, 4: 104, 2: 111}, 2),
        ({1: 100, 8: 90, 4: 95, 2: 99}, 1),
    ],
)
async def test_the_most_slots_that_give_a_tenth_more_are_kept(
    rates: dict[int, float], slots: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = Measured(rates)
    monkeypatch.setattr(probe_slots, "together", measured)
    helping = await slots_that_help(ScriptedEngine(), 8, ALONE)
    assert helping.slots == slots
    assert "times the tokens of one" in helping.because
    assert measured.asked[0] == (1, STREAM_TOKENS)


async def test_a_slow_machine_is_asked_less_and_a_very_slow_one_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    measured = Measured({1: 1, 8: 2})
    monkeypatch.setattr(probe_slots, "together", measured)
    enough = int(1000 * 2 * 8 * LEAST_TOKENS / BUDGET_S) + 1
    assert (await slots_that_help(ScriptedEngine(), 8, enough)).slots == 8
    assert {tokens for _, tokens in measured.asked} == {LEAST_TOKENS}
    measured.asked.clear()
    helping = await slots_that_help(ScriptedEngine(), 8, enough // 2)
    assert (helping.slots, measured.asked) == (0, [])
    assert "too slow to be measured" in helping.because


async def test_one_slot_needs_no_comparison() -> None:
    engine = ScriptedEngine()
    assert (await slots_that_help(engine, 1, ALONE)).slots == 1
    assert not engine.requests


async def test_streams_really_run_at_once_and_nothing_is_left_behind() -> None:
    engine = ScriptedEngine(end_bias=-50.0, slots=4)
    engine.pace_s = 0.001
    helping = await slots_that_help(engine, 4, ALONE)
    assert helping.slots == 4
    assert engine.most_busy == 4
    assert len({request.id for request in engine.requests}) == len(engine.requests) == 5
    assert len({request.seed for request in engine.requests}) == 4


async def test_an_engine_that_fails_under_load_is_told() -> None:
    engine = ScriptedEngine(end_bias=-50.0, slots=4)
    engine.fail_after = 3
    with pytest.raises(EngineError, match="told to fail"):
        await slots_that_help(engine, 4, ALONE)
    async with asyncio.timeout(5):
        while (await engine.health()).slots_busy:
            await asyncio.sleep(0)
