"""The node as a witness of the draws: what it was shown is kept, and handed to whoever audits."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import msgspec

from console.agent.journal.journal import Journal
from console.agent.journal.witnessed import Seen
from console.control.wire import Answer, Command
from console.control.witnessed import KeptEvidence
from console.fairness.own import Witnessed
from console.protocol.ids import NodeId
from console.protocol.messages import Presence

TOGETHER = 30
"""Receipts that are written at once: a minute of them, so that an idle node does not wake its disk."""
WAITING_MOST = 60 * TOGETHER
"""An hour of them, while the journal cannot be written; then the oldest go."""
SPAN_SLOTS = 4_000
"""Of one answer at most."""
MARGIN_MS = 600_000
"""Clocks of node and coordinator may differ by so much."""
_HEX_DIGITS = 64
_LARGEST = 1 << 53
RECEIPT_BYTES = 8 * 1024
"""What no coordinator of good will would exceed; a larger one is no evidence worth a disk."""
_ASKED = ("epoch", "first_slot", "last_slot", "since_ms", "until_ms")


class Witness:
    """Keeps receipts and commitments in the journal."""

    def __init__(self, journal: Journal, node: NodeId, context: Callable[[], int]) -> None:
        """`context`: tokens that the model takes which the network was told at sign-in; 0: none."""
        self._journal = journal
        self._node = node
        self._context = context
        self._coordinator = ""
        self._waiting: dict[Seen, None] = {}  # in the order of their arrival
        self._unwritten = 0
        self.on_kept: Callable[[KeptEvidence], None] = lambda kept: None

    async def told(self, coordinator: str, epoch: int, seeds_root: str) -> None:
        """A commitment was told. Raises JournalError."""
        self._coordinator = coordinator
        if len(seeds_root) == _HEX_DIGITS and 0 <= epoch < _LARGEST:
            await self._journal.witnessed.put_commitment(coordinator, epoch, seeds_root, self._context())
            await self._tell()

    async def saw(self, presence: Presence) -> None:
        """A presence receipt came, whose signature the dialler has checked. Raises JournalError."""
        record = msgspec.json.encode(msgspec.structs.replace(presence, around=None))
        if not self._coordinator or not 0 <= presence.slot < _LARGEST or len(record) > RECEIPT_BYTES:
            return
        digest = hashlib.sha256(record).digest()
        self._waiting[Seen(self._coordinator, presence.slot, digest, record)] = None
        if len(self._waiting) > WAITING_MOST:
            del self._waiting[next(iter(self._waiting))]
        self._unwritten += 1
        if self._unwritten >= TOGETHER:
            await self.flush()

    async def flush(self) -> None:
        """Write what waits; what could not be written waits on. Raises JournalError."""
        self._unwritten, waiting = 0, tuple(self._waiting)
        if waiting:
            await self._journal.witnessed.put_presences(waiting)
            for one in waiting:
                self._waiting.pop(one, None)
            await self._tell()

    async def _tell(self) -> None:
        self.on_kept(await self._journal.witnessed.kept(self._coordinator))

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
            context=await table.context(self._coordinator, epoch),
        )
        return Answer(command.id, True, "", msgspec.Raw(msgspec.json.encode(seen)))
