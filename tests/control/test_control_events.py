"""The reducer: pure, bounded, and the same for the agent and for a client that only saw the wire."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from console.control import events, wire
from console.control.machine import MachineView
from console.control.reducer import reduce
from console.control.state import (
    HISTORY,
    JOBS_KEPT,
    NOTES_KEPT,
    EngineView,
    JobView,
    NodeState,
    Note,
    Switches,
)
from console.protocol.ids import JobId

jobs = st.builds(
    JobView,
    job=st.sampled_from([JobId(f"{i:032x}") for i in range(4)]),
    attempt=st.integers(1, 2),
    state=st.sampled_from(["queued", "running", "accepted"]),
    received_ms=st.integers(0, 9),
    tokens=st.integers(0, 99),
)
any_event = st.one_of(
    st.builds(events.JobChanged, jobs),
    st.builds(events.Noted, st.builds(Note, st.integers(0, 9), st.just("info"), st.text(max_size=5))),
    st.builds(events.SwitchesChanged, st.builds(Switches, st.booleans(), st.booleans())),
    st.builds(
        events.EngineChanged, st.builds(EngineView, tokens_per_s_milli=st.integers(0, 9)), st.booleans()
    ),
    st.builds(
        events.MachineSampled, st.builds(MachineView, cpu_percent=st.one_of(st.none(), st.integers(0, 100)))
    ),
    st.just(events.Ticked()),
)
history = st.lists(st.tuples(st.integers(0, 1000), any_event), max_size=40)


@given(history)
def test_a_client_that_sees_the_wire_has_the_agents_state(happened: list[tuple[int, events.Event]]) -> None:
    here = there = NodeState()
    for seq, (at_ms, event) in enumerate(happened):
        here = reduce(here, at_ms, event)
        delta = wire.decode_from_agent(wire.encode_line(wire.Delta(seq, at_ms, event)))
        assert isinstance(delta, wire.Delta)
        there = reduce(there, delta.at_ms, delta.event)
    assert here == there
    snapshot = wire.decode_from_agent(wire.encode_line(wire.Snapshot(9, 9, here)))
    assert isinstance(snapshot, wire.Snapshot)
    assert snapshot.state == here


@given(history)
def test_a_job_stands_once_and_time_does_not_run_back(happened: list[tuple[int, events.Event]]) -> None:
    state = NodeState()
    for at_ms, event in happened:
        before, state = state.now_ms, reduce(state, at_ms, event)
        assert state.now_ms == max(before, at_ms)
    keys = [(j.job, j.attempt) for j in state.jobs]
    assert len(keys) == len(set(keys))


def test_what_is_kept_is_bounded_and_newest_first() -> None:
    state = NodeState()
    for i in range(NOTES_KEPT + JOBS_KEPT + HISTORY):
        state = reduce(state, i, events.Noted(Note(i, "info", str(i))))
        state = reduce(state, i, events.JobChanged(JobView(JobId(f"{i:032x}"), 1, "accepted", i)))
        state = reduce(state, i, events.MachineSampled(MachineView(cpu_percent=i % 100)))
        state = reduce(state, i, events.EngineChanged(EngineView(tokens_per_s_milli=i), sample=True))
    last = NOTES_KEPT + JOBS_KEPT + HISTORY - 1
    assert (len(state.notes), state.notes[0].at_ms) == (NOTES_KEPT, last)
    assert (len(state.jobs), state.jobs[0].received_ms) == (JOBS_KEPT, last)
    assert (len(state.machine.cpu_history), state.machine.cpu_history[-1]) == (HISTORY, last % 100)
    assert (len(state.engine.tokens_history), state.engine.tokens_history[-1]) == (HISTORY, last)


def test_live_jobs_are_never_dropped_and_of_the_others_the_last_that_ended_are_kept() -> None:
    live = tuple(JobView(JobId(f"{i:032x}"), 1, "running", i) for i in range(JOBS_KEPT + 50))
    done = tuple(
        JobView(JobId(f"d{i:031x}"), 1, "accepted", 0, ended_ms=JOBS_KEPT - i) for i in range(JOBS_KEPT)
    )
    state = reduce(
        NodeState(jobs=(*live, *done)),
        1,
        events.JobChanged(msgspec.structs.replace(live[3], state="answered", ended_ms=9_999)),
    )
    kept = {job.job for job in state.jobs}
    assert len(state.jobs) == len(live) + len(done) - 1
    assert kept >= {job.job for job in live}
    assert done[-1].job not in kept
    late = JobView(JobId("e" * 32), 1, "rejected", 0)
    assert late.job not in {job.job for job in reduce(state, 2, events.JobChanged(late)).jobs}


def test_an_unknown_gauge_adds_nothing_to_its_history() -> None:
    state = reduce(NodeState(), 1, events.MachineSampled(MachineView(cpu_percent=None)))
    assert state.machine.cpu_history == ()
