"""Load challenges: nodes asked at one moment for more tokens than one machine could give.

Each is an ordinary job of the network's own account: ticketed, drawn (among one), verified and paid as any
other. What follows of it is `console.fairness.together`'s to say.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from console.coordinator.audits.reference import Reference
from console.coordinator.dispatch.dispatch import Dispatch
from console.coordinator.jobs.jobs import Job
from console.coordinator.jobs.live import Ask, Done, LiveJob, Trouble
from console.coordinator.parts import Parts
from console.coordinator.store import Unit
from console.engine.port import ChatMessage
from console.ledger import LOAD_CLIENT, TREASURY, client, fund_load, price
from console.protocol.ids import NodeId
from console.protocol.types import Policy

AT_ONCE = 64
"""Nodes that are asked at one moment, at most."""
_LOOKS = 20
"""For the next epoch, in the time of one."""
_NOT_ASKED = frozenset({"no_node", "coordinator_failed", "coordinator_stopping"})
"""Endings that say nothing of the node: it was busy or away before it was asked, or the network failed."""


class UnaskedError(Exception):
    """Nobody was asked: the treasury, or the number of tickets in an epoch, does not reach."""


class Loads:
    """Asks sets of nodes."""

    def __init__(
        self, parts: Parts, reference: Reference, dispatch: Dispatch, epoch: Callable[[], int]
    ) -> None:
        """`epoch`: the number of the open one."""
        self._epoch = epoch
        self._asked = (0, 0)
        """In which epoch, and how many."""
        self._parts = parts
        self._reference = reference
        self._dispatch = dispatch

    async def below(self, nodes: Sequence[NodeId]) -> dict[NodeId, bool | None]:
        """Which of `nodes`, asked at one moment, stay below the group's minimum speed.

        None: that node could not be asked just now, or the network failed; it says nothing of the node.

        Raises:
            UnaskedError: the treasury cannot pay for it.
            StoreError, EngineError: nothing, or not everything, was asked.
        """
        await self._take_turn(len(nodes))
        prompt = await self._prompt()
        await self._fund(len(nodes), len(prompt))
        slow = await asyncio.gather(*(self._ask(node, prompt) for node in nodes))
        return dict(zip(nodes, slow, strict=True))

    async def _take_turn(self, tickets: int) -> None:
        """An epoch has a public number of these; what is beyond waits for the next one.

        Tickets of one turn may fall into an epoch that opens meanwhile, so it has room for one more.
        """
        policy = self._parts.policy
        if tickets + AT_ONCE > policy.load_draws:
            raise UnaskedError
        while True:
            epoch = self._epoch()
            before = self._asked[1] if self._asked[0] == epoch else 0
            if before + tickets + AT_ONCE <= policy.load_draws:
                self._asked = (epoch, before + tickets)
                return
            await asyncio.sleep(policy.epoch_s / _LOOKS)

    async def _prompt(self) -> tuple[int, ...]:
        """Another one each time: what a node has answered before it could give again for nothing."""
        words = f"Tell a long story about ship {self._parts.fresh_id()[:8]} and its crew."
        return await self._reference.chat_ids((ChatMessage("user", words),))

    async def _fund(self, jobs: int, prompt_tokens: int) -> None:
        parts, policy = self._parts, self._parts.policy
        due = jobs * price(policy, prompt_tokens, _most(policy)).client

        def book(unit: Unit) -> bool:
            lacking = due - unit.balance(client(LOAD_CLIENT))
            if lacking > unit.balance(TREASURY):
                return False
            if lacking > 0:
                unit.book(fund_load(parts.fresh_id(), lacking, parts.clock.now_ms()))
            return True

        if not await parts.store.transact(book):
            raise UnaskedError

    async def _ask(self, node: NodeId, prompt: tuple[int, ...]) -> bool | None:
        """Whether it was below the minimum; None: it was not asked, and that says nothing."""
        if self._dispatch.full:
            return None
        most = _most(self._parts.policy)
        ask = Ask(LOAD_CLIENT, prompt, 1000, most, (), streaming=True, only=node)
        live = await self._dispatch.submit(ask, _admit)
        return await self._speed(live, self._parts.clock.tick_s())

    async def _speed(self, live: LiveJob, from_s: float) -> bool | None:
        while True:
            told = await live.told.get()
            if isinstance(told, Trouble):
                return None if told.code in _NOT_ASKED else True
            if isinstance(told, Done):
                return _too_long(
                    told.completion_tokens, self._parts.clock.tick_s() - from_s, self._parts.policy
                )


def _admit(_: Unit, job: Job) -> None:
    """The network's own jobs have no limits but the treasury's."""


def _too_long(tokens: int, took_s: float, policy: Policy) -> bool:
    """Whether an answer came below the minimum speed. A short one has the time of half a full one: what it
    takes before the first token is no speed."""
    return 1000 * max(tokens, _most(policy) // 2) < policy.min_milli_tokens_per_s * took_s


def _most(policy: Policy) -> int:
    """Tokens of an answer."""
    return min(policy.load_tokens, policy.max_tokens)
