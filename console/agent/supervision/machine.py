"""The engine's life as a pure machine: state and event in, state and orders out."""

from __future__ import annotations

import msgspec

from console.agent.supervision.happenings import (
    ALIVE,
    FEWER,
    HEALTH_SILENCE_S,
    MORE,
    OPERATOR,
    STEADY_S,
    Answered,
    Begin,
    Disproved,
    Exited,
    Happening,
    Limits,
    Order,
    Proved,
    Restart,
    Silent,
    Started,
    Supervised,
    Tick,
)
from console.agent.supervision.setbacks import exited
from console.control.state import EngineState
from console.engine.plan import Learned


def stalled_ms(engine_idle_ms: int, job_idle_ms: int, limits: Limits) -> int:
    """How long there has been no progress: the engine's own word, or the running job's where that lies.

    A job may wait long for its first token while the prompt is read, so its word counts fourfold late.
    """
    late = job_idle_ms >= limits.late_ms
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
            return _proved(now, at_ms, happening) if now.state == "probing" else (now, None)
        case Disproved(sentence):
            return _kill(now, f"the load-and-generate probe failed: {sentence}")
        case Exited():
            return exited(now, at_ms, happening), None
        case Restart():
            fresh = msgspec.structs.replace(now, learned=Learned(), trial_milli=0)
            return _kill(fresh, OPERATOR) if now.state in ALIVE else _begin(fresh, at_ms)
        case Silent() | Tick():
            return _timed(now, at_ms, limits)


def _begin(now: Supervised, at_ms: int) -> tuple[Supervised, Order | None]:
    if now.state in ALIVE:
        return now, None
    fresh = _to(now, "starting", at_ms, "The engine is starting.", heard_ms=at_ms)
    return msgspec.structs.replace(fresh, next_try_ms=0, killed_for="", memory=False), "start"


def _proved(now: Supervised, at_ms: int, proof: Proved) -> tuple[Supervised, Order | None]:
    """Ready, unless threads that starve are to be measured against one thread, or were just."""
    learned = msgspec.structs.replace(now.learned, slots=proof.slots, slots_because=proof.slots_because)
    if now.trial_milli:
        return _tried(msgspec.structs.replace(now, learned=learned), at_ms, proof)
    if proof.starved and not learned.threads_tried:
        why = f"{proof.starved}; one is being measured"
        learned = msgspec.structs.replace(learned, one_thread=why, threads_tried=True)
        trial = msgspec.structs.replace(now, learned=learned, trial_milli=max(1, proof.milli_tokens_per_s))
        return _kill(trial, FEWER)
    return _to(msgspec.structs.replace(now, learned=learned), "ready", at_ms, "Ready."), None


def _tried(now: Supervised, at_ms: int, proof: Proved) -> tuple[Supervised, Order | None]:
    """The faster one stays."""
    many, one = now.trial_milli, proof.milli_tokens_per_s
    why = f"{one / 1000:.0f} tokens/s, where more threads gave {many / 1000:.0f} and did not get their cores"
    kept = why if one > many else ""
    learned = msgspec.structs.replace(now.learned, one_thread=kept)
    done = msgspec.structs.replace(now, learned=learned, trial_milli=0)
    return (_to(done, "ready", at_ms, "Ready."), None) if kept else _kill(done, MORE)


def _answered(
    now: Supervised, at_ms: int, health: Answered, limits: Limits
) -> tuple[Supervised, Order | None]:
    if now.state not in ALIVE or now.killed_for:
        return now, None
    heard = msgspec.structs.replace(now, heard_ms=at_ms)
    if health.state == "failed":
        marked = msgspec.structs.replace(heard, memory=health.memory)
        return _kill(marked, health.sentence or "it could not load the model")
    if now.state in ("starting", "loading") and health.state == "ready":
        sentence = "The model is loaded; a short generation proves that it works."
        return _to(heard, "probing", at_ms, sentence), "probe"
    if now.state == "ready" and health.stalled_ms >= limits.token_timeout_s * 1000:
        return _kill(heard, f"a running job got no token for {health.stalled_ms // 1000} s")
    return _timed(heard, at_ms, limits)


def _timed(now: Supervised, at_ms: int, limits: Limits) -> tuple[Supervised, Order | None]:
    if now.state in ("waiting", "failed") and now.next_try_ms and at_ms >= now.next_try_ms:
        return _begin(now, at_ms)
    if now.killed_for or now.state not in ALIVE:
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


def _kill(now: Supervised, cause: str) -> tuple[Supervised, Order | None]:
    if now.state not in ALIVE or now.killed_for:
        return now, None
    return msgspec.structs.replace(now, killed_for=cause.rstrip(". ")), "kill"


def _to(
    now: Supervised, state: EngineState, at_ms: int, sentence: str, heard_ms: int | None = None
) -> Supervised:
    heard = now.heard_ms if heard_ms is None else heard_ms
    return msgspec.structs.replace(now, state=state, since_ms=at_ms, sentence=sentence, heard_ms=heard)
