"""The book of jobs, and the store that holds it, do what the plain reducer does."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.control import job_book, reducer
from console.control.events import Event, JobChanged, SwitchesChanged, Ticked
from console.control.job_book import JobBook, key_of
from console.control.reducer import reduce
from console.control.state import LIVE_JOB_STATES, JobView, NodeState, Switches
from console.control.store import StateStore
from console.protocol.ids import JobId

jobs = st.builds(
    JobView,
    job=st.sampled_from([JobId(f"{i:032x}") for i in range(9)]),
    attempt=st.integers(1, 2),
    state=st.sampled_from(["queued", "running", "result", "answered", "accepted", "rejected"]),
    received_ms=st.integers(0, 9),
    ended_ms=st.integers(0, 20),
    tokens=st.integers(0, 9),
)
states = st.lists(jobs, max_size=12, unique_by=key_of).map(lambda listed: NodeState(jobs=tuple(listed)))
steps = st.lists(
    st.one_of(
        jobs.map(JobChanged),
        jobs.map(JobChanged),
        st.just(Ticked()),
        st.just(SwitchesChanged(Switches(True))),
        states,
    ),
    max_size=40,
)
"""What comes over the wire: events, and snapshots in place of what was missed."""


@pytest.fixture
def few_kept(monkeypatch: pytest.MonkeyPatch) -> int:
    """So few finished jobs are kept that forty steps reach the bound, and changes are soon forgotten."""
    monkeypatch.setattr(reducer, "JOBS_KEPT", 3)
    monkeypatch.setattr(job_book, "JOBS_KEPT", 3)
    monkeypatch.setattr(job_book, "CHANGES_KEPT", 4)
    return 3


def _play(happened: Sequence[Event | NodeState]) -> None:
    state, store = NodeState(), StateStore()
    for at_ms, step in enumerate(happened):
        if isinstance(step, NodeState):
            state = step
            store.load(step)
        else:
            state = reduce(state, at_ms, step)
            store.apply(at_ms, step)
        assert store.state == state
        assert store.book.live_count == sum(job.state in LIVE_JOB_STATES for job in state.jobs)


def test_the_store_is_the_reducer_event_for_event(few_kept: int) -> None:
    @given(steps)
    def holds(happened: list[Event | NodeState]) -> None:
        _play(happened)

    holds()


def test_every_reader_learns_of_every_change_whenever_it_looks(few_kept: int) -> None:
    @given(steps, st.lists(st.integers(1, 8), min_size=1, max_size=10))
    def holds(happened: list[Event | NodeState], pauses: list[int]) -> None:
        store = StateStore()
        mark, seen, due, turn = -1, {}, 0, 0
        for at_ms, step in enumerate([*happened, Ticked()]):
            if isinstance(step, NodeState):
                store.load(step)
            else:
                store.apply(at_ms, step)
            due -= 1
            if due > 0 and at_ms < len(happened):
                continue
            due, turn = pauses[turn % len(pauses)], turn + 1
            mark, keys = store.book.since(mark)
            now = {key_of(job): job for job in store.book}
            if keys is None:
                seen = dict(now)
            for key in keys or ():
                seen.pop(key, None)
                if key in now:
                    seen[key] = now[key]
            assert seen == now

    holds()


def test_a_job_that_did_not_change_is_not_told() -> None:
    book = JobBook([JobView(JobId(name), 1, "running", 1) for name in "abc"])
    mark, keys = book.since(0)
    assert keys is None
    assert book.since(mark) == (mark, set())
    book.put(msgspec.structs.replace(next(iter(book)), tokens=5))
    assert book.since(mark)[1] == {("c", 1)}


def test_the_state_is_put_together_once_for_all_who_ask() -> None:
    store = StateStore(NodeState(jobs=(JobView(JobId("a"), 1, "running", 1),)))
    assert store.state is store.state
    store.apply(5, JobChanged(JobView(JobId("a"), 1, "result", 1)))
    assert store.state is store.state
    assert store.state.jobs[0].state == "result"
    assert store.state.now_ms == 5
