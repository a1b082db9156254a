"""The node's state as all clients see it: changed by events only, each with a number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from console.agent.clock import NowMs
from console.control.events import Event, Noted
from console.control.state import NodeState, Note
from console.control.store import StateStore
from console.control.wire import Delta, Snapshot

Listener = Callable[[Delta], None]


class Board:
    """One writer (the agent's event loop), any number of listeners, which must not block."""

    def __init__(self, now_ms: NowMs, state: NodeState | None = None) -> None:
        self._now_ms = now_ms
        self._listeners: set[Listener] = set()
        self._seq = 0
        self._store = StateStore(state)
        self.on_note: Callable[[Note], None] = lambda note: None
        self.on_keep: Callable[[Note], None] = lambda note: None

    @property
    def state(self) -> NodeState:
        """The state now."""
        return self._store.state

    @state.setter
    def state(self, state: NodeState) -> None:
        self._store.load(state)

    def apply(self, event: Event) -> None:
        """Change the state and tell everybody."""
        at_ms = self._now_ms()
        self._store.apply(at_ms, event)
        self._seq += 1
        delta = Delta(self._seq, at_ms, event)
        for listener in tuple(self._listeners):
            listener(delta)

    def note(
        self,
        level: Literal["info", "good", "warning", "error"],
        room: str,
        text: str,
        keep: bool = True,
        calls: bool = False,
    ) -> None:
        """A line for Events and the log; `keep`: also for the journal; `calls`: it needs the operator."""
        note = Note(self._now_ms(), level, text, room, calls)
        self.apply(Noted(note))
        self.on_note(note)
        if keep:
            self.on_keep(note)

    def snapshot(self) -> Snapshot:
        """The state now."""
        return Snapshot(self._seq, self._now_ms(), self.state)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` for every event from now on; what is returned ends that."""
        self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)
