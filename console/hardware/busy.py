"""Who keeps this machine busy: what changed between two looks at its processes. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from .facts import ProcessSample
from .judge import BYTES_MOST
from .judge_gpu import PID_MOST
from .sanitise import Sieve

NAME_LIMIT = 40
"""Characters kept of a process's name, which its owner chose."""

BUSIEST = 6
"""Processes told beside the watched ones."""

LEAST_PERCENT = 0.5
"""Of one core; a process that does less is not at work. At the first look, memory alone decides."""

Identity = tuple[int, float]
"""A pid and when it started: pids are used again."""


class Seen(Struct, frozen=True):
    """One process at one look."""

    name: str
    cpu_s: float | None
    rss_bytes: int | None


class Crowd(Struct, frozen=True):
    """All processes at one look, `at_s` on the caller's steady clock."""

    at_s: float = 0.0
    seen: Mapping[Identity, Seen] = {}

    @property
    def names(self) -> dict[int, str]:
        """What each pid is called."""
        return {pid: process.name for (pid, _), process in self.seen.items()}


def judge(rows: Sequence[Mapping[str, object]], at_s: float) -> Crowd:
    """What can be believed of a look at the processes."""
    seen = {}
    for row in rows:
        sieve = Sieve(row)
        pid = sieve.whole("pid", 1, PID_MOST)
        if pid is None:
            continue
        seen[(pid, sieve.number("start", 0, 1e18) or 0.0)] = Seen(
            sieve.text("name", NAME_LIMIT) or "",
            sieve.number("cpu_s", 0, 1e12),
            sieve.whole("rss_bytes", 0, BYTES_MOST),
        )
    return Crowd(at_s, seen)


def busiest(
    before: Crowd, now: Crowd, watched: Mapping[int, str], cores: int, most: int = BUSIEST
) -> tuple[ProcessSample, ...]:
    """The `watched` processes under the names given for their pids, and the `most` busiest others.

    Load is the mean between the two looks, of one core; None for what was not there before.
    """
    told = [
        ProcessSample(
            name=watched.get(pid) or process.name,
            pid=pid,
            cpu_percent=_load(before.seen.get((pid, start)), process, now.at_s - before.at_s, cores),
            rss_bytes=process.rss_bytes,
            own=pid in watched,
        )
        for (pid, start), process in now.seen.items()
    ]
    told.sort(key=lambda sample: (-(sample.cpu_percent or 0.0), -(sample.rss_bytes or 0), sample.pid))
    first_look = not before.seen
    at_work = [s.pid for s in told if not s.own and (first_look or (s.cpu_percent or 0.0) >= LEAST_PERCENT)]
    shown = {*watched, *at_work[:most]}
    return tuple(sample for sample in told if sample.pid in shown)


def _load(before: Seen | None, now: Seen, elapsed_s: float, cores: int) -> float | None:
    if before is None or before.cpu_s is None or now.cpu_s is None or elapsed_s <= 0:
        return None
    # Two looks within a clock tick make nonsense such as 300 % of one core.
    return min(max(0.0, 100 * (now.cpu_s - before.cpu_s) / elapsed_s), 100.0 * max(1, cores))
