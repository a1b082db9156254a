"""The transcript as it lies in the database: read while a coordinator runs, and from what one left behind."""

from __future__ import annotations

from typing import Any

import msgspec

from console.coordinator.store.database import Readable
from console.protocol.ids import GroupId, JobId, NodeId
from console.protocol.transcript import (
    AttemptEnd,
    Carried,
    Closing,
    Commitment,
    DrawRecord,
    SignedRoster,
    Transcript,
    excluded_digest,
)
from console.protocol.types import Exclusion, Policy, Ticket

_DRAWS = """SELECT job, k, epoch, roster_root, roster_size, attempt, slot, chances, excluded, "commitment",
  signature, chain, cause, at_ms, need, seed, nonce, pick, node FROM tickets WHERE epoch = ? ORDER BY k"""
_ROSTERS = """SELECT "group", slot, root, size, at_ms, signature FROM slots
  WHERE slot IN (SELECT slot FROM tickets WHERE epoch = ?) ORDER BY slot"""
_MEMBERS = """SELECT root, node FROM roster_members
  WHERE root IN (SELECT roster_root FROM tickets WHERE epoch = ?) ORDER BY root, node"""
_ENDS = """SELECT DISTINCT a.job, a.attempt, a.ended_ms, a.code, a.fault, a.node, 0 FROM attempts a
  JOIN tickets t ON t.job = a.job AND t.attempt >= a.attempt WHERE t.epoch = ? AND a.ended_ms > 0
  UNION ALL SELECT t.job, t.attempt, j.changed_ms, j.code, j.fault, '', j.price
  FROM tickets t JOIN jobs j ON j.id = t.job AND j.attempt = t.attempt
  WHERE t.epoch = ? AND t.node = '' AND j.state IN ('FAILED', 'CANCELLED') ORDER BY 1, 2"""
_CARRIED = """SELECT a.node, a.ended_ms FROM attempts a
  JOIN tickets t ON t.job = a.job AND t.attempt = a.attempt
  WHERE t.epoch < ?1 AND a.started_ms + 86400000 >= ?2
  AND (a.ended_ms = 0 OR a.ended_ms + 600000 >= ?2) ORDER BY 1, 2"""
"""With what ended a little before: who is left out may be decided while the epoch is about to change."""
_EPOCH = """SELECT epoch, root, chain, opened_ms, policy, signature,
  secret, draws, transcript, closed_ms, closing_signature FROM epochs WHERE epoch = ?"""


def epochs(db: Readable) -> list[int]:
    """Epochs whose commitment is signed: those before that have no transcript that proves anything."""
    return [row[0] for row in db.execute("SELECT epoch FROM epochs WHERE signature <> '' ORDER BY epoch")]


def read_transcript(db: Readable, coordinator: NodeId, epoch: int) -> Transcript | None:
    """The epoch as it is published; None when there is no such epoch."""
    row = db.execute(_EPOCH, (epoch,)).fetchone()
    if row is None:
        return None
    opened_ms, end = row[3], row[6:]
    members: dict[str, list[NodeId]] = {}
    for its_root, node in db.execute(_MEMBERS, (epoch,)):
        members.setdefault(its_root, []).append(node)
    return Transcript(
        coordinator=coordinator,
        commitment=_commitment(row),
        closing=_closing(epoch, end),
        rosters=tuple(SignedRoster(GroupId(group), *rest) for group, *rest in db.execute(_ROSTERS, (epoch,))),
        members={its_root: tuple(ids) for its_root, ids in members.items()},
        draws=tuple(read_draws(db, epoch)),
        ends=tuple(AttemptEnd(JobId(job), *rest) for job, *rest in db.execute(_ENDS, (epoch, epoch))),
        carried=tuple(Carried(NodeId(node), at) for node, at in db.execute(_CARRIED, (epoch, opened_ms))),
    )


def read_commitment(db: Readable, epoch: int) -> Commitment | None:
    """What was committed to before the epoch; None when there is no such epoch."""
    row = db.execute(_EPOCH, (epoch,)).fetchone()
    return None if row is None else _commitment(row)


def read_draws(db: Readable, epoch: int) -> list[DrawRecord]:
    """The epoch's draws in their order."""
    return [_draw(row) for row in db.execute(_DRAWS, (epoch,))]


def _draw(row: tuple[Any, ...]) -> DrawRecord:
    job, k, epoch, root, size, attempt, slot, chances, excluded, commitment, *rest = row
    signature, chain, cause, at_ms, need, seed, nonce, pick, node = rest
    who = msgspec.json.decode(excluded, type=tuple[Exclusion, ...])
    # The digest is made again from who is left out, and the signature shows whether it is the ticket's.
    place = epoch, root, size, attempt, slot, chances
    ticket = Ticket(job, k, *place, excluded_digest(who), commitment)
    return DrawRecord(ticket, signature, chain, cause, at_ms, need, who, seed, nonce, pick, NodeId(node))


def _commitment(row: tuple[Any, ...]) -> Commitment:
    number, root, chain, opened_ms, policy, signature, *_ = row
    rules = msgspec.json.decode(policy, type=Policy)
    return Commitment(number, root, chain, opened_ms, rules, signature)


def _closing(epoch: int, end: tuple[Any, ...]) -> Closing | None:
    secret, draws, transcript, closed_ms, signature = end
    return Closing(epoch, secret, draws, transcript, closed_ms, signature) if closed_ms else None
