"""What is said about one job: taken or declined, tokens, a result's fate, and its opening."""

from __future__ import annotations

from typing import Literal

import msgspec

from console.protocol.ids import JobId
from console.protocol.types import Fault

CHUNK_TOKENS_LIMIT = 256


class Ack(msgspec.Struct, frozen=True, tag="ack"):
    """The node has taken the assignment into its queue."""

    job: JobId
    attempt: int
    fence: int


class Decline(msgspec.Struct, frozen=True, tag="decline"):
    """The node will not do this assignment, and says why: a public reason for the next attempt."""

    job: JobId
    attempt: int
    fence: int
    code: Literal[
        "draw_wrong",
        "context_exceeded",
        "queue_full",
        "paused",
        "draining",
        "engine_down",
        "unknown_group",
    ]
    sentence: str


class Chunk(msgspec.Struct, frozen=True, tag="chunk"):
    """Tokens as they come; `start`: position of the first. The network, not the node, turns ids to text."""

    job: JobId
    attempt: int
    fence: int
    start: int
    token_ids: tuple[int, ...]


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """The node could not finish; nothing is paid, and the job goes on elsewhere when it still may."""

    job: JobId
    attempt: int
    fence: int
    fault: Fault
    code: str
    sentence: str


class Cancel(msgspec.Struct, frozen=True, tag="cancel"):
    """Stop working on this attempt; its result will not be paid."""

    job: JobId
    attempt: int
    fence: int
    reason: str


class OpenRequest(msgspec.Struct, frozen=True, tag="open_request"):
    """This answer is audited: send the blob behind its commitment."""

    job: JobId
    attempt: int


class Opening(msgspec.Struct, frozen=True, tag="opening"):
    """The blob: 40 (u32 id, i32 q) pairs per position, little-endian; empty when it is gone."""

    job: JobId
    attempt: int
    blob: bytes


class ResultAnswered(msgspec.Struct, frozen=True, tag="result_answered"):
    """The network has the result under the current fence, or never will: stop sending it."""

    job: JobId
    attempt: int
    fence: int
    status: Literal["taken", "stale", "unknown", "malformed"]
    sentence: str
