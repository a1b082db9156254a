"""The engine's life: properties of the pure machine, and the shell around it."""

from __future__ import annotations

import asyncio

from doubles.agent_doubles import ScriptedLauncher
from doubles.engine_double import ScriptedEngine
from hypothesis import given
from hypothesis import strategies as st

from console.agent.clock import now_ms
from console.agent.supervision.happenings import (
    BREAKER_FAILURES,
    BREAKER_S,
    LAST_BACKOFF_S,
    Answered,
    Begin,
    Disproved,
    Exited,
    Happening,
    Limits,
    Proved,
    Restart,
    Silent,
    Started,
    Supervised,
    Tick,
)
from console.agent.supervision.machine import stalled_ms, step
from console.agent.supervision.ports import Proof
from console.agent.supervision.setbacks import backoff_s
from console.agent.supervision.supervisor import Supervisor
from console.engine.ending import Ended
from console.engine.plan import STEPS_MOST, Learned
from console.engine.port import Health

LIMITS = Limits(token_timeout_s=5.0, start_timeout_s=30.0)
ALIVE = ("starting", "loading", "probing", "ready")

happenings: st.SearchStrategy[Happening] = st.one_of(
    st.just(Begin()),
    st.just(Started()),
    st.builds(
        Answered,
        st.sampled_from(["loading", "ready", "failed"]),
        st.just("words"),
        st.integers(0, 20_000),
    ),
    st.just(Proved()),
    st.builds(
        Proved,
        st.integers(0, 90_000),
        st.integers(0, 8),
        st.just("measured"),
        st.sampled_from(["", "2 threads got the time of 1.1 cores"]),
    ),
    st.just(Disproved("it was not fit")),
    st.builds(Exited, st.just("It crashed."), st.booleans(), st.sampled_from(["", "less of everything"])),
    st.just(Silent()),
    st.just(Restart()),
    st.just(Tick()),
)
life = st.lists(st.tuples(st.integers(0, 700_000), happenings), max_size=60)


@given(life)
def test_whatever_happens_orders_make_sense(events: list[tuple[int, Happening]]) -> None:
    state, at_ms, processes = Supervised(), 0, 0
    for wait_ms, happening in events:
        if isinstance(happening, Exited) and not processes:
            continue  # nothing can exit that does not run
        at_ms += wait_ms
        before = state
        state, order = step(state, at_ms, happening, LIMITS)
        if isinstance(happening, Exited):
            processes -= 1
        if order == "start":
            assert before.state not in ALIVE
            processes += 1
        if order == "kill":
            assert before.state in ALIVE
            assert not before.killed_for
            assert state.killed_for
        if order == "probe":
            assert state.state == "probing"
        assert 0 <= processes <= 1
        assert (state.state in ALIVE) == (processes == 1)
        assert 0 <= state.learned.steps <= STEPS_MOST
        assert bool(state.trial_milli) <= state.learned.threads_tried
        if state.state in ("waiting", "failed"):
            assert state.next_try_ms - state.since_ms <= max(BREAKER_S, LAST_BACKOFF_S) * 1000
            assert state.sentence


@given(st.integers(1, 40))
def test_backoff_doubles_from_2_to_512(failures: int) -> None:
    assert backoff_s(failures) == min(512, 2**failures)


def test_repeated_failures_back_off_and_open_the_breaker() -> None:
    state, at_ms, waits = Supervised(), 0, []
    state, _ = step(state, at_ms, Begin(), LIMITS)
    for _ in range(BREAKER_FAILURES):
        state, _ = step(state, at_ms, Started(), LIMITS)
        state, _ = step(state, at_ms, Exited("It crashed."), LIMITS)
        waits.append((state.next_try_ms - at_ms) // 1000)
        early, order = step(state, state.next_try_ms - 1, Tick(), LIMITS)
        assert order is None
        assert early == state
        at_ms = state.next_try_ms
        state, order = step(state, at_ms, Tick(), LIMITS)
        assert order == "start"
    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 512, BREAKER_S]


def test_a_steady_engine_has_recovered() -> None:
    ready = Supervised(state="ready", since_ms=0, failures=7, heard_ms=70_000)
    calm, _ = step(ready, 70_000, Tick(), LIMITS)
    assert calm.failures == 0
    down, _ = step(ready, 70_000, Exited("It crashed."), LIMITS)
    assert down.failures == 1
    assert "in 2 s" in down.sentence
    assert "It crashed." in down.sentence


def test_no_token_for_too_long_kills_and_the_exit_says_why() -> None:
    ready = Supervised(state="ready", since_ms=0, heard_ms=0)
    same, order = step(ready, 1000, Answered("ready", "", stalled_ms=4_999), LIMITS)
    assert order is None
    state, order = step(same, 2000, Answered("ready", "", stalled_ms=5_000), LIMITS)
    assert order == "kill"
    state, order = step(state, 2100, Answered("ready", "", stalled_ms=5_100), LIMITS)
    assert order is None
    state, _ = step(state, 2200, Exited("The engine was killed."), LIMITS)
    assert "no token for 5 s" in state.sentence


def test_a_hung_or_late_engine_is_killed() -> None:
    ready = Supervised(state="ready", since_ms=0, heard_ms=0)
    assert step(ready, 9_999, Silent(), LIMITS)[1] is None
    assert step(ready, 10_000, Silent(), LIMITS)[1] == "kill"
    loading = Supervised(state="loading", since_ms=0, heard_ms=0)
    assert step(loading, 29_999, Answered("loading", ""), LIMITS)[1] is None
    assert step(loading, 30_000, Answered("loading", ""), LIMITS)[1] == "kill"


def test_a_restart_that_was_asked_for_is_no_failure() -> None:
    ready = Supervised(state="ready", since_ms=0, failures=3)
    state, order = step(ready, 10, Restart(), LIMITS)
    assert order == "kill"
    state, _ = step(state, 20, Exited("The engine was killed."), LIMITS)
    assert (state.failures, state.next_try_ms) == (0, 20)
    assert step(state, 21, Tick(), LIMITS)[1] == "start"


def test_a_job_may_wait_fourfold_for_its_first_token() -> None:
    assert stalled_ms(0, 19_999, LIMITS) == 0
    assert stalled_ms(0, 20_000, LIMITS) == 20_000
    assert stalled_ms(6_000, 100, LIMITS) == 6_000


def started(state: Supervised, at_ms: int = 0) -> Supervised:
    """Ready to be proved."""
    for happening in (Begin(), Started(), Answered("ready", "")):
        state, _ = step(state, at_ms, happening, LIMITS)
    assert state.state == "probing"
    return state


def test_out_of_memory_steps_down_as_often_as_there_is_a_step_and_no_more() -> None:
    state, at_ms = Supervised(), 0
    for steps in range(1, STEPS_MOST + 1):
        state = started(state, at_ms)
        state, _ = step(state, at_ms, Exited("No memory.", True, "less context"), LIMITS)
        assert (state.state, state.learned.steps, state.failures) == ("waiting", steps, 0)
        assert "in 2 s with less context" in state.sentence
        at_ms = state.next_try_ms
    state = started(state, at_ms)
    state, _ = step(state, at_ms, Exited("No memory.", True, "less context"), LIMITS)
    assert state.state == "failed"
    assert state.next_try_ms - at_ms == BREAKER_S * 1000
    assert "smallest start there is" in state.sentence
    assert "No memory." in state.sentence


def test_an_engine_that_says_itself_that_memory_ran_out_steps_down_too() -> None:
    state, _ = step(Supervised(), 0, Begin(), LIMITS)
    state, _ = step(state, 0, Started(), LIMITS)
    state, order = step(state, 1, Answered("failed", "Not enough memory.", memory=True), LIMITS)
    assert order == "kill"
    state, _ = step(state, 2, Exited("It was killed.", False, "4 slots instead of 8"), LIMITS)
    assert (state.state, state.learned.steps) == ("waiting", 1)
    assert "Not enough memory" in state.sentence
    state = started(state, state.next_try_ms)
    state, _ = step(state, 9000, Exited("It crashed."), LIMITS)
    assert (state.learned.steps, state.failures) == (1, 1)


def test_steps_are_kept_while_it_works_and_forgotten_when_the_operator_restarts_it() -> None:
    state, _ = step(started(Supervised()), 0, Exited("No memory.", True, "less"), LIMITS)
    state, _ = step(started(state, 2000), 2000, Proved(50_000), LIMITS)
    assert (state.state, state.learned.steps) == ("ready", 1)
    state, _ = step(state, 3000, Restart(), LIMITS)
    state, _ = step(state, 3001, Exited("It was killed."), LIMITS)
    assert state.learned == Learned()


def test_threads_that_starve_are_measured_against_one_and_the_faster_stays() -> None:
    starving = Proved(9_000, starved="2 threads got the time of 1.1 cores")
    state, order = step(started(Supervised()), 0, starving, LIMITS)
    assert order == "kill"
    assert state.learned.one_thread
    state, _ = step(state, 1, Exited("It was killed."), LIMITS)
    assert (state.state, state.failures, state.restarts, state.next_try_ms) == ("waiting", 0, 0, 1)
    faster, order = step(started(state, 2), 3, Proved(81_000), LIMITS)
    assert (faster.state, order) == ("ready", None)
    assert "81 tokens/s, where more threads gave 9" in faster.learned.one_thread
    slower, order = step(started(state, 2), 3, Proved(8_000), LIMITS)
    assert order == "kill"
    assert slower.learned.one_thread == ""
    slower, _ = step(slower, 4, Exited("It was killed."), LIMITS)
    again, order = step(started(slower, 5), 6, starving, LIMITS)
    assert (again.state, order, again.trial_milli) == ("ready", None, 0)


def test_what_the_probe_measured_of_slots_is_kept() -> None:
    state, _ = step(started(Supervised()), 0, Proved(50_000, 4, "4 at once gave more"), LIMITS)
    assert (state.learned.slots, state.learned.slots_because) == (4, "4 at once gave more")


async def test_the_shell_steps_down_and_uses_as_many_slots_as_help() -> None:
    launcher = ScriptedLauncher(ScriptedEngine(slots=8))
    launcher.proof = Proof(50_000, 5, slots=4, slots_because="4 at once gave more")
    supervisor = Supervisor(launcher, LIMITS, now_ms)
    running = asyncio.create_task(supervisor.run())
    try:
        async with asyncio.timeout(20):
            await supervisor.ready.wait()
            assert supervisor.slots == 4
            assert launcher.process is not None
            launcher.process.end(Ended("The system ran out of memory.", memory=True))
            while launcher.launches < 2:
                await asyncio.sleep(0.01)
            await supervisor.ready.wait()
            assert supervisor.plan is not None
            assert supervisor.plan.context == 1024
            assert supervisor.plan.taken == ("a context of 1,024 tokens instead of 2,048",)
    finally:
        running.cancel()
        await supervisor.close()


async def test_an_engine_that_works_for_others_is_not_stuck() -> None:
    launcher = ScriptedLauncher(ScriptedEngine())
    limits = Limits(token_timeout_s=0.01)
    supervisor = Supervisor(launcher, limits, now_ms)
    supervisor.job_idle_ms = lambda: 10_000
    running = asyncio.create_task(supervisor.run())
    try:
        async with asyncio.timeout(20):
            await supervisor.ready.wait()
            seen: list[Health | None] = []
            while len(seen) < 3:
                launcher.engine.generated_tokens += 1
                if supervisor.health not in seen:
                    seen.append(supervisor.health)
                await asyncio.sleep(0.005)
            assert launcher.launches == 1
            while launcher.launches < 2:  # and one that does not work for anybody is
                await asyncio.sleep(0.01)
    finally:
        running.cancel()
        await supervisor.close()


async def test_the_shell_starts_proves_and_restarts() -> None:
    launcher = ScriptedLauncher(ScriptedEngine())
    supervisor = Supervisor(launcher, LIMITS, now_ms)
    states: list[str] = []
    supervisor.on_change = lambda old, new: states.append(new.state)
    running = asyncio.create_task(supervisor.run())
    try:
        async with asyncio.timeout(20):
            await supervisor.ready.wait()
            assert launcher.process is not None
            launcher.process.kill()
            while launcher.launches < 2:
                await asyncio.sleep(0.01)
            await supervisor.ready.wait()
    finally:
        running.cancel()
        await supervisor.close()
    assert states == [
        "starting",
        "loading",
        "probing",
        "ready",
        "waiting",
        "starting",
        "loading",
        "probing",
        "ready",
    ]
    assert supervisor.supervised.restarts == 1
