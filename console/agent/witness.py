"""The node as a witness of the draws: what it was shown is kept, and handed to whoever audits."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from console.agent.journal.journal import Journal
from console.control.wire import Answer, Command
from console.fairness.own import Witnessed
from console.protocol.ids import NodeId
from console.protocol.messages import Presence

TOGETHER = 30
"""Receipts that are written at once: a minute of them, so that an idle node does not wake its disk."""
SPAN_SLOTS = 4_000
"""Of one answer at most."""
MARGIN_MS = 600_000
"""Clocks of node and coordinator may differ by so much."""
_HEX_DIGITS = 64
_LARGEST = 1 << 53
_RECEIPT_BYTES = 64 * 1024
_ASKED = ("epoch", "first_slot", "last_slot", "since_ms", "until_ms")


class Witness:
    """Keeps receipts and commitments in the journal."""

    def __init__(self, journal: Journal, node: NodeId, context: Callable[[], int]) -> None:
        """`context`: tokens that the model takes that is offered; 0: none is."""
        self._journal = journal
        self._node = node
        self._context = context
        self._coordinator = ""
        self._waiting: dict[int, Presence] = {}

    async def told(self, coordinator: str, epoch: int, seeds_root: str) -> None:
        """A commitment was told. Raises JournalError."""
        if coordinator != self._coordinator:
            await self.flush()
            self._coordinator = coordinator
        if len(seeds_root) == _HEX_DIGITS and 0 <= epoch < _LARGEST:
            await self._journal.witnessed.put_commitment(coordinator, epoch, seeds_root)

    async def saw(self, presence: Presence) -> None:
        """A presence receipt came. Raises JournalError."""
        # What no coordinator of good will would send is no evidence worth a disk.
        if 0 <= presence.slot < _LARGEST and len(msgspec.json.encode(presence)) <= _RECEIPT_BYTES:
            self._waiting[presence.slot] = msgspec.structs.replace(presence, around=None)
        if len(self._waiting) >= TOGETHER:
            await self.flush()

    async def flush(self) -> None:
        """Write what waits. Raises JournalError."""
        waiting, self._waiting = tuple(self._waiting.values()), {}
        if waiting and self._coordinator:
            await self._journal.witnessed.put_presences(self._coordinator, waiting)

    async def answer(self, command: Command) -> Answer:
        """The command `witnessed`: what was seen of one epoch. Raises JournalError."""
        numbers = [command.args.get(name) for name in _ASKED]
        if not all(isinstance(number, int) and abs(number) < _LARGEST for number in numbers):
            return Answer(command.id, False, f"witnessed asks for {', '.join(_ASKED)}.")
        epoch, first, last, since_ms, until_ms = (int(number or 0) for number in numbers)
        await self.flush()
        table = self._journal.witnessed
        seen = Witnessed(
            node=self._node,
            coordinator=NodeId(self._coordinator),
            commitments=await table.commitments(self._coordinator),
            presences=await table.presences(self._coordinator, max(first, last - SPAN_SLOTS), last),
            won=await table.won(epoch, since_ms - MARGIN_MS, until_ms + MARGIN_MS),
            context=self._context(),
        )
        return Answer(command.id, True, "", msgspec.Raw(msgspec.json.encode(seen)))
