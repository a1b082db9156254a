"""When the network challenges its nodes' loads, whom it suspects, and what follows, by public rules."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from console.coordinator.challenges.loads import AT_ONCE, Loads, UnaskedError
from console.coordinator.nodes.machines import Group
from console.coordinator.nodes.registry import Registry
from console.coordinator.parts import Parts
from console.coordinator.store import StoreError
from console.engine.port import EngineError
from console.fairness.together import ORDERS, ROUNDS, Round, fitting, kinds, one_machine
from console.protocol.ids import NodeId, short

log = logging.getLogger(__name__)
FEWEST = 4
"""Nodes of a roster that is challenged: with fewer there is nobody to compare with."""
MOST = 256
"""A larger roster is not challenged: each of its tickets would name all others."""
SUSPECTS, TESTED = 32, 8
"""So many of those who were too slow are asked together, and so many of these apart."""


class Challenges:
    """Challenges the group now and then, at moments that nobody can know."""

    def __init__(self, parts: Parts, registry: Registry, loads: Loads) -> None:
        self._parts = parts
        self._registry = registry
        self._loads = loads

    async def watch(self) -> None:
        """For ever; at once over where the policy has no challenges."""
        policy = self._parts.policy
        while policy.load_every_s and policy.nodes_per_machine:
            await asyncio.sleep(2 * policy.load_every_s * self._lot() / (1 << 32))
            try:
                await self.challenge()
            except UnaskedError:
                log.info("a load challenge came to nothing: there is nothing to pay it with")
            except (StoreError, EngineError) as error:
                log.error("a load challenge came to nothing: %s", error)
            except Exception:  # whatever one met, the next may come to something
                log.exception("a load challenge came to nothing")

    async def challenge(self) -> Group | None:
        """One challenge: everybody at one moment, then an experiment with who was too slow.

        Raises:
            UnaskedError: it cannot be paid.
            StoreError, EngineError: it could not be carried out.
        """
        listed = self._registry.roster(0)
        if not FEWEST <= len(listed) <= MOST:
            return None
        asked = self._some(listed, AT_ONCE)
        below = await self._loads.below(asked)
        suspects = self._some([node for node in asked if below[node]], SUSPECTS)
        others = [node for node in listed if node not in suspects]
        if len(suspects) < 2 or len(others) < len(suspects) - 1:
            return None
        found = await self._experiment(suspects, others)
        return self._named(found) if found else None

    async def _experiment(self, suspects: list[NodeId], others: list[NodeId]) -> frozenset[NodeId]:
        """Ends as soon as no two can be found any more, which for honest nodes is soon."""
        rounds: list[Round] = []
        tested = suspects[:TESTED]
        for together in kinds([self._lot() for _ in range(2 * ROUNDS)]):
            below = await (
                self._together(suspects) if together else self._apart(tested, others, len(suspects) - 1)
            )
            rounds.append(Round(together, below))
            if len(fitting(tested, rounds)) < 2:
                return frozenset()
        return one_machine(tested, rounds)

    async def _together(self, suspects: list[NodeId]) -> frozenset[NodeId]:
        """Who could not be asked is not below, which clears it."""
        below = await self._loads.below(suspects)
        return frozenset(node for node in suspects if below[node])

    async def _apart(self, tested: list[NodeId], others: list[NodeId], most: int) -> frozenset[NodeId]:
        """One after the other, each beside `most` others: the network has as much to do as together.

        Who could not be asked counts as below, which clears it.
        """
        below: set[NodeId] = set()
        for node in tested:
            beside = self._some(others, most)
            if (await self._loads.below([node, *beside]))[node] is not False:
                below.add(node)
        return frozenset(below)

    def _named(self, found: frozenset[NodeId]) -> Group:
        names = ", ".join(short(node) for node in sorted(found))
        until_ms = self._parts.clock.now_ms() + 1000 * self._parts.policy.load_hold_s
        sentence = (
            f"Asked {ROUNDS} times at the same moment, nodes {names} were below the minimum speed each time, "
            f"and {ROUNDS} times apart never: they count as one machine. Of machines of their own, one of "
            f"{ORDERS:,} would look so."
        )
        group = Group(tuple(sorted(found)), until_ms, sentence)
        self._registry.found(group)
        log.warning("%s", sentence)
        return group

    def _some(self, nodes: Sequence[NodeId], most: int) -> list[NodeId]:
        """By lot."""
        return [node for _, node in sorted((self._lot(), node) for node in nodes)][:most]

    def _lot(self) -> int:
        """One of 2³² numbers."""
        return int.from_bytes(self._parts.entropy(4), "big")
