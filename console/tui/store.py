"""What the console knows: the node's state as reduced from news, how fresh it is, and what changed since."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from console.control.events import (
    EarningsChanged,
    EngineChanged,
    Event,
    JobChanged,
    LimitsChanged,
    MachineProbed,
    MachineSampled,
    ModelsChanged,
    MoneyChanged,
    NetworkChanged,
    NodeChanged,
    Noted,
    PlanChanged,
    ReasonChanged,
    SwitchesChanged,
    TimelineChanged,
    VerdictArrived,
)
from console.control.job_book import JobBook
from console.control.link import Lost, News
from console.control.state import NodeState
from console.control.store import StateStore
from console.control.wire import Delta, Hello, Snapshot
from console.tui.job_order import JobOrder

Part = Literal[
    "link", "time", "node", "reason", "engine", "machine", "network", "switches", "money", "jobs",
    "verdicts", "notes", "earnings", "timeline", "limits", "models", "facts", "plan",
]  # fmt: skip
"""What a panel can depend on. `time`: something on it tells an age."""
EVERYTHING: frozenset[Part] = frozenset(
    ("link", "time", "node", "reason", "engine", "machine", "network", "switches", "money", "jobs",
     "verdicts", "notes", "earnings", "timeline", "limits", "models", "facts", "plan")
)  # fmt: skip
SILENCE_MS = 15_000
"""An attached agent that has said nothing for so long is no longer believed to be as shown."""

_PARTS: dict[type[Event], Part] = {
    NodeChanged: "node",
    ReasonChanged: "reason",
    EngineChanged: "engine",
    MachineSampled: "machine",
    NetworkChanged: "network",
    SwitchesChanged: "switches",
    MoneyChanged: "money",
    JobChanged: "jobs",
    VerdictArrived: "verdicts",
    Noted: "notes",
    EarningsChanged: "earnings",
    TimelineChanged: "timeline",
    LimitsChanged: "limits",
    ModelsChanged: "models",
    MachineProbed: "facts",
    PlanChanged: "plan",
}

Phase = Literal["attaching", "recalled", "attached", "silent", "lost", "ended"]
"""`attaching`: nothing known yet; `recalled`: attaching, and what an earlier console saw is shown meanwhile;
`silent` and `lost`: what is shown is old; `ended`: a recording is over."""


class View(msgspec.Struct, frozen=True):
    """All that a panel may draw from, at one moment."""

    state: NodeState
    now_ms: int
    """The agent's time now; while it is out of reach, its time when last heard of."""
    phase: Phase
    unseen_ms: int = 0
    """How long ago the agent was last heard of."""
    trouble: str = ""
    """Why it is out of reach."""
    order: JobOrder | None = None
    """The store's own, so that it is kept up and not made anew."""

    def __post_init__(self) -> None:
        """A view without a store makes its own order."""
        if self.order is None:
            msgspec.structs.force_setattr(self, "order", JobOrder(JobBook(self.state.jobs)))

    @property
    def jobs(self) -> JobOrder:
        """The jobs as they stand now, live ones first, the newest first: any few of 10,000 cost the same."""
        assert self.order is not None
        self.order.catch_up()
        return self.order

    @property
    def book(self) -> JobBook:
        """The jobs by key, as they stand now, and how many are live."""
        assert self.order is not None
        return self.order.book

    @property
    def stale(self) -> bool:
        """Whether the figures are old, and must look so."""
        return self.phase in ("recalled", "silent", "lost", "ended")

    @property
    def known(self) -> bool:
        """Whether there is anything to show at all."""
        return self.phase != "attaching"


class ViewStore:
    """Reduces news and remembers what they touched, until a frame takes it.

    `clock` gives milliseconds, of any origin; ages are reckoned from the agent's own times.
    """

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._store = StateStore()
        self._order = JobOrder(self._store.book)
        self._phase: Phase = "attaching"
        self._trouble = ""
        self._heard_at_ms = 0
        self._spoke = False
        self._heard_here_ms = clock()
        self._dirty: set[Part] = set()
        self._shown_second = -1

    def recall(self, state: NodeState, at_ms: int, unseen_ms: int) -> None:
        """Show `state`, of an earlier console, until the agent speaks; it stood so `unseen_ms` ago."""
        self._store.load(state)
        self._heard_at_ms, self._heard_here_ms = at_ms, self._clock() - unseen_ms
        self._phase = "recalled"
        self._dirty |= EVERYTHING

    def apply(self, news: News) -> None:
        """Take in one message."""
        match news:
            case Delta(at_ms=at_ms, event=event):
                self._store.apply(at_ms, event)
                self._heard(at_ms)
                part = _PARTS.get(type(event))
                if part is not None:
                    self._dirty.add(part)
            case Snapshot(at_ms=at_ms, state=state):
                self._store.load(state)
                self._heard(at_ms)
                self._dirty |= EVERYTHING
            case Lost(sentence=sentence, retry_s=retry_s):
                self._trouble = sentence
                gone: Phase = "lost" if retry_s > 0 else "ended"
                self._phase = gone if self._heard_at_ms else "attaching"
                self._dirty |= EVERYTHING
            case Hello():
                self._dirty.add("link")

    def _heard(self, at_ms: int) -> None:
        if self._phase == "recalled":
            self._heard_at_ms = 0
        self._spoke = True
        self._heard_at_ms = max(self._heard_at_ms, at_ms)
        here_ms = self._clock()
        was_silent = here_ms - self._heard_here_ms >= SILENCE_MS
        self._heard_here_ms = here_ms
        if self._phase != "attached" or was_silent:
            self._phase, self._trouble = "attached", ""
            self._dirty |= EVERYTHING

    @property
    def heard(self) -> bool:
        """Whether the agent itself has spoken, so that what is here is worth keeping."""
        return self._spoke

    def view(self) -> View:
        """The state as it stands."""
        phase, unseen_ms = self._standing()
        now_ms = self._heard_at_ms + (unseen_ms if phase == "attached" else 0)
        trouble = self._trouble or ("The agent is silent." if phase == "silent" else "")
        return View(self._store.state, now_ms, phase, unseen_ms, trouble, self._order)

    def _standing(self) -> tuple[Phase, int]:
        """The phase, and for how many milliseconds nothing was heard."""
        unseen_ms = max(0, self._clock() - self._heard_here_ms)
        silent = self._phase == "attached" and unseen_ms >= SILENCE_MS
        return ("silent" if silent else self._phase), unseen_ms

    def take_dirty(self) -> frozenset[Part]:
        """What changed since the last call; `time` once in each second."""
        second = self._clock() // 1000
        if second != self._shown_second:
            was_silent = self._shown_second * 1000 - self._heard_here_ms >= SILENCE_MS
            self._shown_second = second
            self._dirty.add("time")
            if not was_silent and self._standing()[0] == "silent":
                self._dirty |= EVERYTHING
        dirty, self._dirty = frozenset(self._dirty), set()
        return dirty

    def touch(self) -> None:
        """Have everything drawn again."""
        self._dirty |= EVERYTHING
