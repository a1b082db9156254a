"""What supervision needs of an engine's process: to start it, to see it end, to end it, to prove it."""

from __future__ import annotations

from typing import Protocol

import msgspec

from console.engine.ending import Ended
from console.engine.plan import Learned, Plan
from console.engine.port import Engine


class Proof(msgspec.Struct, frozen=True):
    """What the load-and-generate probe measured."""

    milli_tokens_per_s: int
    """Of one generation alone."""
    first_token_ms: int
    slots: int = 0
    """Slots that were found to help; 0: not measured, all of them are used."""
    slots_because: str = ""
    """What was measured, in words."""
    starved: str = ""
    """What speaks for fewer threads: they did not get the cores they need. In words; empty: nothing."""


class EngineProcess(Protocol):
    """A running engine."""

    @property
    def pid(self) -> int:
        """Its process id."""
        ...

    async def wait(self) -> Ended:
        """Wait for its end, and say how it ended."""
        ...

    def kill(self) -> None:
        """End it at once (SIGKILL); no error when it is gone."""
        ...

    async def stop(self) -> None:
        """End it gently (SIGTERM), then for sure, and reap it."""
        ...


class Launcher(Protocol):
    """Starts engines of one model, and speaks with the one that runs."""

    engine: Engine
    plan: Plan | None
    """Of the last start; None before the first."""

    async def launch(self, learned: Learned) -> EngineProcess:
        """Plan a start with what earlier ones taught, and start a process.

        Raises OSError or EngineError when that is impossible.
        """
        ...

    async def prove(self) -> Proof:
        """Load-and-generate probe. Raises EngineError."""
        ...
