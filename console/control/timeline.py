"""How the node spent its time: every reason in its turn, by minute and by day. Frozen; the kinds are pure."""

from __future__ import annotations

from typing import Literal

import msgspec

MINUTES_KEPT = 24 * 60
SPELLS_KEPT = 100
DAYS_KEPT = 31

Kind = Literal["earning", "idle", "paused", "down", "off"]
"""`off`: the agent did not run."""
LETTERS: dict[Kind, str] = {"earning": "e", "idle": "i", "paused": "p", "down": "d", "off": "."}
_IDLE = frozenset(("no_demand", "lost_draws"))
_PAUSED = frozenset(("paused", "draining", "schedule", "user_active", "on_battery", "thermal", "power"))


def kind_of(code: str) -> Kind:
    """The kind of a reason's code. A full queue is work; what is neither work nor choice nor luck is down."""
    if code in ("earning", "queue_full"):
        return "earning"
    if code in _IDLE:
        return "idle"
    if code in _PAUSED:
        return "paused"
    return "off" if code == "off" else "down"


class Spell(msgspec.Struct, frozen=True, omit_defaults=True):
    """A stretch of time with one reason; `until_ms` 0: it lasts."""

    since_ms: int
    code: str
    """A code of `console.protocol.reasons`, or `off`: the agent did not run."""
    until_ms: int = 0


class DayTime(msgspec.Struct, frozen=True, omit_defaults=True):
    """One day of the operator's calendar, in seconds of each kind; what is missing, the agent was off."""

    day: str
    earning_s: int = 0
    idle_s: int = 0
    paused_s: int = 0
    down_s: int = 0


class TimelineView(msgspec.Struct, frozen=True, omit_defaults=True):
    """The last 24 hours by minute, the last month by day, and the last spells, newest first."""

    minutes: str = ""
    """One letter of `LETTERS` per minute, oldest first: the kind that held longest in it."""
    end_ms: int = 0
    """End of the last of `minutes`; the running minute is not among them."""
    days: tuple[DayTime, ...] = ()
    spells: tuple[Spell, ...] = ()
