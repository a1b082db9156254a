"""Where coordinators' keys are remembered: in the journal, whose failures are a connection's failures."""

from __future__ import annotations

from console.agent.journal import JournalError
from console.agent.journal.facts import FactTable
from console.network.port import LinkError
from console.protocol.ids import NodeId


class KeptPins:
    """Implements the network's `Pins`. Raises LinkError: a key that cannot be kept now is tried again."""

    def __init__(self, facts: FactTable) -> None:
        self._facts = facts

    async def pinned(self, address: str) -> NodeId | None:
        """The key first seen at `address`."""
        try:
            return await self._facts.pinned(address)
        except JournalError as error:
            raise LinkError(str(error)) from error

    async def pin(self, address: str, key: NodeId) -> None:
        """Remember it for good."""
        try:
            await self._facts.pin(address, key)
        except JournalError as error:
            raise LinkError(str(error)) from error
