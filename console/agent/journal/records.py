"""What the journal keeps of a job."""

from __future__ import annotations

import msgspec

from console.control.state import JobView
from console.protocol.types import DrawProof


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


class Totals(msgspec.Struct, frozen=True):
    """Counts and nano-credits of one day, or of all."""

    jobs: int = 0
    failed: int = 0
    accepted: int = 0
    rejected: int = 0
    earned: int = 0
    penalised: int = 0
