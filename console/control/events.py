"""What can happen to a node's state, and how each event changes it: one pure function."""

from __future__ import annotations

from functools import singledispatch

import msgspec

from console.control.earnings import EarningsView
from console.control.engine import PlanView
from console.control.limits import LimitView
from console.control.machine import GpuView, MachineFacts, MachineView
from console.control.models import ModelsView
from console.control.state import (
    HISTORY,
    JOBS_KEPT,
    LIVE_JOB_STATES,
    NOTES_KEPT,
    VERDICTS_KEPT,
    EngineView,
    JobView,
    MoneyView,
    NetworkView,
    NodeFacts,
    NodeState,
    Note,
    Switches,
    VerdictView,
)
from console.control.timeline import TimelineView
from console.protocol.reasons import Reason


class NodeChanged(msgspec.Struct, frozen=True, tag="node"):
    """Who this is."""

    node: NodeFacts


class ReasonChanged(msgspec.Struct, frozen=True, tag="reason"):
    """The one current reason."""

    reason: Reason


class EngineChanged(msgspec.Struct, frozen=True, tag="engine"):
    """The engine's state or gauges. With `sample`, its tokens/s enters the history kept by the reducer."""

    engine: EngineView
    sample: bool = False


class MachineSampled(msgspec.Struct, frozen=True, tag="machine"):
    """New gauges of the machine; histories are kept by the reducer, those in `machine` are ignored."""

    machine: MachineView


class NetworkChanged(msgspec.Struct, frozen=True, tag="network"):
    """The network as seen from here."""

    network: NetworkView


class SwitchesChanged(msgspec.Struct, frozen=True, tag="switches"):
    """The operator paused, resumed or drained."""

    switches: Switches


class MoneyChanged(msgspec.Struct, frozen=True, tag="money"):
    """New totals, from the journal."""

    money: MoneyView


class JobChanged(msgspec.Struct, frozen=True, tag="job"):
    """A job is new or moved on."""

    job: JobView


class VerdictArrived(msgspec.Struct, frozen=True, tag="verdict"):
    """An answer was judged."""

    verdict: VerdictView


class Noted(msgspec.Struct, frozen=True, tag="note"):
    """Something worth a line in Events."""

    note: Note


class EarningsChanged(msgspec.Struct, frozen=True, tag="earnings"):
    """Days, models, penalties or power, from the journal."""

    earnings: EarningsView


class TimelineChanged(msgspec.Struct, frozen=True, tag="timeline"):
    """Another minute went by, or the reason changed."""

    timeline: TimelineView


class LimitsChanged(msgspec.Struct, frozen=True, tag="limits"):
    """Running totals against the policy's limits."""

    limits: tuple[LimitView, ...]


class ModelsChanged(msgspec.Struct, frozen=True, tag="models"):
    """The weights, or a fetch among them."""

    models: ModelsView


class MachineProbed(msgspec.Struct, frozen=True, tag="facts"):
    """What this machine is."""

    facts: MachineFacts


class PlanChanged(msgspec.Struct, frozen=True, tag="plan"):
    """The engine is started by another plan, or was measured."""

    plan: PlanView


class Ticked(msgspec.Struct, frozen=True, tag="tick"):
    """Nothing but time: keeps ages on screen true while the node is idle."""


Event = (
    NodeChanged
    | ReasonChanged
    | EngineChanged
    | MachineSampled
    | NetworkChanged
    | SwitchesChanged
    | MoneyChanged
    | JobChanged
    | VerdictArrived
    | Noted
    | EarningsChanged
    | TimelineChanged
    | LimitsChanged
    | ModelsChanged
    | MachineProbed
    | PlanChanged
    | Ticked
)


def reduce(state: NodeState, at_ms: int, event: Event) -> NodeState:
    """The state after `event` at `at_ms`; time never runs backwards.

    Plain, and linear in the jobs: `store.StateStore` does the same for those who take many events.
    """
    changed = _apply(event, state)
    return msgspec.structs.replace(changed, now_ms=max(state.now_ms, at_ms))


@singledispatch
def _apply(event: Event, state: NodeState) -> NodeState:
    return state


@_apply.register
def _(event: NodeChanged, state: NodeState) -> NodeState:
    return msgspec.structs.replace(state, node=event.node)


@_apply.register
def _(event: ReasonChanged, state: NodeState) -> NodeState:
    return msgspec.structs.replace(state, reason=event.reason)


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
def _(event: SwitchesChanged, state: NodeState) -> NodeState:
    return msgspec.structs.replace(state, switches=event.switches)


@_apply.register
def _(event: MoneyChanged, state: NodeState) -> NodeState:
    return msgspec.structs.replace(state, money=event.money)


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


@_apply.register
def _(event: EarningsChanged, state: NodeState) -> NodeState:
    return msgspec.structs.replace(state, earnings=event.earnings)


@_apply.register
def _(event: TimelineChanged, state: NodeState) -> NodeState:
    return msgspec.structs.replace(state, timeline=event.timeline)


@_apply.register
def _(event: LimitsChanged, state: NodeState) -> NodeState:
    return msgspec.structs.replace(state, limits=event.limits)


@_apply.register
def _(event: ModelsChanged, state: NodeState) -> NodeState:
    return msgspec.structs.replace(state, models=event.models)


@_apply.register
def _(event: MachineProbed, state: NodeState) -> NodeState:
    return msgspec.structs.replace(state, facts=event.facts)


@_apply.register
def _(event: PlanChanged, state: NodeState) -> NodeState:
    return msgspec.structs.replace(state, plan=event.plan)


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
