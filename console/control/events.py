"""What can happen to a node's state. An event whose only field is a part of the state brings it anew."""

from __future__ import annotations

import msgspec

from console.control.earnings import EarningsView
from console.control.engine import PlanView
from console.control.limits import LimitView
from console.control.machine import MachineFacts, MachineView
from console.control.models import ModelsView
from console.control.network import NetworkView
from console.control.state import EngineView, JobView, MoneyView, NodeFacts, Note, Switches, VerdictView
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
