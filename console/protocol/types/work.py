"""What a node offers, what it is asked, and what it answers."""

from __future__ import annotations

from typing import Literal

import msgspec

from console.protocol.ids import GroupId, JobId, NodeId
from console.protocol.types.draws import DrawProof

TOP_K = 40
"""Candidates kept, committed and sampled from at every position (DESIGN §5)."""

FinishReason = Literal["stop", "length"]


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
