"""What each session amounts to in a draw, as things are now."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import msgspec

from console.coordinator.audits.reference import Reference
from console.coordinator.nodes.machines import Machines
from console.coordinator.nodes.sessions import Session
from console.coordinator.parts import Parts
from console.coordinator.rosters.rosters import Candidate, Rules, exclusion
from console.coordinator.store import NodeRow
from console.protocol.ids import NodeId
from console.protocol.reasons import Reason, reason


class Candidates:
    """Looks at the sessions; keeps of its own who is suspended."""

    def __init__(
        self,
        parts: Parts,
        reference: Reference,
        sessions: Mapping[NodeId, Session],
        machines: Machines,
        waiting: Callable[[NodeId], int],
    ) -> None:
        """`sessions`: the live ones, always; `waiting`: jobs that a node has not answered yet."""
        self._parts = parts
        self._reference = reference
        self._sessions = sessions
        self._machines = machines
        self._waiting = waiting
        self._suspended: dict[NodeId, Reason] = {}

    def suspend(self, row: NodeRow) -> bool:
        """Keep what the database says of a node's suspension; whether it is suspended now."""
        node = NodeId(row.id)
        if row.suspended_until_ms <= self._parts.clock.now_ms():
            self._suspended.pop(node, None)
            return False
        self._suspended[node] = reason(
            "suspended",
            sentence=f"The network suspended this node: {row.suspended_rule}.",
            until_ms=row.suspended_until_ms,
            evidence=row.suspended_evidence,
        )
        return True

    def rules(self, context: int) -> Rules:
        """By which a candidate for a job of `context` tokens is left out."""
        reference = self._reference
        return Rules(self._parts.policy, reference.profile, context, reference.exact, reference.calibrated)

    def all(self) -> Iterator[Candidate]:
        """Of every session."""
        return map(self.of, self._sessions.values())

    def one(self, node: NodeId) -> Candidate | None:
        """Of the node's session, if it has one."""
        session = self._sessions.get(node)
        return None if session is None else self.of(session)

    def of(self, session: Session) -> Candidate:
        """With a look at who else claims its machine."""
        alone = self._alone(session)
        if self._machines.alone(session.machine, session.node):
            return alone
        now_ms = self._parts.clock.now_ms()
        shared = self._machines.why(session.machine, session.node, self._could, now_ms)
        return alone if shared is None else msgspec.structs.replace(alone, shared=shared)

    def _could(self, node: NodeId) -> bool:
        """Whether a node would be listed if its machine were its own."""
        if (session := self._sessions.get(node)) is None:
            return False
        why = exclusion(self._alone(session), self.rules(0))
        return why is None or why.code == "queue_full"

    def _alone(self, session: Session) -> Candidate:
        """Without a look at who else claims its machine."""
        suspended = self._suspended.get(session.node)
        if suspended is not None and suspended.until_ms <= self._parts.clock.now_ms():
            suspended = None
        return Candidate(
            session.node,
            session.offer,
            session.alive(self._parts.silence_s),
            session.ready,
            session.reason,
            self._waiting(session.node),
            suspended,
        )
