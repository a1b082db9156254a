"""The fairness bench's tables, as Markdown for docs/bench.md."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from benches.cells import Cell
from benches.rows import Row
from benches.shares import Against, Shares
from benches.traffic import Group, job_s

_MANY = 1 << 20
"""A queue limit beyond this is none."""


def mixes(group: Group, cells: Sequence[Cell]) -> str:
    """A line per load and rule."""
    head = [
        f"{group.name}: load",
        "rule",
        "share of the fast, %",
        f"even: {100 * group.fast / len(group):.2f}",
        "rosters",
        "smallest – largest node ÷ even",
        "nodes outside: even",
        "rosters",
        "waiting p50 / p99",
        "refused",
    ]
    return _table(head, [_mix(cell) for cell in cells])


def _mix(cell: Cell) -> list[str]:
    seen = cell.shares
    return [
        f"{cell.load} %",
        cell.rule,
        f"{seen.fast:.2f}",
        _off(seen.even),
        _off(seen.rosters) if seen.rosters else "",
        f"{seen.least:.2f} – {seen.most:.2f} (± {seen.band:.2f})",
        str(seen.even.outside),
        str(seen.rosters.outside) if seen.rosters else "",
        f"{seen.wait_p50:.2f} / {seen.wait_p99:.2f}",
        f"{seen.refused:.1f} %",
    ]


def limits(cells: Sequence[Cell], loads: Sequence[int]) -> str:
    """A line per limit: the fast nodes' share and the 99th percentile of waiting at each load."""
    lines = []
    for limit, of_limit in groupby(cells, lambda cell: cell.group.policy.queue_limit):
        name = "none" if limit > _MANY else str(limit)
        lines.append([name, *(_limit(cell.shares) for cell in of_limit)])
    return _table(["queue limit", *(f"{load} %" for load in loads)], lines)


def slots(cells: Sequence[Cell], loads: Sequence[int]) -> str:
    """A line per length of a job against a slot."""
    lines = []
    for seconds, of_length in groupby(cells, lambda cell: job_s(cell.group)):
        lines.append([f"{seconds:g} s", *(_limit(cell.shares) for cell in of_length)])
    return _table(["a job on the slowest takes", *(f"{load} %" for load in loads)], lines)


def _limit(seen: Shares) -> str:
    even = abs(seen.even.fast_off) <= seen.even.fast_band
    share = f"**{seen.fast:.1f}**" if even else f"{seen.fast:.1f}"
    refused = f" · {seen.refused:.1f} %" if seen.refused >= 0.05 else ""
    return f"{share} · {seen.wait_p99:.1f}{refused}"


def speeds(lines: Sequence[tuple[Group, Shares, Shares]]) -> str:
    """A line per minimum speed."""
    head = [
        "group",
        "minimum, tokens/s",
        "listed",
        "in equal shares",
        "all nodes' rates",
        "at 80 % of it: waiting p99",
        "same traffic: waiting p99",
        "from question to answer p99",
    ]
    return _table(head, [_speed(*line) for line in lines])


def _speed(group: Group, own: Shares, same: Shares) -> list[str]:
    return [
        group.name,
        f"{group.policy.min_milli_tokens_per_s / 1000:g}",
        str(len(group.listed)),
        f"{group.even_rate:,.0f}",
        f"{group.whole_rate:,.0f}",
        f"{own.wait_p99:.2f}",
        f"{same.wait_p99:.2f}",
        f"{same.stay_p99:.2f}",
    ]


def plain(rows: Sequence[Row]) -> str:
    """Name, value and unit."""
    return _table(["what", "value", "unit"], [[row.name, f"{row.shown:g}", row.unit] for row in rows])


def _off(seen: Against) -> str:
    inside = abs(seen.fast_off) <= seen.fast_band
    figure = f"{seen.fast_off:+.2f} (± {seen.fast_band:.2f})"
    return figure if inside else f"**{figure}**"


def _table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    every = [head, ["---"] + ["--:"] * (len(head) - 1), *lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in every)
