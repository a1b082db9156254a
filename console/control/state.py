"""What a node is at one moment, as the agent sees it and every client shows it. Frozen."""

from __future__ import annotations

from typing import Literal

import msgspec

from console.control.earnings import EarningsView
from console.control.engine import PlanView, SequenceView
from console.control.limits import LimitView
from console.control.machine import MachineFacts, MachineView
from console.control.models import ModelsView
from console.control.timeline import TimelineView
from console.control.witnessed import KeptEvidence, Said
from console.protocol.ids import GroupId, JobId, NodeId
from console.protocol.reasons import Reason
from console.protocol.types import Balances, Fault, Outcome, Policy, Statistic, VerdictMode

HISTORY = 120
"""Samples kept of each gauge."""
JOBS_KEPT = 500
"""Finished jobs kept, those that ended last. Live ones are never dropped, however many there are."""
VERDICTS_KEPT = 200
NOTES_KEPT = 500

EngineState = Literal["stopped", "starting", "loading", "probing", "ready", "waiting", "failed"]
NetworkState = Literal["offline", "connecting", "connected", "refused"]
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


class GroupView(msgspec.Struct, frozen=True, omit_defaults=True):
    """A group of the network: the nodes that serve one model."""

    group: GroupId
    name: str
    nodes: int = 0
    """Signed in."""
    listed: int = 0
    """In the last roster."""
    waiting: int = 0
    """Assignments waiting or running in the whole group."""
    requests_per_min: int = 0
    """Requests of the last minute."""
    mine: bool = False


class NetworkView(msgspec.Struct, frozen=True, omit_defaults=True):
    """The network from here. Draws count from the agent's start; expectation and variance are × 1000."""

    state: NetworkState = "offline"
    sentence: str = ""
    coordinator: str = ""
    name: str = ""
    since_ms: int = 0
    next_try_ms: int = 0
    latency_ms: int | None = None
    slot: int = 0
    epoch: int = 0
    roster_size: int = 0
    listed: bool = False
    draws: int = 0
    won: int = 0
    expected_milli: int = 0
    variance_milli: int = 0
    policy: Policy | None = None
    coordinator_key: str = ""
    sessions: int = 0
    """Sign-ins since the agent started; more than one means that the connection was lost in between."""
    receipts: int = 0
    """Presence receipts since the agent started, one per heartbeat that was answered."""
    receipts_listed: int = 0
    """Of those, the ones that say that this node was in the roster."""
    receipt_ms: int = 0
    """When the last one came."""
    probation_left: int | None = None
    """Accepted answers until the audit rate falls; None: the network does not say."""
    audit_ppm: int | None = None
    """Share of this node's answers that is audited now, per million; None: the network does not say."""
    groups: tuple[GroupView, ...] = ()
    latency_history: tuple[int, ...] = ()
    """Milliseconds, one per presence receipt; kept by the reducer."""
    said: Said | None = None
    """Why the network does not list this node; None: it does, or has not spoken yet."""
    roster_root: str = ""
    """Of the last presence receipt's slot."""
    seeds_root: str = ""
    """The commitment to the seeds of `epoch`."""
    kept: KeptEvidence = KeptEvidence()

    @property
    def against(self) -> Said | None:
        """What the network holds against this node now: no echo of what the node said itself, and of a session
        that is over only the answer to the next sign-in.
        """
        said = self.said
        over = said is not None and said.signed and self.state != "connected"
        return None if said is None or said.echo or over else said


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
