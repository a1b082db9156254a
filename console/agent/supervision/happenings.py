"""What is known of the engine and what can happen to it: the words that the machine and its shell share."""

from __future__ import annotations

from typing import Literal

import msgspec

from console.control.state import EngineState
from console.engine.plan import Learned

FIRST_BACKOFF_S = 2
LAST_BACKOFF_S = 512
STEADY_S = 60
"""An engine that was ready for so long has recovered: the next failure starts the backoff anew."""
BREAKER_FAILURES = 10
"""Failures in a row after which the breaker opens: trying on would only heat the machine."""
BREAKER_S = 3600
"""After so long, or on `restart_engine`, one more try is made."""
HEALTH_SILENCE_S = 10.0
"""An engine whose process lives but whose health does not answer for so long is hung."""

OPERATOR = "the operator asked for a restart"
FEWER = "one thread is tried, since more did not get the cores they need"
MORE = "one thread was no faster, so there are more again"
OURS = {
    OPERATOR: "The engine was ended for a restart that the operator asked for.",
    FEWER: "The engine is started again with one thread, to measure which is faster.",
    MORE: "The engine is started again with more threads: one was no faster.",
}
"""Ends that are no failures, and what is said of them."""

Order = Literal["start", "kill", "probe"]


class Limits(msgspec.Struct, frozen=True):
    """From the operator's configuration, seconds."""

    token_timeout_s: float = 30.0
    start_timeout_s: float = 120.0

    @property
    def late_ms(self) -> int:
        """How long a job may wait for a token: four times as long as an engine, since prompts take time."""
        return int(4000 * self.token_timeout_s)


class Supervised(msgspec.Struct, frozen=True):
    """What is known of the engine. `failures`: in a row; `since_ms`: of this state."""

    state: EngineState = "stopped"
    since_ms: int = 0
    sentence: str = ""
    failures: int = 0
    restarts: int = 0
    next_try_ms: int = 0
    heard_ms: int = 0
    """When health last answered."""
    killed_for: str = ""
    """Why it was killed by us: the cause that its exit will be told with."""
    memory: bool = False
    """Whether it was killed because it said that memory ran out."""
    learned: Learned = Learned()
    """What the next start is planned with. Step-downs stay until the operator restarts the engine."""
    trial_milli: int = 0
    """Tokens/s × 1000 with the planned threads, while one thread is on trial; 0: it is not."""


class Begin(msgspec.Struct, frozen=True):
    """The agent, or the operator, wants it running now."""


class Started(msgspec.Struct, frozen=True):
    """The process exists."""


class Answered(msgspec.Struct, frozen=True):
    """Health answered. `stalled_ms`: no token and no step for so long while a job runs, else 0."""

    state: Literal["loading", "ready", "failed"]
    sentence: str
    stalled_ms: int = 0
    memory: bool = False
    """With `failed`: whether memory ran out."""


class Proved(msgspec.Struct, frozen=True):
    """The load-and-generate probe passed. What it measured: see `ports.Proof`."""

    milli_tokens_per_s: int = 0
    slots: int = 0
    slots_because: str = ""
    starved: str = ""


class Disproved(msgspec.Struct, frozen=True):
    """The probe failed."""

    sentence: str


class Exited(msgspec.Struct, frozen=True):
    """The process is gone; `sentence` says how."""

    sentence: str
    memory: bool = False
    """Whether memory ran out."""
    smaller: str = ""
    """What the next step down would be; empty: there is none."""


class Silent(msgspec.Struct, frozen=True):
    """Health did not answer."""


class Restart(msgspec.Struct, frozen=True):
    """The operator wants it started anew; no fault, no wait."""


class Tick(msgspec.Struct, frozen=True):
    """Time passed."""


Happening = Begin | Started | Answered | Proved | Disproved | Exited | Silent | Restart | Tick

ALIVE: frozenset[EngineState] = frozenset(("starting", "loading", "probing", "ready"))
"""States in which there is a process."""
