"""The engine's life as a pure machine: state and event in, state and orders out."""

from __future__ import annotations

from typing import Literal

import msgspec

from console.control.state import EngineState

FIRST_BACKOFF_S = 2
LAST_BACKOFF_S = 512
STEADY_S = 60
"""An engine that was ready for so long has recovered: the next failure starts the backoff anew."""
BREAKER_FAILURES = 10
"""Failures in a row after which the breaker opens: trying on would only heat the machine."""
BREAKER_S = 3600
"""After so long, or on `restart_engine`, one more try is made."""
HEALTH_SILENCE_S = 10.0
"""An engine whose process lives but whose health does not answer for so long is hung."""

OPERATOR = "the operator asked for a restart"

Order = Literal["start", "kill", "probe"]


class Limits(msgspec.Struct, frozen=True):
    """From the operator's configuration, seconds."""

    token_timeout_s: float = 30.0
    start_timeout_s: float = 120.0


class Supervised(msgspec.Struct, frozen=True):
    """What is known of the engine. `failures`: in a row; `since_ms`: of this state."""

    state: EngineState = "stopped"
    since_ms: int = 0
    sentence: str = ""
    failures: int = 0
    restarts: int = 0
    next_try_ms: int = 0
    heard_ms: int = 0
    """When health last answered."""
    killed_for: str = ""
    """Why it was killed by us: the cause that its exit will be told with."""


class Begin(msgspec.Struct, frozen=True):
    """The agent, or the operator, wants it running now."""


class Started(msgspec.Struct, frozen=True):
    """The process exists."""


class Answered(msgspec.Struct, frozen=True):
    """Health answered. `stalled_ms`: no token and no step for so long while a job runs, else 0."""

    state: Literal["loading", "ready", "failed"]
    sentence: str
    stalled_ms: int = 0


class Proved(msgspec.Struct, frozen=True):
    """The load-and-generate probe passed."""


class Disproved(msgspec.Struct, frozen=True):
    """The probe failed."""

    sentence: str


class Exited(msgspec.Struct, frozen=True):
    """The process is gone; `sentence` says how."""

    sentence: str


class Silent(msgspec.Struct, frozen=True):
    """Health did not answer."""


class Restart(msgspec.Struct, frozen=True):
    """The operator wants it started anew; no fault, no wait."""


class Tick(msgspec.Struct, frozen=True):
    """Time passed."""


Happening = Begin | Started | Answered | Proved | Disproved | Exited | Silent | Restart | Tick

_ALIVE: frozenset[EngineState] = frozenset(("starting", "loading", "probing", "ready"))


def backoff_s(failures: int) -> int:
    """Seconds before the next try after `failures` in a row (≥ 1): 2, 4, … 512."""
    return min(LAST_BACKOFF_S, FIRST_BACKOFF_S << min(failures - 1, 16))


def stalled_ms(engine_idle_ms: int, job_idle_ms: int, limits: Limits) -> int:
    """How long there has been no progress: the engine's own word, or the running job's where that lies.

    A job may wait long for its first token while the prompt is read, so its word counts fourfold late.
    """
    late = job_idle_ms >= 4000 * limits.token_timeout_s
    return max(engine_idle_ms, job_idle_ms if late else 0)


def step(
    now: Supervised, at_ms: int, happening: Happening, limits: Limits
) -> tuple[Supervised, Order | None]:
    """The state after `happening` at `at_ms`, and what to do."""
    match happening:
        case Begin():
            return _begin(now, at_ms)
        case Started() if now.state != "starting":
            return now, None
        case Started():
            sentence = "The engine's process has started."
            return _to(now, "loading", at_ms, sentence, heard_ms=at_ms), None
        case Answered():
            return _answered(now, at_ms, happening, limits)
        case Proved():
            return (_to(now, "ready", at_ms, "Ready."), None) if now.state == "probing" else (now, None)
        case Disproved(sentence):
            return _kill(now, f"the load-and-generate probe failed: {sentence}")
        case Exited(sentence):
            return _exited(now, at_ms, sentence), None
        case Restart():
            return _kill(now, OPERATOR) if now.state in _ALIVE else _begin(now, at_ms)
        case Silent() | Tick():
            return _timed(now, at_ms, limits)


def _begin(now: Supervised, at_ms: int) -> tuple[Supervised, Order | None]:
    if now.state in _ALIVE:
        return now, None
    fresh = _to(now, "starting", at_ms, "The engine is starting.", heard_ms=at_ms)
    return msgspec.structs.replace(fresh, next_try_ms=0, killed_for=""), "start"


def _answered(
    now: Supervised, at_ms: int, health: Answered, limits: Limits
) -> tuple[Supervised, Order | None]:
    if now.state not in _ALIVE or now.killed_for:
        return now, None
    heard = msgspec.structs.replace(now, heard_ms=at_ms)
    if health.state == "failed":
        return _kill(heard, health.sentence or "it could not load the model")
    if now.state in ("starting", "loading") and health.state == "ready":
        sentence = "The model is loaded; a short generation proves that it works."
        return _to(heard, "probing", at_ms, sentence), "probe"
    if now.state == "ready" and health.stalled_ms >= limits.token_timeout_s * 1000:
        return _kill(heard, f"a running job got no token for {health.stalled_ms // 1000} s")
    return _timed(heard, at_ms, limits)


def _timed(now: Supervised, at_ms: int, limits: Limits) -> tuple[Supervised, Order | None]:
    if now.state in ("waiting", "failed") and now.next_try_ms and at_ms >= now.next_try_ms:
        return _begin(now, at_ms)
    if now.killed_for or now.state not in _ALIVE:
        return now, None
    age_s = (at_ms - now.since_ms) / 1000
    if now.state in ("starting", "loading", "probing") and age_s >= limits.start_timeout_s:
        return _kill(now, f"it was not ready after {age_s:.0f} s")
    silent_s = (at_ms - now.heard_ms) / 1000
    if now.state == "ready" and silent_s >= HEALTH_SILENCE_S:
        return _kill(now, f"its process lives but has not answered for {silent_s:.0f} s")
    if now.state == "ready" and age_s >= STEADY_S and now.failures:
        return msgspec.structs.replace(now, failures=0), None
    return now, None


def _exited(now: Supervised, at_ms: int, sentence: str) -> Supervised:
    if now.state not in _ALIVE:
        return now
    if now.killed_for == OPERATOR:
        words = "The engine was ended for a restart that the operator asked for."
        return Supervised("waiting", at_ms, words, 0, now.restarts + 1, at_ms, at_ms)
    steady = now.state == "ready" and at_ms - now.since_ms >= STEADY_S * 1000
    failures = 1 if steady else now.failures + 1
    cause = f"It was ended: {now.killed_for}." if now.killed_for else sentence
    broken = failures >= BREAKER_FAILURES
    wait_s = BREAKER_S if broken else backoff_s(failures)
    words = (
        f"The engine failed {failures} times in a row and is not started again by itself for an hour. {cause}"
        if broken
        else f"The engine stopped. {cause} It is started again in {wait_s} s."
    )
    return Supervised(
        state="failed" if broken else "waiting",
        since_ms=at_ms,
        sentence=words,
        failures=failures,
        restarts=now.restarts + 1,
        next_try_ms=at_ms + wait_s * 1000,
        heard_ms=at_ms,
    )


def _kill(now: Supervised, cause: str) -> tuple[Supervised, Order | None]:
    if now.state not in _ALIVE or now.killed_for:
        return now, None
    return msgspec.structs.replace(now, killed_for=cause.rstrip(". ")), "kill"


def _to(
    now: Supervised, state: EngineState, at_ms: int, sentence: str, heard_ms: int | None = None
) -> Supervised:
    heard = now.heard_ms if heard_ms is None else heard_ms
    return msgspec.structs.replace(now, state=state, since_ms=at_ms, sentence=sentence, heard_ms=heard)
