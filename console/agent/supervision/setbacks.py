"""After the engine's end: backoff, breaker, and the way down when memory ran out. Pure."""

from __future__ import annotations

import msgspec

from console.agent.supervision.happenings import (
    ALIVE,
    BREAKER_FAILURES,
    BREAKER_S,
    FIRST_BACKOFF_S,
    LAST_BACKOFF_S,
    OPERATOR,
    OURS,
    STEADY_S,
    Exited,
    Supervised,
)
from console.engine.plan import STEPS_MOST


def backoff_s(failures: int) -> int:
    """Seconds before the next try after `failures` in a row (≥ 1): 2, 4, … 512."""
    return min(LAST_BACKOFF_S, FIRST_BACKOFF_S << min(failures - 1, 16))


def exited(now: Supervised, at_ms: int, gone: Exited) -> Supervised:
    """The state after the process's end: when it is started again, how, and what is said of it."""
    if now.state not in ALIVE:
        return now
    if now.killed_for in OURS:
        asked = now.killed_for == OPERATOR
        failures, restarts = (0, now.restarts + 1) if asked else (now.failures, now.restarts)
        return _down(now, at_ms, OURS[now.killed_for], failures=failures, restarts=restarts)
    cause = f"It was ended: {now.killed_for}." if now.killed_for else gone.sentence
    if gone.memory or now.memory:
        return _out_of_memory(now, at_ms, cause, gone.smaller)
    steady = now.state == "ready" and at_ms - now.since_ms >= STEADY_S * 1000
    failures = 1 if steady else now.failures + 1
    if failures >= BREAKER_FAILURES:
        words = f"The engine failed {failures} times in a row and is not started again by itself for an hour."
        return _broken(now, at_ms, f"{words} {cause}", failures)
    wait_s = backoff_s(failures)
    words = f"The engine stopped. {cause} It is started again in {wait_s} s."
    return _down(now, at_ms, words, wait_s=wait_s, failures=failures)


def _out_of_memory(now: Supervised, at_ms: int, cause: str, smaller: str) -> Supervised:
    """One step down, announced; or the end of the way, since nothing is won by trying the same again."""
    steps = now.learned.steps
    if smaller and steps < STEPS_MOST:
        lower = msgspec.structs.replace(now, learned=msgspec.structs.replace(now.learned, steps=steps + 1))
        words = f"Memory ran out. {cause} It is started again in {FIRST_BACKOFF_S} s with {smaller}."
        return _down(lower, at_ms, words, wait_s=FIRST_BACKOFF_S)
    words = "Memory ran out also with the smallest start there is, so it is not tried again for an hour."
    fresh = msgspec.structs.replace(now, learned=msgspec.structs.replace(now.learned, steps=0))
    return _broken(fresh, at_ms, f"{words} {cause}", now.failures + 1)


def _broken(now: Supervised, at_ms: int, words: str, failures: int) -> Supervised:
    down = _down(now, at_ms, words, wait_s=BREAKER_S, failures=failures)
    return msgspec.structs.replace(down, state="failed")


def _down(
    now: Supervised,
    at_ms: int,
    words: str,
    *,
    wait_s: int = 0,
    failures: int | None = None,
    restarts: int | None = None,
) -> Supervised:
    return msgspec.structs.replace(
        now,
        state="waiting",
        since_ms=at_ms,
        sentence=words,
        failures=now.failures if failures is None else failures,
        restarts=now.restarts + 1 if restarts is None else restarts,
        next_try_ms=at_ms + wait_s * 1000,
        heard_ms=at_ms,
        killed_for="",
        memory=False,
    )
