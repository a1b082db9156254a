"""What the journal keeps of a job."""

from __future__ import annotations

import msgspec

from console.control.state import JobView
from console.protocol.types import DrawProof, Result, SamplingRules


class JobRecord(msgspec.Struct, frozen=True):
    """One attempt: its line on the screen, and what its evidence rests on. No text, no token ids."""

    view: JobView
    fence: int
    group: str
    profile: str
    reward_rate: int
    draw: DrawProof
    seeds_root: str
    """Commitment to the epoch's seeds, as this node was told it before the draw."""
    coordinator: str
    """Key of the coordinator that gave the job."""
    prompt_digest: str
    commitment: str = ""


class Question(msgspec.Struct, frozen=True, array_like=True):
    """What was asked, as far as an answer is judged by it. Token ids are text: only ever kept sealed."""

    prompt_ids: tuple[int, ...]
    temperature_milli: int
    max_tokens: int
    stop: tuple[str, ...]
    rules: SamplingRules = SamplingRules()


class Kept(msgspec.Struct, frozen=True):
    """All that is needed to judge one answer again. In memory only while it is looked at."""

    question: Question
    result: Result
    opening: bytes
    """The blob behind the result's commitment."""
    until_ms: int
    """When it is erased, if nobody judges it before."""


class Totals(msgspec.Struct, frozen=True):
    """Counts and nano-credits of one day, or of all."""

    jobs: int = 0
    failed: int = 0
    accepted: int = 0
    rejected: int = 0
    earned: int = 0
    penalised: int = 0
