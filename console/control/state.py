"""What a node is at one moment, as the agent sees it and every client shows it. Frozen."""

from __future__ import annotations

from typing import Literal

import msgspec

from console.control.earnings import EarningsView
from console.control.engine import PlanView, SequenceView
from console.control.limits import LimitView
from console.control.machine import MachineFacts, MachineView
from console.control.models import ModelsView
from console.control.network import NetworkView
from console.control.timeline import TimelineView
from console.protocol.ids import JobId, NodeId
from console.protocol.reasons import Reason
from console.protocol.types import Balances, Fault, Outcome, Statistic, VerdictMode

HISTORY = 120
"""Samples kept of each gauge."""
JOBS_KEPT = 500
"""Finished jobs kept, those that ended last. Live ones are never dropped, however many there are."""
VERDICTS_KEPT = 200
NOTES_KEPT = 500

EngineState = Literal["stopped", "starting", "loading", "probing", "ready", "waiting", "failed"]
JobState = Literal[
    "queued", "running", "result", "answered", "accepted", "rejected", "failed", "cancelled", "stale"
]
"""`result`: finished and journalled; `answered`: the network has it, verdict to come; `stale`: too late."""
LIVE_JOB_STATES: frozenset[JobState] = frozenset(("queued", "running", "result"))


class NodeFacts(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who this is."""

    id: NodeId = NodeId("")
    name: str = ""
    software: str = ""
    home: str = ""
    pid: int = 0
    started_ms: int = 0
    practice: bool = False


class EngineView(msgspec.Struct, frozen=True, omit_defaults=True):
    """The model server. `tokens_history`: tokens/s × 1000, oldest first, one per sample."""

    state: EngineState = "stopped"
    sentence: str = ""
    model: str = ""
    pid: int = 0
    restarts: int = 0
    next_try_ms: int = 0
    slots: int = 0
    slots_busy: int = 0
    queued: int = 0
    tokens_per_s_milli: int = 0
    first_token_ms: int = 0
    context: int = 0
    rss_bytes: int = 0
    profile: str = ""
    self_test: bool = False
    tokens_history: tuple[int, ...] = ()
    sequences: tuple[SequenceView, ...] = ()
    """The slots in use, by number."""
    prefill_per_s_milli: int = 0
    """Prompt tokens/s × 1000 lately."""
    prompt_tokens: int = 0
    """Computed since the engine's start."""
    reused_tokens: int = 0
    """Prompt tokens since the engine's start that an earlier prompt had computed already."""
    reused_prompts: int = 0
    """Prompts since the engine's start of which something was taken over."""


class Switches(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the operator told the node to do; durable."""

    paused: bool = False
    draining: bool = False
    since_ms: int = 0
    by: str = ""
    until_ms: int = 0
    """When a pause ends by itself, or a drain gives back what is not finished; 0: at no time set."""


class MoneyView(msgspec.Struct, frozen=True, omit_defaults=True):
    """Earnings, nano-credits; `today` is the operator's local day."""

    balances: Balances = Balances()
    bond_target: int = 0
    today_earned: int = 0
    today_penalised: int = 0
    today_jobs: int = 0
    today_accepted: int = 0
    today_rejected: int = 0
    today_failed: int = 0
    total_earned: int = 0
    total_penalised: int = 0
    total_accepted: int = 0
    total_rejected: int = 0
    last_accepted_ms: int = 0
    last_paid_ms: int = 0


class JobView(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One attempt of a job at this node. Counts and times only: the prompt and answer are the client's."""

    job: JobId
    attempt: int
    state: JobState
    received_ms: int
    started_ms: int = 0
    ended_ms: int = 0
    lease_until_ms: int = 0
    prompt_tokens: int = 0
    max_tokens: int = 0
    tokens: int = 0
    tokens_per_s_milli: int = 0
    first_token_ms: int = 0
    temperature_milli: int = 0
    roster_size: int = 0
    """Nodes among which it was drawn."""
    draw_ok: bool | None = None
    """This machine's own check of the draw; None: not checked."""
    outcome: Outcome | None = None
    mode: VerdictMode | None = None
    reward: int = 0
    penalty: int = 0
    settled: bool = False
    fault: Fault | None = None
    sentence: str = ""


class VerdictView(msgspec.Struct, frozen=True, omit_defaults=True):
    """One verdict in the stream."""

    job: JobId
    attempt: int
    at_ms: int
    outcome: Outcome
    mode: VerdictMode
    tokens_checked: int
    mismatches: int
    first_mismatch: int
    sentence: str
    statistics: tuple[Statistic, ...] = ()
    """Of a tolerant recompute, each beside its limit."""
    calibration: str = ""
    positions: int = 0
    """Positions that were recomputed, fewer than `tokens_checked` where only windows were; 0 for none."""


class Note(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of the node's event log."""

    at_ms: int
    level: Literal["info", "good", "warning", "error"]
    text: str
    room: str = ""
    """Where it comes from: engine, network, jobs, money, operator, machine."""
    calls: bool = False
    """Whether it needs the operator, and is worth a notification."""


class NodeState(msgspec.Struct, frozen=True, omit_defaults=True):
    """All of it. `jobs`, `verdicts` and `notes` are newest first; all but live jobs are bounded."""

    now_ms: int = 0
    node: NodeFacts = NodeFacts()
    reason: Reason = Reason("offline", "The node is not running.", "Run `quarterdeck agent start`.")
    engine: EngineView = EngineView()
    machine: MachineView = MachineView()
    network: NetworkView = NetworkView()
    switches: Switches = Switches()
    money: MoneyView = MoneyView()
    jobs: tuple[JobView, ...] = ()
    verdicts: tuple[VerdictView, ...] = ()
    notes: tuple[Note, ...] = ()
    earnings: EarningsView = EarningsView()
    timeline: TimelineView = TimelineView()
    limits: tuple[LimitView, ...] = ()
    models: ModelsView = ModelsView()
    facts: MachineFacts = MachineFacts()
    plan: PlanView = PlanView()
