"""How a node's frames get to a coordinator and back, whatever carries them."""

from __future__ import annotations

from typing import Protocol

from console.network.port import Claim
from console.protocol.keys import SigningKey

DIAL_TIMEOUT_S = 10.0
SEND_TIMEOUT_S = 30.0


class Wire(Protocol):
    """One dialled connection. Frames arrive in order and each once, or it breaks."""

    async def send(self, frame: str) -> None:
        """Put a frame on its way. Raises LinkError."""
        ...

    async def receive(self) -> str | bytes:
        """The next frame. Raises LinkError with the cause when there can be none."""
        ...

    async def close(self) -> None:
        """End the connection; never raises."""
        ...


class Dial(Protocol):
    """Makes wires to one address."""

    async def __call__(self, address: str, key: SigningKey, claim: Claim) -> Wire:
        """Dial it. Raises LinkError: it cannot be reached, or is no address."""
        ...
