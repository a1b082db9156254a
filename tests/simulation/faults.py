"""What breaks, when and for how long, drawn from the seed before a history begins. At the end all is well."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random

from simulation.clock import SimulatedClock
from simulation.disk import Disk
from simulation.host import Host
from simulation.network import Weather
from simulation.node import Node
from simulation.trace import Trace


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that breaks. `which`: picks a node, and whatever else there is to pick."""

    at_s: float
    kind: str
    for_s: float
    which: int


@dataclass(frozen=True, slots=True)
class Place:
    """What there is to break."""

    host: Host
    disk: Disk
    weather: Weather
    nodes: list[Node]
    trace: Trace

    @property
    def clock(self) -> SimulatedClock:
        """The coordinator's."""
        return self.host.clock


def plan(chance: Random, rush_s: float, until_s: float) -> list[Fault]:
    """The faults of one history, in the order in which they begin; all end by `until_s`.

    `rush_s`: when many requests come at once; half of what breaks breaks in the seconds after.
    """
    faults = []
    for _ in range(chance.randint(1, 6)):
        rushed = chance.random() < 0.5
        at_s = rush_s + chance.uniform(0.0, 5.0) if rushed else chance.uniform(3.0, until_s - 3.0)
        for_s = min(chance.choice((0.3, 2.0, 8.0, 15.0)) * chance.uniform(0.5, 1.5), until_s - at_s)
        faults.append(Fault(at_s, chance.choice(sorted(KINDS)), for_s, chance.randrange(1 << 16)))
    return sorted(faults, key=lambda fault: fault.at_s)


async def carry_out(fault: Fault, place: Place) -> None:
    """Break it, and mend it when its time is over."""
    await asyncio.sleep(fault.at_s)
    place.trace.note("fault", f"{fault.kind} for {fault.for_s:.3f} s")
    await KINDS[fault.kind](fault, place)


async def _coordinator_killed(fault: Fault, place: Place) -> None:
    if place.host.up:
        place.host.kill()
        await asyncio.sleep(fault.for_s)
        place.host.start()


async def _coordinator_stopped(fault: Fault, place: Place) -> None:
    if place.host.up:
        await place.host.stop()
        await asyncio.sleep(fault.for_s)
        place.host.start()


async def _node_killed(fault: Fault, place: Place) -> None:
    node = _node(fault, place)
    node.crash()
    await asyncio.sleep(fault.for_s)
    node.start()


async def _line_broken(fault: Fault, place: Place) -> None:
    _node(fault, place).hang_up()


async def _partition(fault: Fault, place: Place) -> None:
    directions = ("both", "up", "down")
    cut = [_node(fault, place)] if fault.which % 4 else place.nodes
    for node in cut:
        place.weather.cut(node.name, directions[fault.which % 3])
    await asyncio.sleep(fault.for_s)
    for node in cut:
        place.weather.heal(node.name)


async def _storm(fault: Fault, place: Place) -> None:
    place.weather.storm = True
    await asyncio.sleep(fault.for_s)
    place.weather.storm = False


async def _clock_jump(fault: Fault, place: Place) -> None:
    steps_ms = (-7_200_000, -30_000, -1, 1, 45_000, 7_200_000)
    place.clock.jump(steps_ms[fault.which % len(steps_ms)])


async def _disk_full(fault: Fault, place: Place) -> None:
    place.disk.full = True
    await asyncio.sleep(fault.for_s)
    place.disk.full = False


async def _disk_slow(fault: Fault, place: Place) -> None:
    place.disk.slow_s = 1.0
    await asyncio.sleep(fault.for_s)
    place.disk.slow_s = 0.0


async def _verifier_away(fault: Fault, place: Place) -> None:
    verifier = place.host.reference if fault.which % 2 else place.host.second
    verifier.away = True
    await asyncio.sleep(fault.for_s)
    verifier.away = False


async def _verifier_wrong(fault: Fault, place: Place) -> None:
    verifier = place.host.reference if fault.which % 2 else place.host.second
    usual, verifier.weights = verifier.weights, "damaged"
    await asyncio.sleep(fault.for_s)
    verifier.weights = usual if usual != "damaged" else verifier.weights


async def _node_paused(fault: Fault, place: Place) -> None:
    node = _node(fault, place)
    node.ready = False
    await asyncio.sleep(fault.for_s)
    node.ready = True


async def _same_key_twice(fault: Fault, place: Place) -> None:
    await _node(fault, place).impersonate()


async def _garbage(fault: Fault, place: Place) -> None:
    _node(fault, place).shout()


def _node(fault: Fault, place: Place) -> Node:
    return place.nodes[fault.which // 16 % len(place.nodes)]


KINDS: dict[str, Callable[[Fault, Place], Awaitable[None]]] = {
    "clock-jump": _clock_jump,
    "coordinator-killed": _coordinator_killed,
    "coordinator-stopped": _coordinator_stopped,
    "disk-full": _disk_full,
    "disk-slow": _disk_slow,
    "garbage": _garbage,
    "line-broken": _line_broken,
    "node-killed": _node_killed,
    "node-paused": _node_paused,
    "partition": _partition,
    "same-key-twice": _same_key_twice,
    "storm": _storm,
    "verifier-away": _verifier_away,
    "verifier-wrong": _verifier_wrong,
}
