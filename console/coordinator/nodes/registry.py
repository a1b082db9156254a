"""The live sessions, and the roster that follows from them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

import msgspec

from console.coordinator.audits.reference import Reference
from console.coordinator.nodes.candidates import Candidates
from console.coordinator.nodes.census import Census
from console.coordinator.nodes.machines import Group, Machines
from console.coordinator.nodes.queues import Queues
from console.coordinator.nodes.sessions import Session
from console.coordinator.nodes.sign_in import duplicate
from console.coordinator.parts import Parts
from console.coordinator.rosters.listing import Listing, Look
from console.coordinator.rosters.rosters import Eligible, exclusion
from console.coordinator.store import NodeRow, Unit
from console.protocol.ids import NodeId, SessionId, short
from console.protocol.messages import GroupNow, Refused, SignIn
from console.protocol.reasons import Reason
from console.protocol.session_key import SessionKey

log = logging.getLogger(__name__)


class Registry:
    """Who is here. One session per node; the newer one wins only over a dead one."""

    def __init__(self, parts: Parts, reference: Reference) -> None:
        self._parts = parts
        self._reference = reference
        self._sessions: dict[NodeId, Session] = {}
        self.machines = Machines(parts.policy.nodes_per_machine)
        self._candidates = Candidates(parts, reference, self._sessions, self.machines, self._waiting)
        seen = self._candidates
        look = Look(seen.all, seen.one, self._sessions.__contains__, seen.rules)
        self.listing = Listing(look, parts.clock, parts.policy.slot_s)
        self.queues = Queues(parts.policy.queue_limit, self.listing.changed)
        self.census = Census(self._groups)
        self.on_news: Callable[[Iterable[NodeId]], None] = _nobody
        """Given nodes about which something changed that they cannot know by themselves."""

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

    async def admit(self, message: SignIn, key: SessionKey | None = None) -> Session | Refused:
        """A new session for a sign-in that was checked and cleaned. `key`: what was agreed on in it."""
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
            message.machine,
            key,
        )
        if self.session(message.node) is not None:  # two sign-ins raced; the first one has it
            return duplicate(message.node, 0)
        self.seat(session)
        return session

    def seat(self, session: Session) -> None:
        """From now on it is its node's session; the one before it is closed."""
        if (old := self._sessions.get(session.node)) is not None:
            old.close()
            self.machines.leave(old.machine, old.node)
        self._sessions[session.node] = session
        if others := self.machines.join(session.machine, session.node):
            known = ", ".join(short(node) for node in others[:3]) + (", …" if others[3:] else "")
            log.warning("node %s claims the machine of %s", short(session.node), known)
        self.listing.forget(session.node)

    def found(self, group: Group) -> None:
        """A load challenge found that these are one machine."""
        self.machines.found(group)
        self.listing.changed()
        self.on_news(group.nodes)

    def leave(self, session: Session) -> bool:
        """The session is over; whether the node has no newer one."""
        session.close()
        if self._sessions.get(session.node) is not session:
            return False
        del self._sessions[session.node]
        self.machines.leave(session.machine, session.node)
        self.listing.forget(session.node)
        self.on_news(self.machines.of(session.machine))
        return True

    def set_suspension(self, row: NodeRow) -> None:
        """Keep what the database says of a node's suspension."""
        self.listing.changed()
        if self._candidates.suspend(row):
            self.on_news((NodeId(row.id),))

    def eligible(self, context: int, tried: frozenset[NodeId] = frozenset()) -> Eligible:
        """This slot's roster, and who of it is left out of a draw for a job of `context` tokens."""
        return self.listing.eligible(context, tried)

    def roster(self, context: int) -> tuple[NodeId, ...]:
        """Sorted ids of the nodes that may be drawn for a job of `context` tokens."""
        return self.eligible(context).ids

    def would_serve(self, context: int) -> bool:
        """Whether a node is only kept from such a job by a full queue, or by not being listed yet."""
        now = self.listing.eligible(context)
        if now.chances or any(one.code == "queue_full" for one in now.excluded):
            return True
        rules = self._candidates.rules(context)
        whys = (exclusion(candidate, rules) for candidate in self._candidates.all())
        return any(why is None or why.code == "queue_full" for why in whys)

    def largest_context(self) -> int:
        """Of the listed nodes, 0 when there is none."""
        sessions = (self._sessions[node] for node in self.roster(0))
        return max((s.offer.context for s in sessions if s.offer is not None), default=0)

    def why(self, session: Session) -> Reason | None:
        """Why the node cannot be drawn for any job; None: it can, if not in this slot, then in the next."""
        return exclusion(self._candidates.of(session), self._candidates.rules(0))

    def _waiting(self, node: NodeId) -> int:
        return self.queues.length(node)

    def _groups(self, requests_per_min: int) -> tuple[GroupNow, ...]:
        """This coordinator serves one group."""
        served, live = self._parts.served, [s for s in self._sessions.values() if s.offer is not None]
        return (
            GroupNow(
                group=served.group,
                name=served.model,
                nodes=sum(s.alive(self._parts.silence_s) for s in live),
                listed=len(self.listing.now().ids),
                waiting=self.queues.waiting,
                requests_per_min=requests_per_min,
            ),
        )


def _nobody(nodes: Iterable[NodeId]) -> None:
    return None


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
