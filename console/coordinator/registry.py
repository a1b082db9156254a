"""The live sessions, the roster that follows from them, and the signed presence receipts."""

from __future__ import annotations

import msgspec

from console.coordinator.census import Census
from console.coordinator.parts import Parts
from console.coordinator.probation import probation_of
from console.coordinator.reference import Reference
from console.coordinator.rosters import (
    GONE,
    NEXT_SLOT,
    Candidate,
    Eligible,
    Rules,
    SlotRoster,
    eligible,
    exclusion,
    left_out_code,
    roster_ids,
)
from console.coordinator.sessions import Session
from console.coordinator.sign_in import duplicate
from console.coordinator.slots import SlotClock
from console.coordinator.store import NodeRow, StoreError, Unit
from console.fairness import roster_of
from console.ledger import typical_reward
from console.protocol.frames import presence_bytes
from console.protocol.ids import JobId, NodeId, SessionId
from console.protocol.messages import GroupNow, Heartbeat, Presence, Refused, SignIn, Surroundings
from console.protocol.reasons import Reason, reason


class Registry:
    """Who is here. One session per node; the newer one wins only over a dead one."""

    def __init__(self, parts: Parts, reference: Reference) -> None:
        self._parts = parts
        self._reference = reference
        self._sessions: dict[NodeId, Session] = {}
        self._suspended: dict[NodeId, Reason] = {}
        self._open: dict[NodeId, set[JobId]] = {}
        self._listed = SlotRoster(-1, ())
        self.begin_slots(-1)
        self.census = Census(self._groups)

    def sessions(self) -> list[Session]:
        """All of them."""
        return list(self._sessions.values())

    def session(self, node: str) -> Session | None:
        """The node's session, if it is connected and live."""
        session = self._sessions.get(NodeId(node))
        return session if session is not None and session.alive(self._parts.silence_s) else None

    def profile(self, node: str) -> str:
        """Class id of the numerics that the node offers the group's model with; the reference's for none."""
        session = self._sessions.get(NodeId(node))
        offer = session.offer if session is not None else None
        return offer.profile if offer is not None else self._reference.profile

    async def admit(self, message: SignIn) -> Session | Refused:
        """A new session for a sign-in that was checked and cleaned."""
        held = self.session(message.node)
        now_ms = self._parts.clock.now_ms()
        if held is not None:
            return duplicate(message.node, max(0, now_ms - held.last_seen_ms) / 1000)
        row = await self._parts.store.transact(lambda unit: _remember(unit, message, now_ms))
        self.set_suspension(row)
        offers = [offer for offer in message.models if offer.group == self._parts.served.group]
        session = Session(
            SessionId(self._parts.fresh_id()),
            message.node,
            message.name,
            offers[0] if offers else None,
            self._parts.clock,
        )
        if self.session(message.node) is not None:  # two sign-ins raced; the first one has it
            return duplicate(message.node, 0)
        if (old := self._sessions.get(message.node)) is not None:
            old.close()
        self._sessions[message.node] = session
        return session

    def leave(self, session: Session) -> bool:
        """The session is over; whether the node has no newer one."""
        session.close()
        if self._sessions.get(session.node) is not session:
            return False
        del self._sessions[session.node]
        return True

    def took(self, node: str, job: JobId) -> None:
        """The node was given `job`, which counts in its queue until `answered`."""
        self._open.setdefault(NodeId(node), set()).add(job)

    def answered(self, node: str, job: JobId) -> None:
        """The node has no longer to answer `job`."""
        jobs = self._open.get(NodeId(node), set())
        jobs.discard(job)
        if not jobs:
            self._open.pop(NodeId(node), None)

    def set_suspension(self, row: NodeRow) -> None:
        """Keep what the database says of a node's suspension."""
        if row.suspended_until_ms <= self._parts.clock.now_ms():
            self._suspended.pop(NodeId(row.id), None)
            return
        self._suspended[NodeId(row.id)] = reason(
            "suspended",
            sentence=f"The network suspended this node: {row.suspended_rule}.",
            until_ms=row.suspended_until_ms,
            evidence=row.suspended_evidence,
        )

    def begin_slots(self, last: int) -> None:
        """Number slots from here on, above `last`: whatever the wall clock does, none comes twice."""
        now_slot = self._parts.clock.now_ms() // (1000 * self._parts.policy.slot_s)
        self._slots = SlotClock(
            max(now_slot, last + 1), self._parts.clock.tick_s(), self._parts.policy.slot_s
        )

    def listed(self) -> SlotRoster:
        """The roster of this slot. Who comes later stands in the next one; who leaves is left out of draws.

        An empty one is no roster: nobody can be drawn from it, and it is made anew until there is somebody.
        """
        slot = self._slots.slot(self._parts.clock.tick_s())
        if slot != self._listed.slot or not self._listed.ids:
            candidates = [self._candidate(session) for session in self._sessions.values()]
            self._listed = SlotRoster(slot, roster_ids(candidates, self._rules(0)))
        return self._listed

    def eligible(self, context: int, tried: frozenset[NodeId] = frozenset()) -> Eligible:
        """This slot's roster, and who of it is left out of a draw for a job of `context` tokens."""
        listed, rules = self.listed(), self._rules(context)
        return eligible(listed, {node: self._why_not(node, rules, tried) for node in listed.ids})

    def _why_not(self, node: NodeId, rules: Rules, tried: frozenset[NodeId]) -> str:
        if node in tried:
            return "tried"
        session = self._sessions.get(node)
        why = exclusion(self._candidate(session), rules) if session is not None else GONE
        return "" if why is None else left_out_code(why)

    def roster(self, context: int) -> tuple[NodeId, ...]:
        """Sorted ids of the nodes that may be drawn for a job of `context` tokens."""
        return self.eligible(context).ids

    def would_serve(self, context: int) -> bool:
        """Whether a node is only kept from such a job by a full queue."""
        rules = self._rules(context)
        for session in self._sessions.values():
            why = exclusion(self._candidate(session), rules)
            if why is None or why.code == "queue_full":
                return True
        return False

    def largest_context(self) -> int:
        """Of the listed nodes, 0 when there is none."""
        sessions = (self._sessions[node] for node in self.roster(0))
        return max((s.offer.context for s in sessions if s.offer is not None), default=0)

    def count_draw(self, roster: tuple[NodeId, ...], winner: NodeId) -> None:
        """A draw took place."""
        for node in roster:
            if (session := self._sessions.get(node)) is not None:
                session.count_draw(len(roster), node == winner)

    async def look_up(self, session: Session) -> None:
        """Learn how closely the session's node is watched, if that may have changed. Raises StoreError."""
        if session.probation_due:
            session.probation_due = False
            try:
                session.probation = await self._parts.store.transact(
                    lambda unit: probation_of(
                        unit, self._parts.policy, session.node, typical_reward(self._parts.policy)
                    )
                )
            except StoreError:
                session.probation, session.probation_due = None, True
                raise

    def beat(self, session: Session, heartbeat: Heartbeat) -> Presence:
        """The signed answer to a heartbeat."""
        session.beat(heartbeat)
        listed = self.listed()
        now_ms, share, inside = self._parts.clock.now_ms(), session.share, session.node in listed.ids
        why = exclusion(self._candidate(session), self._rules(0))
        presence = Presence(
            slot=listed.slot,
            group=self._parts.served.group,
            roster_root=roster_of(listed.ids).root if listed.ids else "",
            roster_size=len(listed.ids),
            listed=inside and why is None,
            reason=why or (None if inside else NEXT_SLOT),
            draws=share.draws,
            won=share.won,
            expected_milli=share.expected_milli,
            variance_milli=share.variance_milli,
            echo_ms=heartbeat.sent_ms,
            now_ms=now_ms,
            signature="",
            around=self._around(session, listed.slot),
        )
        signature = self._parts.key.sign(presence_bytes(presence))
        return msgspec.structs.replace(presence, signature=signature)

    def _around(self, session: Session, slot: int) -> Surroundings:
        groups, probation = self.census.groups(slot, self._parts.clock.tick_s()), session.probation
        if probation is None:
            return Surroundings(groups)
        return Surroundings(groups, probation.left, probation.audit_ppm)

    def _groups(self, requests_per_min: int) -> tuple[GroupNow, ...]:
        """This coordinator serves one group."""
        served, live = self._parts.served, [s for s in self._sessions.values() if s.offer is not None]
        return (
            GroupNow(
                group=served.group,
                name=served.model,
                nodes=sum(s.alive(self._parts.silence_s) for s in live),
                listed=len(self.listed().ids),
                waiting=sum(map(len, self._open.values())),
                requests_per_min=requests_per_min,
            ),
        )

    def _rules(self, context: int) -> Rules:
        reference = self._reference
        return Rules(self._parts.policy, reference.profile, context, reference.exact, reference.calibrated)

    def _candidate(self, session: Session) -> Candidate:
        suspended = self._suspended.get(session.node)
        if suspended is not None and suspended.until_ms <= self._parts.clock.now_ms():
            suspended = None
        return Candidate(
            session.node,
            session.offer,
            session.alive(self._parts.silence_s),
            session.ready,
            session.reason,
            len(self._open.get(session.node, ())),
            suspended,
        )


def _remember(unit: Unit, message: SignIn, now_ms: int) -> NodeRow:
    known = unit.node(message.node)
    row = NodeRow(message.node, message.name, message.software, message.machine, now_ms, now_ms)
    if known is not None:
        row = msgspec.structs.replace(
            known,
            name=message.name,
            software=message.software,
            machine=message.machine,
            last_seen_ms=now_ms,
        )
    unit.save_node(row)
    return row
