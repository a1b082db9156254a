"""What an outcome says about equal chance: shares, their 95 % bands, waiting, refusals."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benches.intervals import Z95, at_most
from benches.listing import Odds
from benches.queues import REFUSED, Outcome
from benches.traffic import Group, Traffic
from console.fairness import band95


@dataclass(frozen=True, slots=True)
class Against:
    """Shares held against what they ought to be. In points: hundredths of all jobs that were served."""

    fast_off: float
    """The fast nodes' share less what it ought to be, points."""
    fast_band: float
    """Half of its 95 % band, points."""
    outside: int
    """Nodes whose share lies outside its own 95 % band."""


@dataclass(frozen=True, slots=True)
class Shares:
    """One rule under one load."""

    served: int
    fast: float
    """Share of the served jobs that the fast nodes had, percent."""
    least: float
    """Smallest share of a listed node ÷ an even share."""
    most: float
    """Largest share of a node ÷ an even share."""
    band: float
    """Half of the 95 % band of one node's share ÷ an even share."""
    even: Against
    """Against the head count: every listed node the same."""
    rosters: Against | None
    """Against the rosters that were drawn from, as a node's own console does it."""
    wait_p50: float
    """Time until a served job begins, in units of `benches.traffic`."""
    wait_p99: float
    stay_p99: float
    """Waiting and being served."""
    refused: float
    """Percent of all jobs."""


def shares(group: Group, traffic: Traffic, outcome: Outcome) -> Shares:
    """Of the jobs after the warm-up. Raises ValueError when none of them was served."""
    counted = slice(traffic.warm_up, None)
    node, start, end = outcome.node[counted], outcome.start[counted], outcome.end[counted]
    taken = node != REFUSED
    served = int(np.count_nonzero(taken))
    if not served:
        raise ValueError("no job was served")
    wins = np.bincount(node[taken], minlength=len(group))
    at = np.array(traffic.at[counted])[taken]
    wait, stay = start[taken] - at, end[taken] - at
    n, per_node = len(group.listed), wins[list(group.listed)]
    return Shares(
        served=served,
        fast=100 * int(wins[: group.fast].sum()) / served,
        least=int(per_node.min()) * n / served,
        most=int(per_node.max()) * n / served,
        band=Z95 * math.sqrt((n - 1) / served),
        even=_against(group, wins, _even(group, served)),
        rosters=_against(group, wins, outcome.odds) if outcome.odds is not None else None,
        wait_p50=float(np.percentile(wait, 50)),
        wait_p99=float(np.percentile(wait, 99)),
        stay_p99=float(np.percentile(stay, 99)),
        refused=100 * (1 - served / len(node)),
    )


def served_rate(traffic: Traffic, outcome: Outcome) -> float:
    """Jobs finished in a unit of time, from the end of the warm-up to the last arrival."""
    begins, ends = traffic.at[traffic.warm_up], traffic.at[-1]
    done = np.count_nonzero((outcome.end > begins) & (outcome.end <= ends))
    return float(done) / (ends - begins)


def most_by_chance(nodes: int) -> int:
    """As many nodes lie outside their 95 % band, or fewer, in 95 of 100 fair runs (binomial)."""
    return next(most for most in range(nodes + 1) if at_most(most, nodes, 0.05) >= 0.95)


def _even(group: Group, served: int) -> Odds:
    chance = np.zeros(len(group))
    chance[list(group.listed)] = 1 / len(group.listed)
    fast = float(chance[: group.fast].sum())
    return Odds(served * chance, served * chance * (1 - chance), served * fast, served * fast * (1 - fast))


def _against(group: Group, wins: npt.NDArray[np.int64], odds: Odds) -> Against:
    served = int(wins.sum())
    outside = 0
    for number in group.listed:
        low, high = band95(round(1000 * odds.expected[number]), round(1000 * odds.variance[number]))
        outside += not low <= wins[number] <= high
    off = int(wins[: group.fast].sum()) - odds.expected_fast
    return Against(100 * off / served, 100 * Z95 * math.sqrt(odds.variance_fast) / served, outside)
