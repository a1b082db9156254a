"""What the clients are told of the engine and its plan, and when threads are said to starve."""

from __future__ import annotations

import pytest
from doubles.engine_double import ScriptedEngine

from console.agent import launching
from console.agent.engine_view import engine_view, plan_view
from console.agent.supervision.happenings import Supervised
from console.control.engine import SequenceView
from console.engine.plan import Learned, Machine, Weights, Wishes, make_plan
from console.engine.port import Health, SequenceNow

QUIET = Machine(8, 4, 8.0, 0.0, 8 << 30)
TOY = Weights(1 << 20, 2, 64, 64, 64, 272, 2048)
HEALTH = Health(
    "ready", "Ready.", 7, None, None, slots=4, slots_busy=1, queued=0, generated_tokens=10,
    tokens_per_s_milli=9,
    first_token_ms=3, idle_ms=0, rss_bytes=5, sequences=(SequenceNow(2, "local", 9, 9, 4, 1, 8, 70),),
    prefill_per_s_milli=1000, prompt_tokens=60, reused_tokens=40, reused_prompts=2,
)  # fmt: skip


def test_slots_and_speeds_are_passed_on() -> None:
    view = engine_view(
        Supervised("ready", sentence="Ready."),
        HEALTH,
        model="toy",
        pid=7,
        next_try_ms=0,
        running=3,
        waiting=2,
    )
    assert view.sequences == (SequenceView(2, "local", 9, 9, 4, 1, 8, 70),)
    assert (view.slots, view.slots_busy, view.queued) == (4, 3, 2)
    assert (view.prefill_per_s_milli, view.prompt_tokens) == (1000, 60)
    assert (view.reused_tokens, view.reused_prompts) == (40, 2)


def test_of_an_engine_that_is_silent_no_gauge_is_told() -> None:
    view = engine_view(Supervised("waiting"), None, model="toy", pid=0, next_try_ms=9, running=0, waiting=0)
    assert (view.slots, view.sequences, view.next_try_ms) == (0, (), 9)


def test_the_plan_tells_what_was_measured_since_it_was_made() -> None:
    plan = make_plan(QUIET, TOY, Wishes(), Learned())
    measured = Learned(slots=4, slots_because="4 at once gave 1.5 times the tokens of one")
    view = plan_view(plan, measured, 4, 99)
    [slots] = [why.sentence for why in view.reasons if why.subject == "slots"]
    assert slots.endswith("Measured: 4 at once gave 1.5 times the tokens of one. 4 of them are used.")
    assert (view.slots, view.slots_used, view.made_ms) == (8, 4, 99)
    replanned = plan_view(make_plan(QUIET, TOY, Wishes(), measured), measured, 4, 100)
    [slots] = [why.sentence for why in replanned.reasons if why.subject == "slots"]
    assert slots == "4 slots: 4 at once gave 1.5 times the tokens of one."
    assert plan_view(None, Learned(), 1, 5).made_ms == 0


@pytest.mark.parametrize(
    ("threads", "cores", "starved"),
    [(1, 0.3, False), (2, 1.9, False), (2, 1.1, True), (8, 6.0, False), (8, 5.0, True), (2, None, False)],
)
async def test_threads_starve_when_they_did_not_get_their_cores(
    threads: int, cores: float | None, starved: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter((100.0, 110.0))
    spent = iter((5.0, 5.0 + 10 * (cores or 0)))
    monkeypatch.setattr(launching, "_cpu_s", lambda pid: None if cores is None else next(spent))
    monkeypatch.setattr(launching, "_clock", lambda: next(clock))
    probed, words = await launching._watched(ScriptedEngine(end_bias=-50.0), 1, threads)
    assert probed.milli_tokens_per_s > 0
    assert bool(words) is starved
    if starved:
        assert words == f"{threads} threads got the time of {cores:.1f} cores"
