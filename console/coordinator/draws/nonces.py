"""Nonces: a client's own, revealed after the ticket, or drawn here for a client that has none."""

from __future__ import annotations

import asyncio

import msgspec

from console.coordinator.draws.draws import WithheldError
from console.coordinator.jobs.live import LiveJob, Remark
from console.coordinator.parts import Parts
from console.fairness import nonce_commitment
from console.protocol.types import Ticket

NONCE_BYTES = 16
"""Of a nonce that is drawn here; a client's may have up to twice as many."""
TICKET, DRAW = "quarterdeck-ticket", "quarterdeck-draw"
"""What a client with a nonce is told, each in a comment of its stream."""
_TURNS = 10
"""Into so many turns a client's time is cut. While this coordinator itself hangs, one of them passes at most,
so that what lay unread meanwhile is read before the client is held to have withheld it."""


class NonceFor:
    """The nonce of a job whose client has one. Later attempts use it again: their seeds are others."""

    def __init__(self, parts: Parts, live: LiveJob) -> None:
        self._parts = parts
        self._live = live

    @property
    def at_hand(self) -> bool:
        """Whether the client does not have to be waited for."""
        return self._live.nonce.done()

    async def reveal(self, ticket: Ticket, signature: str) -> str:
        """The nonce, hex, once the client was told its ticket.

        Raises WithheldError: the client does not reveal it in time, or has left.
        """
        told = {"ticket": ticket, "signature": signature, "coordinator": self._parts.key.node_id}
        self._live.tell(Remark(TICKET, msgspec.json.encode(told).decode()))
        nonce, turn_s = self._live.nonce, self._parts.config.limits.nonce_s / _TURNS
        for _ in range(_TURNS):
            await asyncio.wait((nonce,), timeout=turn_s)
            if nonce.done():
                break
        if not nonce.done() or nonce.cancelled():
            raise WithheldError
        return nonce.result()


def reveals(live: LiveJob, nonce: str) -> bool:
    """Take the nonce that a client reveals; whether it is the one that it committed to."""
    try:
        fits = len(nonce) <= 4 * NONCE_BYTES and nonce_commitment(nonce) == live.ask.commitment
    except ValueError:
        return False
    if fits and not live.nonce.done():
        live.nonce.set_result(nonce)
    return fits
