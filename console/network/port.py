"""The `Network` port: what the agent asks of a network's client, whichever network it is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

import msgspec

from console.protocol.messages import Challenge, FromCoordinator, FromNode, Refused, Welcome
from console.protocol.types import ModelOffer


class LinkError(Exception):
    """There is no connection, or no longer one; the text says why. Trying again later makes sense."""


class RefusedError(Exception):
    """The network said no, with its rule and what to do."""

    def __init__(self, refused: Refused) -> None:
        """`refused`: the network's own words."""
        super().__init__(refused.sentence)
        self.refused = refused


class Claim(msgspec.Struct, frozen=True):
    """What a node says of itself when it signs in."""

    name: str
    software: str
    machine: str
    models: tuple[ModelOffer, ...]


class Session(Protocol):
    """One signed-in connection."""

    challenge: Challenge
    welcome: Welcome

    def messages(self) -> AsyncIterator[FromCoordinator]:
        """What the network says, in order, until the connection ends. Raises LinkError with the cause."""
        ...

    async def send(self, message: FromNode) -> None:
        """Say something. Raises LinkError when it cannot be sent."""
        ...

    async def close(self) -> None:
        """End the connection; never raises."""
        ...


class Network(Protocol):
    """A way into one network."""

    @property
    def address(self) -> str:
        """Where it is, for people."""
        ...

    async def connect(self, claim: Claim) -> Session:
        """Dial and sign in.

        Raises:
            LinkError: unreachable, or it does not speak the protocol.
            RefusedError: it does, and it said no.
        """
        ...
