"""What a node is at one moment, as the agent sees it and every client shows it. Frozen."""

from __future__ import annotations

from typing import Literal

import msgspec

from console.protocol.ids import JobId, NodeId
from console.protocol.reasons import Reason
from console.protocol.types import Balances, Fault, Outcome, Policy, VerdictMode

HISTORY = 120
"""Samples kept of each gauge."""
JOBS_KEPT = 500
VERDICTS_KEPT = 200
NOTES_KEPT = 500

EngineState = Literal["stopped", "starting", "loading", "probing", "ready", "waiting", "failed"]
NetworkState = Literal["offline", "connecting", "connected", "refused"]
JobState = Literal[
    "queued", "running", "result", "answered", "accepted", "rejected", "failed", "cancelled", "stale"
]
"""`result`: finished and journalled; `answered`: the network has it, verdict to come; `stale`: too late."""
LIVE_JOB_STATES: frozenset[JobState] = frozenset(("queued", "running", "result"))


class NodeFacts(msgspec.Struct, frozen=True):
    """Who this is."""

    id: NodeId = NodeId("")
    name: str = ""
    software: str = ""
    home: str = ""
    pid: int = 0
    started_ms: int = 0
    practice: bool = False


class EngineView(msgspec.Struct, frozen=True):
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


class GpuView(msgspec.Struct, frozen=True):
    """One accelerator now; None where the driver does not say, never an old number."""

    name: str
    load_percent: int | None = None
    vram_used_bytes: int | None = None
    vram_total_bytes: int | None = None
    temperature_c: int | None = None
    power_w: int | None = None
    power_limit_w: int | None = None
    fan_percent: int | None = None
    throttle: str = ""
    lost: bool = False


class MachineView(msgspec.Struct, frozen=True):
    """The machine now; histories are percent, oldest first."""

    at_ms: int = 0
    cpu_model: str = ""
    cores: int = 0
    cpu_percent: int | None = None
    load_milli: int | None = None
    ram_used_bytes: int | None = None
    ram_total_bytes: int | None = None
    disk_free_bytes: int | None = None
    disk_total_bytes: int | None = None
    temperature_c: int | None = None
    gpus: tuple[GpuView, ...] = ()
    cpu_history: tuple[int, ...] = ()
    ram_history: tuple[int, ...] = ()
    gpu_history: tuple[int, ...] = ()
    """Load of the first GPU."""


class NetworkView(msgspec.Struct, frozen=True):
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


class Switches(msgspec.Struct, frozen=True):
    """What the operator told the node to do; durable."""

    paused: bool = False
    draining: bool = False
    since_ms: int = 0
    by: str = ""


class MoneyView(msgspec.Struct, frozen=True):
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


class JobView(msgspec.Struct, frozen=True):
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
    draw_ok: bool | None = None
    """This machine's own check of the draw; None: not checked."""
    outcome: Outcome | None = None
    mode: VerdictMode | None = None
    reward: int = 0
    penalty: int = 0
    settled: bool = False
    fault: Fault | None = None
    sentence: str = ""


class VerdictView(msgspec.Struct, frozen=True):
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


class Note(msgspec.Struct, frozen=True):
    """One line of the node's event log."""

    at_ms: int
    level: Literal["info", "good", "warning", "error"]
    text: str
    room: str = ""
    """Where it comes from: engine, network, jobs, money, operator, machine."""


class NodeState(msgspec.Struct, frozen=True):
    """All of it. `jobs`, `verdicts` and `notes` are newest first and bounded."""

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
