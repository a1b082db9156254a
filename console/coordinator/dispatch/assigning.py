"""The beginning of an attempt: ticket, draw, and the assignment that the drawn node is sent."""

from __future__ import annotations

import msgspec

from console.coordinator.audits.reference import Reference
from console.coordinator.draws.draws import Drawn, Draws, Fixed
from console.coordinator.draws.nonces import DRAW, NONCE_BYTES, NonceFor
from console.coordinator.jobs.jobs import Job
from console.coordinator.jobs.live import ClientGone, LiveJob, NodeGone, Remark
from console.coordinator.nodes.registry import Registry
from console.coordinator.parts import Parts
from console.coordinator.rosters.rosters import Eligible
from console.coordinator.store import Unit
from console.protocol.types import Assignment


class Assigning:
    """Gives jobs to nodes by lot; holds nothing of its own."""

    def __init__(self, parts: Parts, registry: Registry, draws: Draws, reference: Reference) -> None:
        self._parts = parts
        self._registry = registry
        self._draws = draws
        self._reference = reference

    async def start(self, live: LiveJob, roster: Eligible, cause: str) -> ClientGone | None:
        """Draw one of `roster` and send it the assignment.

        ClientGone: the client left before it had a ticket, so there is none: it has withheld no nonce, and no
        node works for nobody.

        Raises:
            EpochFullError: the epoch has no seed left.
            StoreError: nothing was sent.
            WithheldError: the client did not reveal its nonce, or not while its ticket's epoch lasted.
        """
        turns, nonce = self._draws.turns, NonceFor(self._parts, live)
        async with turns.draw():
            if live.client_gone:
                return ClientGone()
            if not live.ask.commitment:
                drawn = await self._draws.fix_and_draw(live.job, roster, cause, self._own_nonce)
                self._give(live, roster, drawn)
                return None
            fixed = await self._draws.fix(live.job, roster, cause, live.ask.commitment)
            live.job = fixed.job
            if nonce.at_hand:
                await self._assign(live, roster, fixed, await nonce.reveal(fixed.ticket, fixed.row.signature))
                return None
        # A client takes its time in nobody's turn: a change of epoch would wait for it, and all draws too.
        revealed = await nonce.reveal(fixed.ticket, fixed.row.signature)
        async with turns.draw():
            await self._assign(live, roster, fixed, revealed)
        return None

    async def _assign(self, live: LiveJob, roster: Eligible, fixed: Fixed, nonce: str) -> None:
        drawn = self._draws.draw(fixed, roster, nonce)
        await self._parts.store.transact(lambda unit: self._record(unit, drawn, fixed.job))
        self._give(live, roster, drawn)

    def _give(self, live: LiveJob, roster: Eligible, drawn: Drawn) -> None:
        """Send the drawn node its assignment."""
        live.job = drawn.job
        live.tried.add(drawn.node)
        live.received, live.result = [], None
        live.visible = self._reference.visible(live.ask.stop)
        live.assignment = self._assignment(live, drawn)
        if live.ask.commitment:
            told = {"proof": drawn.proof, "node": drawn.node}
            live.tell(Remark(DRAW, msgspec.json.encode(told).decode()))
        self._registry.listing.drawn(roster, drawn.node)
        live.ahead = self._registry.queues.length(drawn.node)
        self._registry.queues.took(drawn.node, drawn.job.id)
        session = self._registry.session(drawn.node)
        if session is None or not session.send(live.assignment):
            live.inbox.put_nowait(NodeGone(drawn.node, on_purpose=True))

    def _own_nonce(self) -> str:
        return self._parts.entropy(NONCE_BYTES).hex()

    def _record(self, unit: Unit, drawn: Drawn, ticketed: Job) -> None:
        unit.fill_ticket(drawn.row)
        unit.save_job(drawn.job, ticketed)
        unit.add_attempt(drawn.job, drawn.job.changed_ms)

    def _assignment(self, live: LiveJob, drawn: Drawn) -> Assignment:
        return Assignment(
            job=drawn.job.id,
            attempt=drawn.job.attempt,
            fence=drawn.job.fence,
            group=self._parts.served.group,
            prompt_ids=live.ask.prompt_ids,
            temperature_milli=live.ask.temperature_milli,
            max_tokens=live.ask.max_tokens,
            stop=live.ask.stop,
            profile=self._registry.profile(drawn.node),
            lease_s=self._parts.policy.lease_s,
            reward_rate=self._parts.policy.node_rate,
            draw=drawn.proof,
            rules=live.ask.rules,
        )
