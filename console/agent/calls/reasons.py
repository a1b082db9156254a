"""Reasons that the operator is called for: each once, until the node has been well in between."""

from __future__ import annotations

from console.agent.board import Board
from console.protocol.reasons import Reason

CALLS = {
    "suspended": "network",
    "duplicate_identity": "network",
    "disk_full": "machine",
    "gpu_lost": "machine",
}
"""Reasons that need a person, and the room that they are told under."""
WELL = ("earning", "no_demand", "lost_draws")


class ReasonCalls:
    """Told each current reason; knows what the operator was called for since the node was well."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._called: set[str] = set()

    def take(self, reason: Reason) -> None:
        """Call the operator about `reason` if it needs a person and has not been called about yet."""
        if reason.code in WELL:
            self._called.clear()
        elif reason.code in CALLS and reason.code not in self._called:
            self._called.add(reason.code)
            if reason.evidence != "journal":  # that one has been told as trouble
                text = f"{reason.sentence} {reason.remedy}".strip()
                self._board.note("error", CALLS[reason.code], text, calls=True)
