"""A node's running totals: added to with each verdict, and what follows when they are over their limit."""

from __future__ import annotations

import logging

import msgspec

from console.coordinator.audits.audits import Judged
from console.coordinator.store import Unit
from console.protocol.ids import short
from console.verification.running import Totals, add, crossed

log = logging.getLogger(__name__)


class Standing(msgspec.Struct, frozen=True):
    """What is kept of a node: totals hold for one calibration, and begin anew with another."""

    calibration: str = ""
    totals: Totals = Totals()
    crossings: int = 0
    """How often the totals were over their limit."""
    crossed_ms: int = 0
    sentence: str = ""
    """Of the last time."""


def standing_of(unit: Unit, node: str) -> Standing:
    """A node's standing, a fresh one for a node that has none."""
    body = unit.totals(node)
    return msgspec.json.decode(body, type=Standing) if body else Standing()


def add_up(unit: Unit, judged: Judged) -> bool:
    """Add a verdict to its node's totals; whether they are over their limit now.

    Then they begin anew: what they showed is on record, the node is to be watched again, and the next
    crossing must be earned by new answers. No money moves: only an answer that is itself false costs some.
    """
    verdict, calibration = judged.verdict, judged.calibration
    if calibration is None or verdict.mode != "recompute_tolerant" or not verdict.statistics:
        return False
    was = standing_of(unit, verdict.node)
    before = was.totals if was.calibration == calibration.digest else Totals()
    totals = add(before, judged.finding, calibration)
    over = crossed(totals, calibration)
    now = msgspec.structs.replace(was, calibration=calibration.digest, totals=totals)
    if over is not None:
        now = Standing(calibration.digest, Totals(), was.crossings + 1, verdict.at_ms, over.sentence)
        log.warning("node %s: %s It is on probation anew.", short(verdict.node), over.sentence)
    unit.save_totals(verdict.node, msgspec.json.encode(now), verdict.at_ms)
    return over is not None
