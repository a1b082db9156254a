"""The `Transport` port: lines that nodes dial, whatever carries them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol


class Line(Protocol):
    """One node's connection. Frames arrive in order and each once, or the line ends."""

    async def send(self, frame: str) -> None:
        """Put a frame on its way. Raises LineError when the line has ended."""
        ...

    async def receive(self) -> str | bytes:
        """The next frame. Raises LineError when the line has ended."""
        ...

    async def close(self) -> None:
        """End the line; never raises."""
        ...


Serve = Callable[[Line], Awaitable[None]]
"""Serves one line from beginning to end; whatever happens to the line, it returns."""


class Transport(Protocol):
    """Takes lines in beside the WebSocket hub, which is a part of the app."""

    async def connect(self) -> None:
        """Find the way to where lines come from, and take none yet. Raises TransportError."""
        ...

    async def start(self, serve: Serve, token: int) -> None:
        """Serve every line that is dialled from now on. `token`: the fencing token of who serves.

        Raises:
            TransportError: nobody may be served over it, or it is gone again.
        """
        ...

    async def close(self) -> None:
        """End all lines and take no more; never raises."""
        ...


class TransportError(Exception):
    """Lines cannot be taken in; the text says why and what to do."""
