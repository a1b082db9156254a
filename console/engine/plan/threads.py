"""How many threads: a batch is done when its slowest thread is, so a thread that waits for a core costs all.

Measured: two spinning OpenMP threads on a box whose cores were busy were nine times slower than one.
"""

from __future__ import annotations

from console.engine.plan.facts import Learned, Machine


def threads(machine: Machine, wish: int, learned: Learned) -> tuple[int, str]:
    """The count, at least 1, and why; `wish` 0: to be planned."""
    usable = _usable(machine)
    if wish:
        return _wished(wish, usable)
    if learned.one_thread:
        return 1, f"1 thread: {learned.one_thread}."
    cores, kind = machine.physical_cores or machine.logical_cores, "physical core"
    if machine.physical_cores is None:
        kind = "core"
    if usable < cores:
        return _left(machine, usable, f"{_count(usable, 'core')} may be used here, by quota or affinity")
    return _left(machine, cores, f"{_count(cores, kind)}; more would share them")


def _left(machine: Machine, most: int, why: str) -> tuple[int, str]:
    """`most`, or fewer where other programs leave no core for that many."""
    busy = machine.busy_cores or 0.0
    free = max(1, int(machine.logical_cores - busy + 0.5))
    if free < most:
        because = f"other programs keep {busy:.1f} of {_count(machine.logical_cores, 'core')} busy, and a"
        return free, f"{_count(free, 'thread')}: {because} thread without a core makes all of them wait."
    return most, f"{_count(most, 'thread')}: {why}."


def _wished(wish: int, usable: int) -> tuple[int, str]:
    if wish > usable:
        few = _count(usable, "core")
        why = f"{wish} are configured, but only {few} may be used here, by quota or affinity"
        return usable, f"{_count(usable, 'thread')}: {why}."
    return wish, f"{_count(wish, 'thread')}, as configured."


def _usable(machine: Machine) -> int:
    """Whole cores, since a thread that gets half of one holds up the others half of the time."""
    allowed = machine.logical_cores if machine.usable_cores is None else machine.usable_cores
    return max(1, min(int(allowed + 1e-6), machine.logical_cores))


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" + ("" if number == 1 else "s")
