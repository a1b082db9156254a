"""How each event changes a node's state: one pure function."""

from __future__ import annotations

from functools import singledispatch

import msgspec

from console.control.events import (
    EngineChanged,
    Event,
    JobChanged,
    MachineSampled,
    NetworkChanged,
    Noted,
    VerdictArrived,
)
from console.control.machine import GpuView
from console.control.state import (
    HISTORY,
    JOBS_KEPT,
    LIVE_JOB_STATES,
    NOTES_KEPT,
    VERDICTS_KEPT,
    JobView,
    NodeState,
)


def reduce(state: NodeState, at_ms: int, event: Event) -> NodeState:
    """The state after `event` at `at_ms`; time never runs backwards.

    Plain, and linear in the jobs: `store.StateStore` does the same for those who take many events.
    """
    changed = _apply(event, state)
    return msgspec.structs.replace(changed, now_ms=max(state.now_ms, at_ms))


@singledispatch
def _apply(event: Event, state: NodeState) -> NodeState:
    """Most events bring one part of the state anew, under its name; a tick brings none."""
    return msgspec.structs.replace(state, **msgspec.structs.asdict(event))


@_apply.register
def _(event: EngineChanged, state: NodeState) -> NodeState:
    history = state.engine.tokens_history
    if event.sample:
        history = (*history, event.engine.tokens_per_s_milli)[-HISTORY:]
    engine = msgspec.structs.replace(event.engine, tokens_history=history)
    return msgspec.structs.replace(state, engine=engine)


@_apply.register
def _(event: MachineSampled, state: NodeState) -> NodeState:
    new, old = event.machine, state.machine
    ram = None
    if new.ram_used_bytes is not None and new.ram_total_bytes:
        ram = 100 * new.ram_used_bytes // new.ram_total_bytes
    gpu = new.gpus[0].load_percent if new.gpus else None
    machine = msgspec.structs.replace(
        new,
        cpu_history=_longer(old.cpu_history, new.cpu_percent),
        ram_history=_longer(old.ram_history, ram),
        gpu_history=_longer(old.gpu_history, gpu),
        temperature_history=_longer(old.temperature_history, new.temperature_c),
        gpus=tuple(
            _with_history(card, old.gpus[i] if i < len(old.gpus) else card) for i, card in enumerate(new.gpus)
        ),
    )
    return msgspec.structs.replace(state, machine=machine)


@_apply.register
def _(event: NetworkChanged, state: NodeState) -> NodeState:
    new, old = event.network, state.network
    history = old.latency_history
    if new.receipts != old.receipts:
        history = _longer(history, new.latency_ms)
    return msgspec.structs.replace(state, network=msgspec.structs.replace(new, latency_history=history))


@_apply.register
def _(event: JobChanged, state: NodeState) -> NodeState:
    new, old = event.job, state.jobs
    for i, job in enumerate(old):
        if job.job == new.job and job.attempt == new.attempt:
            return msgspec.structs.replace(state, jobs=_bounded((*old[:i], new, *old[i + 1 :])))
    return msgspec.structs.replace(state, jobs=_bounded((new, *old)))


def _bounded(jobs: tuple[JobView, ...]) -> tuple[JobView, ...]:
    """Without the finished jobs that ended before the last JOBS_KEPT; of two at once, the older goes."""
    over = [(max(job.ended_ms, job.received_ms), -place) for place, job in enumerate(jobs)
            if job.state not in LIVE_JOB_STATES]  # fmt: skip
    if len(over) <= JOBS_KEPT:
        return jobs
    gone = {-place for _, place in sorted(over)[:-JOBS_KEPT]}
    return tuple(job for place, job in enumerate(jobs) if place not in gone)


@_apply.register
def _(event: VerdictArrived, state: NodeState) -> NodeState:
    return msgspec.structs.replace(state, verdicts=(event.verdict, *state.verdicts)[:VERDICTS_KEPT])


@_apply.register
def _(event: Noted, state: NodeState) -> NodeState:
    return msgspec.structs.replace(state, notes=(event.note, *state.notes)[:NOTES_KEPT])


def _with_history(new: GpuView, old: GpuView) -> GpuView:
    """The card with its histories; another card in its place begins anew."""
    before = old if old.name == new.name else new
    vram = None
    if new.vram_used_bytes is not None and new.vram_total_bytes:
        vram = 100 * new.vram_used_bytes // new.vram_total_bytes
    return msgspec.structs.replace(
        new,
        load_history=_longer(before.load_history, new.load_percent),
        vram_history=_longer(before.vram_history, vram),
        temperature_history=_longer(before.temperature_history, new.temperature_c),
        power_history=_longer(before.power_history, new.power_w),
    )


def _longer(history: tuple[int, ...], value: int | None) -> tuple[int, ...]:
    return history if value is None else (*history, value)[-HISTORY:]
