"""A true transcript, made as a coordinator makes one, for tests to tamper with."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import msgspec

from console.fairness import EpochSeeds, Roster, pick_of
from console.protocol.frames import ticket_bytes
from console.protocol.ids import GroupId, JobId, NodeId
from console.protocol.keys import SigningKey
from console.protocol.transcript import (
    AttemptEnd,
    Closing,
    Commitment,
    DrawRecord,
    SignedRoster,
    Transcript,
    closing_bytes,
    commitment_bytes,
    excluded_digest,
    roster_bytes,
    transcript_digest,
)
from console.protocol.types import USUAL_POLICY, Exclusion, Ticket

KEY = SigningKey(b"c" * 32)
OTHER_KEY = SigningKey(b"d" * 32)
SECRET = b"s" * 32
SEEDS = EpochSeeds(SECRET)
NODES = tuple(sorted(NodeId(hashlib.sha256(bytes([i])).hexdigest()) for i in range(7)))
GROUP = GroupId("9" * 64)


def job_of(number: int) -> JobId:
    return JobId(hashlib.sha256(f"job {number}".encode()).hexdigest()[:32])


@dataclass
class Maker:
    """Makes draws in order; `key` signs. `before`: the chain of the last ticket before the epoch."""

    key: SigningKey = KEY
    epoch: int = 3
    before: str = ""
    draws: list[DrawRecord] = field(default_factory=list)
    ends: list[AttemptEnd] = field(default_factory=list)
    slots: dict[int, tuple[NodeId, ...]] = field(default_factory=dict)

    @property
    def chain(self) -> str:
        """Of the last ticket, with which the next epoch begins."""
        return self.draws[-1].chain if self.draws else self.before

    def draw(
        self,
        job: JobId,
        attempt: int = 1,
        *,
        ids: tuple[NodeId, ...] = NODES,
        excluded: tuple[Exclusion, ...] = (),
        cause: str = "request",
        at_ms: int = 0,
        commitment: str = "",
    ) -> NodeId:
        """One draw over `ids`; whom it falls on. `commitment`: the client's, to a nonce."""
        k, slot, roster = len(self.draws), 100 + len(self.draws) // 4, Roster(ids)
        ids = self.slots.setdefault(slot, ids)
        roster = Roster(ids)
        left = len(ids) - len(excluded)
        who = excluded_digest(excluded)
        ticket = Ticket(job, k, self.epoch, roster.root, len(ids), attempt, slot, left, who, commitment)
        data = ticket_bytes(ticket)
        chain = hashlib.sha256(bytes.fromhex(self.chain) + data).hexdigest()
        seed, nonce = SEEDS.reveal(k)[0], hashlib.sha256(f"nonce {k}".encode()).hexdigest()[:32]
        index = pick_of(ticket, seed, nonce, excluded).index
        record = DrawRecord(
            ticket,
            self.key.sign(data),
            chain,
            cause,
            at_ms or 1000 * k,
            40,
            excluded,
            seed,
            nonce,
            index,
            ids[index],
        )
        self.draws.append(record)
        return ids[index]

    def end(self, job: JobId, attempt: int, code: str, at_ms: int) -> None:
        """How an attempt ended."""
        self.ends.append(AttemptEnd(job, attempt, at_ms, code, "node" if code != "accepted" else ""))

    def transcript(self, *, closed: bool = True) -> Transcript:
        """The epoch as it is published."""
        sign = self.key.sign
        commitment = Commitment(self.epoch, SEEDS.root, self.before, 1, USUAL_POLICY, "")
        commitment = msgspec.structs.replace(commitment, signature=sign(commitment_bytes(commitment)))
        closing = Closing(
            self.epoch, SECRET.hex(), len(self.draws), transcript_digest(self.draws), 9_000_000, ""
        )
        closing = msgspec.structs.replace(closing, signature=sign(closing_bytes(closing)))
        rosters = []
        for slot, ids in self.slots.items():
            signed = SignedRoster(GROUP, slot, Roster(ids).root, len(ids), slot, "")
            rosters.append(msgspec.structs.replace(signed, signature=sign(roster_bytes(signed))))
        return Transcript(
            coordinator=self.key.node_id,
            commitment=commitment,
            closing=closing if closed else None,
            rosters=tuple(rosters),
            members={Roster(ids).root: ids for ids in self.slots.values()},
            draws=tuple(self.draws),
            ends=tuple(self.ends),
        )


def honest(jobs: int = 12, epoch: int = 3, before: str = "") -> Maker:
    """Some jobs, of which every fourth needs a second attempt without the node that lost it."""
    maker = Maker(epoch=epoch, before=before)
    for number in range(jobs):
        job = job_of(1000 * (epoch - 3) + number)
        node = maker.draw(job)
        if number % 4 == 3:
            maker.end(job, 1, "lease_expired", 1000 * len(maker.draws))
            tried = (Exclusion(NODES.index(node), "tried"),)
            maker.draw(job, 2, excluded=tried, cause="lease_expired")
        maker.end(job, maker.draws[-1].ticket.attempt, "accepted", 1000 * len(maker.draws) + 500)
    return maker
