"""A draw: the ticket that fixes it, and the proof of who was drawn."""

from __future__ import annotations

import msgspec

from console.protocol.ids import JobId


class Exclusion(msgspec.Struct, frozen=True):
    """A node of the roster that one draw leaves out, and the public reason."""

    index: int
    """Its place in the sorted roster."""
    code: str
    """`tried` by an earlier attempt, `context` too small, `load`, or a code of `console.protocol.reasons`."""


LOAD = "load"
"""Why a ticket leaves out everybody but one node: the network asks that node, as part of a load challenge."""


class Ticket(msgspec.Struct, frozen=True, omit_defaults=True):
    """Fixes a job's place in the sequence of draws before the nonce is known.

    The last four came later: tickets without them have the bytes, and the signature, that they always had.
    """

    job: JobId
    k: int
    """Gapless number of the draw within its epoch."""
    epoch: int
    roster_root: str
    roster_size: int
    attempt: int
    slot: int = -1
    """Whose signed roster it is."""
    chances: int = 0
    """Nodes of the roster that are not left out; 0 in tickets of before."""
    excluded: str = ""
    """Digest of who is left out and why, `excluded_digest`."""
    commitment: str = ""
    """To the client's nonce, sent before it saw this ticket; empty: the gateway draws the nonce."""


class DrawProof(msgspec.Struct, frozen=True, omit_defaults=True):
    """All that a node needs to recompute that it was drawn, and by what chance."""

    ticket: Ticket
    ticket_signature: str
    nonce: str
    """Hex; drawn by the client, or by the gateway for a client that has none."""
    seed: str
    """Hex: r_k, revealed."""
    seed_path: tuple[str, ...]
    """Hex: Merkle path of r_k to the epoch's committed root."""
    index: int
    """Place of the drawn node in the sorted roster."""
    roster_path: tuple[str, ...]
    """Hex: Merkle path of the node's id to the roster's root."""
    excluded: tuple[Exclusion, ...] = ()
    """Who of the roster is left out, by rising index."""
