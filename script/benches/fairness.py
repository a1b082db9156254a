"""`script/bench fairness`: who gets how much under three rules, played event by event over unequal nodes.

*live*: ours, one draw over all live nodes of the group, each with its own queue. *idle*: one draw over the
nodes that have nothing to do. *pull*: a node that is free takes the next job. Rosters, draws and bands are
the product's own; the seeds are fixed, so that figures repeat. Parts, by `--only`: `mixes` (the three rules
over three groups), `limits` (what the queue limit changes), `lengths` (the same with answers of equal
length), `slots` (the same with jobs as short as a slot), `speeds` (what the minimum speed changes),
`reference` (figures known before). `--jobs` shrinks it; `--keep DIR` leaves the tables in Markdown there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from benches import fairness_tables as tables
from benches.cells import RULES, Cell, play
from benches.queues import idle_draws, live_draws, pull_queue
from benches.rows import Row, say
from benches.shares import served_rate, shares
from benches.traffic import Group, job_s, traffic
from console.protocol.types import Policy

PARTS = ("mixes", "limits", "lengths", "slots", "speeds", "reference")
JOBS = 40_000
"""Counted per cell: 400 for each of 100 nodes, so that a node's band is ± 10 % of its share."""
LOADS = (10, 50, 80, 95, 120)
"""Percent of what the group can do in equal shares: nodes × the slowest."""
NO_LIMIT = 1 << 31
LIMITS = (1, 2, 4, 8, 16, 32, 64, NO_LIMIT)
SLOTS_S = (2, 32, 128, 512)
"""So long against a job of 128 s on the slowest: as a slot of 2 s is against one of 128, 8, 2 and 0.5 s."""
SPEEDS = (1000, 2000, 4000, 8000, 16000)
HALVES = Group("50 fast (4×) + 50 slow", (4000,) * 50 + (1000,) * 50, 50)
ONE_FAST = Group("1 very fast (30×) among 97", (30_000,) + (1000,) * 96, 1)
LAPTOP = Group("1 laptop among 97 (1 : 30)", (30_000,) * 96 + (1000,), 96)
SPREAD = Group("100 from 1 to 30 tokens/s", tuple(round(30_000 / 30 ** (n / 99)) for n in range(100)), 50)
LONG = 10
"""Near its capacity a group without a queue limit takes so many times longer to settle."""


def measure(only: frozenset[str] = frozenset(PARTS), jobs: int = JOBS, keep: Path | None = None) -> list[Row]:
    """All rows of the parts in `only`. Raises ValueError when there is no such part."""
    if unknown := only - set(PARTS):
        raise ValueError(f"there is no part {', '.join(sorted(unknown))}; there is {', '.join(PARTS)}")
    if jobs < 100:
        raise ValueError("fewer than 100 jobs say nothing about shares")
    found: list[Row] = []
    for part in (one for one in PARTS if one in only):
        rows, table = {
            "mixes": _mixes,
            "limits": _limits,
            "lengths": _lengths,
            "slots": _slots,
            "speeds": _speeds,
            "reference": _reference,
        }[part](jobs)
        found += rows
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
            (keep / f"fairness-{part}.md").write_text(table + "\n")
    return found


def _mixes(jobs: int) -> tuple[list[Row], str]:
    rows, parts = [], []
    for number, group in enumerate((HALVES, ONE_FAST, LAPTOP)):
        say(f"{group.name}: three rules, {len(LOADS)} loads")
        cells = [play(group, rule, load, jobs, (number, load)) for load in LOADS for rule in RULES]
        rows += [row for cell in cells for row in cell.rows()]
        rows += _capacity(group, jobs // 4)
        parts.append(tables.mixes(group, cells))
    return rows, "\n\n".join(parts)


def _capacity(group: Group, jobs: int) -> Iterator[Row]:
    """What is done when twice as many jobs come as all nodes together can do."""
    yield Row(f"{group.name}: in equal shares, at most", group.even_rate, "jobs/unit")
    flood = traffic(2 * group.whole_rate, jobs, (len(group), jobs))
    for name, rule in RULES.items():
        done = served_rate(flood, rule(group, flood))
        yield Row(f"{group.name}, flooded, {name}: done", done, "jobs/unit")


def _limits(jobs: int) -> tuple[list[Row], str]:
    say(f"{len(LIMITS)} queue limits, {len(LOADS)} loads")
    cells = [_limited(limit, load, jobs) for limit in LIMITS for load in LOADS]
    return _off_rows("limit", cells), tables.limits(cells, LOADS)


def _lengths(jobs: int) -> tuple[list[Row], str]:
    say("answers of equal length")
    cells = [_limited(limit, load, jobs, equal=True) for limit in (4, 8, 16, NO_LIMIT) for load in LOADS]
    return _off_rows("equal lengths, limit", cells), tables.limits(cells, LOADS)


def _limited(limit: int, load: int, jobs: int, *, equal: bool = False) -> Cell:
    group = _under(HALVES, msgspec.structs.replace(Policy(), queue_limit=limit))
    return play(group, "live", load, _enough(limit, load, jobs), (10, load), equal=equal)


def _enough(limit: int, load: int, jobs: int) -> int:
    """Long queues fill slowly; under a limit of 1 or 2 nearly every slot has a new roster, which is dear."""
    if limit == NO_LIMIT:
        return LONG * jobs if load == 95 else jobs
    if limit > 16 and load >= 95:
        return 4 * jobs
    return jobs if limit > 2 else jobs // 2


def _slots(jobs: int) -> tuple[list[Row], str]:
    """A roster that is made while a queue is full leaves its node out for a whole slot."""
    say(f"{len(SLOTS_S)} lengths of a job against a slot")
    cells = [
        play(_under(HALVES, msgspec.structs.replace(Policy(), slot_s=slot_s)), "live", load, jobs, (11, load))
        for slot_s in SLOTS_S
        for load in LOADS
    ]
    found = []
    for cell in cells:
        case = f"a job takes {job_s(cell.group):g} s on the slowest, {cell.load} %"
        found += [
            Row(f"{case}: fast nodes' share", cell.shares.fast, "%"),
            Row(f"{case}: refused", cell.shares.refused, "%"),
        ]
    return found, tables.slots(cells, LOADS)


def _off_rows(what: str, cells: Sequence[Cell]) -> list[Row]:
    found = []
    for cell in cells:
        limit = cell.group.policy.queue_limit
        case = f"{what} {'none' if limit == NO_LIMIT else limit}, {cell.load} %"
        found += [
            Row(f"{case}: fast nodes' share", cell.shares.fast, "%"),
            Row(f"{case}: waiting p99", cell.shares.wait_p99, "units"),
            Row(f"{case}: refused", cell.shares.refused, "%"),
        ]
    return found


def _speeds(jobs: int) -> tuple[list[Row], str]:
    """Rising minimum speeds: the same traffic, and 80 % of what the group then can do in equal shares."""
    say(f"{len(SPEEDS)} minimum speeds")
    rows, lines = [], []
    for group in (SPREAD, LAPTOP):
        for least in SPEEDS if group is SPREAD else SPEEDS[:2]:
            held = _under(group, msgspec.structs.replace(Policy(), min_milli_tokens_per_s=least))
            own = play(held, "live", 80, jobs, (20, least))
            same = traffic(0.8 * group.even_rate, jobs, (21, least))
            then = shares(held, same, live_draws(held, same))
            case = f"{group.name}, minimum {least // 1000}"
            rows += [
                Row(f"{case}: listed", len(held.listed), "nodes"),
                Row(f"{case}: in equal shares, at most", held.even_rate, "jobs/unit"),
                Row(f"{case}: waiting p99, at 80 % of that", own.shares.wait_p99, "units"),
                Row(f"{case}: waiting p99, same traffic", then.wait_p99, "units"),
                Row(f"{case}: from question to answer p99, same traffic", then.stay_p99, "units"),
            ]
            lines.append((held, own.shares, then))
    return rows, tables.speeds(lines)


def _reference(jobs: int) -> tuple[list[Row], str]:
    """Loads of idle draws and pull queues are, as they were there, of all that the nodes can do together."""
    say("figures known before")
    rows = []
    for load, was in ((10, 54.7), (50, 69.7), (95, 79.3)):
        seen = traffic(load / 100 * HALVES.whole_rate, 4 * jobs, (30, load))
        for name, rule in (("idle", idle_draws), ("pull", pull_queue)):
            fast = shares(HALVES, seen, rule(HALVES, seen)).fast
            known = f" (known before: {was})" if name == "idle" else ""
            rows.append(Row(f"{load} % of all nodes' rates, {name}: fast nodes' share{known}", fast, "%"))
    endless = _under(HALVES, msgspec.structs.replace(Policy(), queue_limit=NO_LIMIT))
    for load, times, stay in ((50, 1, 8), (95, 1, 46), (95, LONG, 46)):
        seen_live = play(endless, "live", load, times * jobs, (31, load)).shares
        case = f"{load} % of nodes × slowest, live, no limit, {times * jobs:,} jobs"
        rows += [
            Row(f"{case}: fast nodes' share (known before: 50.1)", seen_live.fast, "%"),
            Row(f"{case}: from question to answer, p99 (known before: {stay})", seen_live.stay_p99, "units"),
        ]
    return rows, tables.plain(rows)


def _under(group: Group, policy: Policy) -> Group:
    return Group(group.name, group.milli_tokens_per_s, group.fast, policy)
