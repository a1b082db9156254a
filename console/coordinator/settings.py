"""The coordinator's settings: policy, practice deposits, client keys, limits."""

from __future__ import annotations

import msgspec

from console.protocol.ids import GroupId
from console.protocol.types import USUAL_POLICY, Policy


class Practice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a practice network is given from outside, booked once."""

    open: bool = False
    """Any API key is taken, and all of them are the client `practice`."""
    client_deposit: int = 0
    """Nano-credits for the client `practice`."""
    bonds: dict[str, int] = {}
    """Node id to nano-credits of bond."""


class Spending(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nano-credits that may be spent at most, what is held included; None: as much as there is."""

    per_day: int | None = None
    """From midnight to midnight, UTC."""
    total: int | None = None


class NamedKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of a client's API keys, known by its SHA-256, with limits of its own."""

    key_sha256: str
    spending: Spending = Spending()


class ClientKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A client of the network, known by the SHA-256 of its API key, or of each of its keys."""

    key_sha256: str = ""
    """The key without a name; empty where all have one."""
    deposit: int = 0
    spending: Spending = Spending()
    """Of all its keys together."""
    keys: dict[str, NamedKey] = {}
    """By name."""

    def digests(self) -> dict[str, str]:
        """Name of the key by its SHA-256, lower case."""
        named = {key.key_sha256.lower(): name for name, key in self.keys.items()}
        return named | ({self.key_sha256.lower(): ""} if self.key_sha256 else {})


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Bounds and patience, durations in seconds."""

    ack_s: float = 10.0
    """A drawn node that does not acknowledge for so long is passed over."""
    grace_s: float = 10.0
    """A node whose connection broke in mid-job may come back for so long."""
    opening_s: float = 30.0
    """A connected node opens its commitment within this."""
    reconnect_s: float = 60.0
    """An audited node that is gone may come back for so long."""
    queue_wait_s: float = 30.0
    """A request waits so long for a node whose queue is not full."""
    verdict_wait_s: float = 10.0
    """A whole answer (no stream) is held back so long for its verdict."""
    nonce_s: float = 5.0
    """A client that committed to a nonce reveals it within so long of its ticket."""
    queued_comment_s: float = 2.0
    """Interval of the comments that keep a waiting stream alive."""
    audit_patience_s: float = 300.0
    """After so long without a reference engine the verdict rests on replay."""
    dispute_s: int = 7 * 86_400
    """Sealed evidence of a rejected answer is kept for so long."""
    sign_in_s: float = 30.0
    body_bytes: int = 1 << 20
    body_s: float = 30.0
    """A request's body comes within this."""
    open_jobs: int = 1024
    open_jobs_of_one: int = 512
    """Of these, one client's: the others' requests find room beside them."""
    open_logprobs: int = 16
    """Of these, jobs whose log-probabilities were asked for: each makes the reference engine work."""
    connections: int = 4096
    frames_per_s: int = 2000
    bytes_per_s: int = 16 << 20


class Verifiers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who confirms what the reference engine found."""

    second: bool = True
    """A mismatch is confirmed on an engine of its own; false: no answer is ever rejected on recompute."""
    idle_s: float = 120.0
    """The second engine is ended when it had nothing to confirm for so long."""


class EvidenceKept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long, and how much of, what verdicts rest on is kept sealed. Of rejections: `limits.dispute_s`."""

    accepted_s: int = 86_400
    """Evidence of answers that were audited and accepted."""
    accepted_rows: int = 2_000
    accepted_bytes: int = 256 << 20
    """No more than so many of these, or so many bytes: the oldest go first."""


class CoordinatorConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    network: str = "Quarterdeck network"
    """Its name, for people."""
    policy: Policy = USUAL_POLICY
    practice: Practice = Practice()
    clients: dict[str, ClientKey] = {}
    limits: Limits = Limits()
    verifiers: Verifiers = Verifiers()
    evidence: EvidenceKept = EvidenceKept()
    load_deposit: int = 0
    """Nano-credits from outside for load challenges, booked once; beyond it the treasury pays for them."""


class Served(msgspec.Struct, frozen=True):
    """The model of this coordinator's group."""

    model: str
    group: GroupId
    exact_weights: bool = True
    """Whether all of its tensors are of types that are exact in every batch."""
