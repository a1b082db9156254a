"""Values that travel in several messages: policy, draws, results, verdicts, receipts."""

from __future__ import annotations

from typing import Literal

import msgspec

from console.protocol.ids import EvidenceId, GroupId, JobId, NanoCredits, NodeId

TOP_K = 40
"""Candidates kept, committed and sampled from at every position (DESIGN §5)."""

FinishReason = Literal["stop", "length"]
Fault = Literal["node", "coordinator", "client", "nobody"]
Outcome = Literal["accepted", "rejected"]
VerdictMode = Literal[
    "not_audited", "structure", "replay", "recompute_exact", "recompute_tolerant", "abstained"
]
"""`abstained`: structure and replay held, and there is no calibration by which to judge a recompute."""
StatisticName = Literal[
    "max_margin", "mean_margin", "mismatch_rate", "logprob_distance", "running_margin", "running_distance"
]
"""The first four of one recompute; `running_…` of all of a node's answers together."""


class Policy(msgspec.Struct, frozen=True):
    """The network's public rules and prices; every node is told them at sign-in."""

    client_rate: int = 700
    """Nano-credits that a client pays per token, prompt and answer alike."""
    node_rate: int = 500
    """Nano-credits of that which the node gets."""
    bond_target: int = 20_000_000
    """Nano-credits of bond at which nothing more is held back."""
    holdback_percent: int = 50
    """Share of each reward that goes to the bond until the target stands."""
    penalty_multiple: int = 20
    """A rejected answer costs so many times its reward."""
    probation_answers: int = 10
    """Accepted answers before the audit rate falls."""
    probation_audit_ppm: int = 1_000_000
    audit_ppm: int = 50_000
    """Audited answers per million, in probation and, at least, after it; the bond held may ask for more."""
    saving_ppm: int = 1_000_000
    """What a false answer saves its node at most, per million of the reward: all of it."""
    detection_ppm: int = 990_000
    """Probability per million with which an audit finds a false answer, at least."""
    audit_positions: int = 64
    """Positions that an audit recomputes; of a longer answer, windows drawn in secret. All are replayed."""
    suspend_after: int = 3
    """Rejections within `suspend_window_s` that suspend a node for `suspend_s`."""
    suspend_window_s: int = 3600
    suspend_s: int = 3600
    min_milli_tokens_per_s: int = 1000
    """Public minimum speed of a group, tokens/s × 1000, as measured by the node's probe."""
    queue_limit: int = 8
    """Assignments that one node may have waiting or running."""
    slot_s: int = 2
    epoch_s: int = 600
    lease_s: int = 120
    """An assignment that is not answered for so long goes to another node."""
    heartbeat_s: int = 2
    """Interval at which a node says that it lives; silent for 3 intervals: not live."""
    max_tokens: int = 1024
    max_attempts: int = 3
    nodes_per_machine: int = 0
    """Nodes that may be listed of those that claim one machine, the first that came first; 0: any number."""
    load_every_s: int = 0
    """Between two load challenges, on average, at moments drawn by lot; 0: there are none."""
    load_tokens: int = 0
    """Tokens that each node may answer in a load challenge."""
    load_draws: int = 0
    """Tickets of load challenges in one epoch, at most."""
    load_hold_s: int = 0
    """For so long nodes count as one machine that a load challenge found to be one."""
    withheld_fee: int = 0
    """Nano-credits that a client pays for a nonce that it committed to and did not reveal, as far as that
    was held for its request."""


LATER_RULES = (
    "nodes_per_machine", "load_every_s", "load_tokens", "load_draws", "load_hold_s", "withheld_fee",
)  # fmt: skip
"""Of 0 where a policy has them not: one that was signed before there were such rules has none of them."""
USUAL_POLICY = Policy(
    nodes_per_machine=1,
    load_every_s=3600,
    load_tokens=64,
    load_draws=1000,
    load_hold_s=86_400,
    withheld_fee=100_000,
)
"""The rules of a network that does not choose its own."""


class ModelOffer(msgspec.Struct, frozen=True):
    """A model that a node serves, after its file's hash matched and its probe passed."""

    group: GroupId
    name: str
    profile: str
    """Class id of the node's numerics, see `console.verification.profiles`."""
    context: int
    milli_tokens_per_s: int
    first_token_ms: int


class SamplingRules(msgspec.Struct, frozen=True, omit_defaults=True):
    """A client's sampling parameters beside temperature, as integers; the defaults change nothing."""

    top_p_ppm: int = 1_000_000
    """Least share of the weight, per million, that the best candidates must have together to be enough."""
    min_p_ppm: int = 0
    """Least weight of a candidate, per million of the best one's."""
    frequency_milli: int = 0
    """Taken off a token's logit for each time that the answer holds it, × 1000."""
    presence_milli: int = 0
    """Taken off once if the answer holds it at all, × 1000."""


class Exclusion(msgspec.Struct, frozen=True):
    """A node of the roster that one draw leaves out, and the public reason."""

    index: int
    """Its place in the sorted roster."""
    code: str
    """`tried` by an earlier attempt, `context` too small, `load`, or a code of `console.protocol.reasons`."""


LOAD = "load"
"""Why a ticket leaves out everybody but one node: the network asks that node, as part of a load challenge."""


class Ticket(msgspec.Struct, frozen=True, omit_defaults=True):
    """Fixes a job's place in the sequence of draws before the nonce is known.

    The last four came later: tickets without them have the bytes, and the signature, that they always had.
    """

    job: JobId
    k: int
    """Gapless number of the draw within its epoch."""
    epoch: int
    roster_root: str
    roster_size: int
    attempt: int
    slot: int = -1
    """Whose signed roster it is."""
    chances: int = 0
    """Nodes of the roster that are not left out; 0 in tickets of before."""
    excluded: str = ""
    """Digest of who is left out and why, `excluded_digest`."""
    commitment: str = ""
    """To the client's nonce, sent before it saw this ticket; empty: the gateway draws the nonce."""


class DrawProof(msgspec.Struct, frozen=True, omit_defaults=True):
    """All that a node needs to recompute that it was drawn, and by what chance."""

    ticket: Ticket
    ticket_signature: str
    nonce: str
    """Hex; drawn by the client, or by the gateway for a client that has none."""
    seed: str
    """Hex: r_k, revealed."""
    seed_path: tuple[str, ...]
    """Hex: Merkle path of r_k to the epoch's committed root."""
    index: int
    """Place of the drawn node in the sorted roster."""
    roster_path: tuple[str, ...]
    """Hex: Merkle path of the node's id to the roster's root."""
    excluded: tuple[Exclusion, ...] = ()
    """Who of the roster is left out, by rising index."""


class Assignment(msgspec.Struct, frozen=True, tag="assignment"):
    """One attempt of a job, given to one node under one fence."""

    job: JobId
    attempt: int
    fence: int
    group: GroupId
    prompt_ids: tuple[int, ...]
    temperature_milli: int
    """Temperature × 1000; 0 is argmax."""
    max_tokens: int
    stop: tuple[str, ...]
    profile: str
    lease_s: int
    reward_rate: int
    draw: DrawProof
    rules: SamplingRules = SamplingRules()


class Result(msgspec.Struct, frozen=True, tag="result"):
    """A finished answer as the node claims it; `signature` is over `result_bytes`."""

    job: JobId
    attempt: int
    fence: int
    node: NodeId
    group: GroupId
    prompt_digest: str
    token_ids: tuple[int, ...]
    finish_reason: FinishReason
    profile: str
    commitment: str
    """Hex SHA-256 of the blob of (id, q) pairs, opened only when audited."""
    generation_ms: int
    first_token_ms: int
    signature: str


class Statistic(msgspec.Struct, frozen=True):
    """One figure of a recompute beside its limit, both × 10⁶; over the limit is a rejection."""

    name: StatisticName
    value_ppm: int
    limit_ppm: int


class Verdict(msgspec.Struct, frozen=True, tag="verdict"):
    """How one result was judged, and on what evidence."""

    id: EvidenceId
    job: JobId
    attempt: int
    node: NodeId
    outcome: Outcome
    mode: VerdictMode
    """The deepest step that was carried out; for a rejection, the step that failed."""
    tokens_checked: int
    mismatches: int
    first_mismatch: int
    """Position in the answer, -1 when there is none."""
    sentence: str
    at_ms: int
    statistics: tuple[Statistic, ...] = ()
    """Of a tolerant recompute."""
    calibration: str = ""
    """Digest of the calibration that gave the limits, empty when none took part."""
    positions: int = 0
    """Positions of the answer that were recomputed; fewer than its tokens when only windows were."""


class Posting(msgspec.Struct, frozen=True):
    """One line of a ledger transaction: `amount` is added to `account`."""

    account: str
    amount: NanoCredits


class Transaction(msgspec.Struct, frozen=True):
    """Postings that sum to zero, booked together, once, under a unique id such as `pay:<job>`."""

    id: str
    at_ms: int
    postings: tuple[Posting, ...]


class Balances(msgspec.Struct, frozen=True):
    """A node's three accounts, nano-credits."""

    pending: NanoCredits = NanoCredits(0)
    available: NanoCredits = NanoCredits(0)
    bond: NanoCredits = NanoCredits(0)


class Receipt(msgspec.Struct, frozen=True, tag="receipt"):
    """What a job came to, countersigned by the coordinator over `receipt_bytes`."""

    job: JobId
    attempt: int
    node: NodeId
    outcome: Outcome
    prompt_tokens: int
    completion_tokens: int
    reward: NanoCredits
    """What the answer earned; 0 when rejected."""
    penalty: NanoCredits
    """What was taken from bond and pending."""
    verdict: EvidenceId
    transaction: Transaction
    balances: Balances
    signature: str
