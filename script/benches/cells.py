"""One rule over one group under one load: played, and told as rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benches.queues import Outcome, idle_draws, live_draws, pull_queue
from benches.rows import Row
from benches.shares import Against, Shares, most_by_chance, shares
from benches.traffic import Group, Traffic, traffic

Rule = Callable[[Group, Traffic], Outcome]
RULES: dict[str, Rule] = {
    "live": live_draws,
    "idle": idle_draws,
    "pull": pull_queue,
}
EVEN_UP_TO = 95
"""Load in percent up to which shares have to be even: beyond 100 the slow nodes cannot do theirs."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What one play showed."""

    group: Group
    rule: str
    load: int
    """Percent of what the group can do in equal shares."""
    shares: Shares

    def rows(self) -> Iterator[Row]:
        """Everything about it; goals are set to live draws alone."""
        case, seen = f"{self.group.name}, {self.load} %, {self.rule}", self.shares
        yield Row(f"{case}: fast nodes' share", seen.fast, "%")
        live = self.rule == "live"
        yield from self._against(f"{case}: an even share", seen.even, live and self.load <= EVEN_UP_TO)
        if seen.rosters is not None:
            yield from self._against(f"{case}: what the rosters promised", seen.rosters, live)
        yield Row(f"{case}: smallest share of a node", seen.least, "of an even one")
        yield Row(f"{case}: largest share of a node", seen.most, "of an even one")
        yield Row(f"{case}: 95 % band of a node's share, ±", seen.band, "of an even one")
        yield Row(f"{case}: waiting p50", seen.wait_p50, "units")
        yield Row(f"{case}: waiting p99", seen.wait_p99, "units")
        yield Row(f"{case}: refused", seen.refused, "%")

    def _against(self, what: str, seen: Against, goal: bool) -> Iterator[Row]:
        most = most_by_chance(len(self.group.listed))
        yield Row(f"{what}, fast nodes off", abs(seen.fast_off), "points", seen.fast_band if goal else None)
        yield Row(f"{what}, nodes outside their band", seen.outside, "nodes", most if goal else None)


def play(
    group: Group, rule: str, load: int, jobs: int, seed: tuple[int, ...], *, equal: bool = False
) -> Cell:
    """`load` percent of the group's even rate. The same seed gives every rule the same jobs."""
    seen = traffic(load / 100 * group.even_rate, jobs, seed, equal=equal)
    return Cell(group, rule, load, shares(group, seen, RULES[rule](group, seen)))
