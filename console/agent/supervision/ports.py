"""What supervision needs of an engine's process: to start it, to see it end, to end it, to prove it."""

from __future__ import annotations

from typing import Protocol

import msgspec

from console.engine.port import Engine


class Proof(msgspec.Struct, frozen=True):
    """What the load-and-generate probe measured."""

    milli_tokens_per_s: int
    first_token_ms: int


class EngineProcess(Protocol):
    """A running engine."""

    @property
    def pid(self) -> int:
        """Its process id."""
        ...

    async def wait(self) -> str:
        """Wait for its end, and say in a sentence how it ended."""
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

    async def launch(self) -> EngineProcess:
        """Start a process. Raises OSError or EngineError when that is impossible."""
        ...

    async def prove(self) -> Proof:
        """Load-and-generate probe. Raises EngineError."""
        ...
