"""The store: what is known, how fresh it is, and what must be drawn."""

from __future__ import annotations

from console.control.events import JobChanged, MoneyChanged, Ticked
from console.control.link import Lost
from console.control.state import JobView, MoneyView, NodeState
from console.control.wire import Delta, Snapshot
from console.protocol.ids import JobId
from console.tui.frames import FrameClock, frames_per_second
from console.tui.picture import StillClock
from console.tui.store import EVERYTHING, SILENCE_MS, ViewStore


def a_store() -> tuple[ViewStore, StillClock]:
    clock = StillClock()
    return ViewStore(clock), clock


def test_nothing_is_known_before_the_first_snapshot() -> None:
    store, _ = a_store()
    assert store.view().phase == "attaching" and not store.view().known
    store.apply(Lost("No agent.", 1.0))
    assert store.view().phase == "attaching" and store.view().trouble == "No agent."


def test_each_event_marks_its_own_part_only() -> None:
    store, _ = a_store()
    store.apply(Snapshot(1, 5_000, NodeState()))
    assert store.take_dirty() >= EVERYTHING - {"time"}
    store.apply(Delta(2, 5_001, JobChanged(JobView(JobId("a"), 1, "queued", 5_001))))
    assert store.take_dirty() == {"jobs"}
    store.apply(Delta(3, 5_002, MoneyChanged(MoneyView(today_earned=7))))
    store.apply(Delta(4, 5_003, Ticked()))
    assert store.take_dirty() == {"money"}
    assert store.take_dirty() == frozenset()
    assert store.view().state.money.today_earned == 7


def test_time_goes_on_between_messages_and_stands_when_the_agent_is_lost() -> None:
    store, clock = a_store()
    store.apply(Snapshot(1, 5_000, NodeState()))
    clock.ms += 3_000
    assert store.view().now_ms == 8_000
    store.apply(Lost("The agent closed the connection.", 1.0))
    clock.ms += 9_000
    view = store.view()
    assert (view.phase, view.now_ms, view.unseen_ms, view.stale) == ("lost", 5_000, 12_000, True)
    store.apply(Snapshot(9, 20_000, NodeState()))
    assert store.view().phase == "attached" and store.view().trouble == ""


def test_a_recording_that_is_over_is_no_agent_that_is_lost() -> None:
    store, clock = a_store()
    store.apply(Lost("The recording ends here.", 0.0))
    assert store.view().phase == "attaching"
    store.apply(Snapshot(1, 5_000, NodeState()))
    store.apply(Lost("The recording ends here.", 0.0))
    clock.ms += 60_000
    assert store.view().phase == "ended" and store.view().stale and store.view().now_ms == 5_000


def test_time_is_marked_once_a_second() -> None:
    store, clock = a_store()
    store.apply(Snapshot(1, 5_000, NodeState()))
    store.take_dirty()
    clock.ms += 400
    assert store.take_dirty() == frozenset()
    clock.ms += 600
    assert store.take_dirty() == {"time"}


def test_a_silent_agent_is_not_believed_for_ever() -> None:
    store, clock = a_store()
    store.apply(Snapshot(1, 5_000, NodeState()))
    store.take_dirty()
    clock.ms += SILENCE_MS
    assert store.take_dirty() == EVERYTHING
    assert store.view().phase == "silent" and store.view().stale
    store.apply(Delta(2, 30_000, Ticked()))
    assert store.view().phase == "attached" and store.take_dirty() >= EVERYTHING - {"time"}


def test_an_earlier_consoles_state_is_shown_as_old_until_the_agent_speaks() -> None:
    store, clock = a_store()
    store.recall(NodeState(now_ms=5_000), 5_000, unseen_ms=60_000)
    view = store.view()
    assert (view.phase, view.stale, view.known, view.now_ms, view.unseen_ms) == (
        "recalled", True, True, 5_000, 60_000,
    )  # fmt: skip
    clock.ms += 1_000
    assert store.view().unseen_ms == 61_000
    store.apply(Lost("No agent is running here.", 1.0))
    assert store.view().phase == "lost" and store.view().now_ms == 5_000
    store.recall(NodeState(now_ms=9_000), 9_000, unseen_ms=0)
    store.apply(Snapshot(1, 7_000, NodeState(now_ms=7_000)))
    assert (store.view().phase, store.view().now_ms) == ("attached", 7_000)


def test_frames_are_bounded_and_slower_over_ssh() -> None:
    assert frames_per_second(0, {}) == 2
    assert frames_per_second(0, {"SSH_CONNECTION": "1"}) == 1
    assert frames_per_second(50, {}) == 5
    assert frames_per_second(0.001, {}) == 0.2


def test_a_manual_frame_clock_draws_when_told() -> None:
    drawn: list[str] = []
    clock = FrameClock(2, lambda: drawn.append("frame"), None)
    clock.start()
    assert drawn == []
    clock.now()
    assert drawn == ["frame"]
