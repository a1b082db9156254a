"""How the node's time went: from one look a second to spells, minutes and days. Pure.

A spell is told whole by the time up to which it was seen, so that nothing but what was seen is ever claimed:
where the agent did not look, because it did not run or the machine slept, the time is `off`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import tzinfo

import msgspec

from console.agent.daybook.calendar import by_day
from console.agent.journal.time import TimeSpent
from console.control.timeline import LETTERS, Kind, Spell, kind_of

MINUTE_MS = 60_000
GAP_MS = 30_000
"""Not looked for so long: the machine slept, or the clock was set forward. That time is off."""
BACK_MS = 5_000
"""A clock that goes back further than this was set; what lies ahead of it is forgotten."""


class Track(msgspec.Struct, frozen=True):
    """`running`: the spell that lasts, `until_ms` being how far it was seen. `ended`: those before, oldest
    first, as long as somebody needs them."""

    running: Spell | None = None
    ended: tuple[Spell, ...] = ()


def follow(track: Track, at_ms: int, code: str) -> Track:
    """The track after a look at `at_ms` that found `code`.

    While the clock is a little behind what was seen, time stands still; see `went_back` for the rest.
    """
    running = track.running
    if running is None:
        start_ms = max(at_ms, track.ended[-1].until_ms if track.ended else at_ms)
        return Track(Spell(start_ms, code, start_ms), track.ended)
    if at_ms - running.until_ms > GAP_MS:
        return Track(Spell(at_ms, code, at_ms), _with(track.ended, running))
    seen_ms = max(running.until_ms, at_ms)
    held = msgspec.structs.replace(running, until_ms=seen_ms)
    if code == held.code:
        return Track(held, track.ended)
    return Track(Spell(seen_ms, code, seen_ms), _with(track.ended, held))


def went_back(track: Track, at_ms: int) -> bool:
    """Whether the clock was set back."""
    return track.running is not None and at_ms < track.running.until_ms - BACK_MS


def all_of(track: Track) -> tuple[Spell, ...]:
    """Ended and running, oldest first."""
    return track.ended if track.running is None else (*track.ended, track.running)


def clip(spells: Iterable[Spell], since_ms: int) -> tuple[Spell, ...]:
    """What of `spells` lies after `since_ms`."""
    return tuple(
        Spell(max(spell.since_ms, since_ms), spell.code, spell.until_ms)
        for spell in spells
        if spell.until_ms > since_ms
    )


def letters(spells: Iterable[Spell], since_ms: int, count: int) -> str:
    """One letter for each of `count` minutes from `since_ms` on: the kind that held longest in it."""
    held: list[Counter[Kind]] = [Counter() for _ in range(count)]
    for spell in spells:
        first = max(0, (spell.since_ms - since_ms) // MINUTE_MS)
        last = min(count - 1, (spell.until_ms - 1 - since_ms) // MINUTE_MS)
        for n in range(first, last + 1):
            start_ms = since_ms + n * MINUTE_MS
            held[n][kind_of(spell.code)] += min(spell.until_ms, start_ms + MINUTE_MS) - max(
                spell.since_ms, start_ms
            )
    return "".join(_letter(minute) for minute in held)


def day_sums(spells: Iterable[Spell], zone: tzinfo | None = None) -> dict[str, TimeSpent]:
    """Milliseconds of each kind on each day."""
    sums: dict[str, Counter[str]] = {}
    for spell in spells:
        kind = kind_of(spell.code)
        if kind != "off":
            for day, length_ms in by_day(spell.since_ms, spell.until_ms, zone):
                sums.setdefault(day, Counter())[f"{kind}_ms"] += length_ms
    return {day: TimeSpent(**counted) for day, counted in sums.items()}


def shown(track: Track, limit: int) -> tuple[Spell, ...]:
    """The last spells as clients get them: newest first, the running one open, time between them `off`."""
    told: list[Spell] = []
    later_ms = 0
    for spell in reversed(all_of(track)):
        if later_ms and spell.until_ms < later_ms:
            told.append(Spell(spell.until_ms, "off", later_ms))
        told.append(spell)
        later_ms = spell.since_ms
    if track.running is not None:
        told[0] = msgspec.structs.replace(told[0], until_ms=0)
    return tuple(told[:limit])


def _letter(minute: Counter[Kind]) -> str:
    off_ms = MINUTE_MS - minute.total()
    kind: Kind = max(minute, key=lambda k: minute[k]) if minute else "off"
    return LETTERS[kind if minute[kind] >= off_ms else "off"]


def _with(ended: Sequence[Spell], spell: Spell) -> tuple[Spell, ...]:
    return (*ended, spell) if spell.until_ms > spell.since_ms else tuple(ended)
