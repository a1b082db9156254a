"""Presence receipts: what the network holds of a node, signed, as it beats and as soon as that changes."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from console.coordinator.nodes.probation import probation_of
from console.coordinator.nodes.registry import Registry
from console.coordinator.nodes.sessions import Session
from console.coordinator.parts import Parts
from console.coordinator.rosters.rosters import NEXT_SLOT
from console.coordinator.store import StoreError
from console.ledger import typical_reward
from console.protocol.frames import presence_bytes
from console.protocol.ids import NodeId
from console.protocol.messages import Heartbeat, Presence, Surroundings
from console.protocol.reasons import Reason

NO_BEAT = 0
"""`echo_ms` of a receipt that answers no heartbeat: the node measures nothing by it."""


class Presences:
    """Makes and sends them."""

    def __init__(self, parts: Parts, registry: Registry) -> None:
        """From now on nodes are told when what keeps them out of the roster changes."""
        self._parts = parts
        self._registry = registry
        registry.on_news = self.tell

    def answer(self, session: Session, heartbeat: Heartbeat) -> Presence:
        """The signed answer to a heartbeat."""
        if session.beat(heartbeat):
            self._registry.listing.changed()
        return self._receipt(session, *self._standing(session), heartbeat.sent_ms)

    def tell(self, nodes: Iterable[NodeId]) -> None:
        """Something about these changed that they cannot know: whose reason is another one is told so.

        Their own state and queue they know by themselves, and the next heartbeat's answer has both.
        """
        for node in nodes:
            session = self._registry.session(node)
            if session is None or session.told is None:
                continue
            standing = self._standing(session)
            if session.told != standing:
                session.send(self._receipt(session, *standing, NO_BEAT))

    async def look_up(self, session: Session) -> None:
        """Learn how closely the session's node is watched, if that may have changed. Raises StoreError."""
        if not session.probation_due:
            return
        session.probation_due = False
        policy = self._parts.policy
        try:
            track = await self._parts.store.transact(
                lambda unit: unit.track(session.node, policy.probation_answers)
            )
            session.probation = probation_of(track, policy, typical_reward(policy))
        except StoreError:
            session.probation, session.probation_due = None, True
            raise

    def _standing(self, session: Session) -> tuple[bool, Reason | None]:
        """Whether the node is listed now, and if not, why."""
        inside = self._registry.listing.now().place(session.node) >= 0
        why = self._registry.why(session)
        return inside and why is None, why or (None if inside else NEXT_SLOT)

    def _receipt(self, session: Session, listed: bool, why: Reason | None, echo_ms: int) -> Presence:
        session.told = listed, why
        roster, share = self._registry.listing.now(), self._registry.listing.share(session.node)
        presence = Presence(
            slot=roster.slot,
            group=self._parts.served.group,
            roster_root=roster.tree.root if roster.ids else "",
            roster_size=len(roster.ids),
            listed=listed,
            reason=why,
            draws=share.draws,
            won=share.won,
            expected_milli=round(1000 * share.expected),
            variance_milli=round(1000 * share.variance),
            echo_ms=echo_ms,
            now_ms=self._parts.clock.now_ms(),
            signature="",
            around=self._around(session, roster.slot),
        )
        signature = self._parts.key.sign(presence_bytes(presence))
        return msgspec.structs.replace(presence, signature=signature)

    def _around(self, session: Session, slot: int) -> Surroundings:
        groups = self._registry.census.groups(slot, self._parts.clock.tick_s())
        probation = session.probation
        if probation is None:
            return Surroundings(groups)
        return Surroundings(groups, probation.left, probation.audit_ppm)
