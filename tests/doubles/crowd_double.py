"""A console with as many jobs, or events, as a test wants."""

from __future__ import annotations

import msgspec

from console.control.events import Event
from console.control.recording import Recorded, read
from console.control.replay import Replay
from console.control.state import NodeState
from console.control.wire import Delta, Snapshot
from console.protocol.ids import JobId
from console.settings.config import ScreenConfig
from console.tui.app import QuarterdeckApp
from console.tui.picture import StillClock
from doubles.console_double import RECORDINGS


def earning() -> NodeState:
    """The state of the recording `earning`."""
    state: NodeState = read(RECORDINGS / "earning.jsonl")[1].message.state
    return state


def crowd(count: int) -> NodeState:
    """`count` running jobs, the newest first, with 0 to 4,095 tokens, and those of `earning`."""
    state = earning()
    running = next(job for job in state.jobs if job.state == "running")
    live = [
        msgspec.structs.replace(
            running,
            job=JobId(f"{number:06x}{'0' * 26}"),
            received_ms=state.now_ms - 100 * (count - number),
            lease_until_ms=state.now_ms + 600_000,
            tokens=number * 7919 % 4096,
            max_tokens=4096,
        )
        for number in reversed(range(count))
    ]
    return msgspec.structs.replace(state, jobs=(*live, *state.jobs))


def console_with(state: NodeState, settings: ScreenConfig | None = None) -> QuarterdeckApp:
    """The app with `state`; `app.clock` stands."""
    source = Replay([Recorded(state.now_ms, Snapshot(1, state.now_ms, state))], speed=0)
    clock = StillClock()
    app = QuarterdeckApp(source, clock, settings or ScreenConfig())
    app.clock = clock  # type: ignore[attr-defined]
    return app


def tell(app: QuarterdeckApp, *happened: Event) -> None:
    """Have it happen now, and drawn."""
    for event in happened:
        app.store.apply(Delta(0, app.store.view().now_ms, event))
    app.flush()
