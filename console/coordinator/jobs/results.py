"""Whether a message is fit to be judged: what is not is a fault, and never called a false answer. Pure."""

from __future__ import annotations

from console.protocol.frames import result_bytes
from console.protocol.keys import verify
from console.protocol.messages import CHUNK_TOKENS_LIMIT, Chunk
from console.protocol.types import Assignment, Result

_FAILURES = frozenset(
    {
        "agent_restarted",
        "bad_request",
        "busy",
        "cancelled",
        "context_exceeded",
        "decode_failed",
        "engine_down",
        "not_ready",
        "out_of_memory",
        "timeout",
        "unreachable",
    }
)


def malformed(
    result: Result, given: Assignment, prompt_digest: str, received: list[int], vocabulary: int
) -> str:
    """Why `result` cannot be an answer to `given`, empty when it can.

    `prompt_digest`: of the prompt that was given; `received`: ids streamed before; `vocabulary`: its size.
    """
    if result.group != given.group or result.profile != given.profile:
        return "The result names another model or numerics profile than the assignment."
    if result.prompt_digest != prompt_digest:
        return "The result is for another prompt."
    if not 1 <= len(result.token_ids) <= given.max_tokens:
        return f"The result has {len(result.token_ids)} tokens; 1 to {given.max_tokens} were asked for."
    if any(not 0 <= i < vocabulary for i in result.token_ids):
        return "The result holds a token that the model does not have."
    if list(result.token_ids[: len(received)]) != received:
        return "The result does not begin with the tokens that were streamed."
    if len(result.commitment) != 64:
        return "The commitment is no SHA-256."
    if not verify(result.node, result_bytes(result), result.signature):
        return "The result is not signed by the node."
    return ""


def chunk_fits(chunk: Chunk, received: list[int], max_tokens: int, vocabulary: int) -> bool:
    """Whether a chunk goes on where the last one ended or later, with tokens that exist.

    Later: those between were on a line that broke. The node does not know, and the result will hold them.
    """
    ids = chunk.token_ids
    return (
        chunk.start >= len(received)
        and 1 <= len(ids) <= CHUNK_TOKENS_LIMIT
        and chunk.start + len(ids) <= max_tokens
        and all(0 <= i < vocabulary for i in ids)
    )


def public_code(code: str) -> str:
    """A peer's code as it may be kept: one that is known, else `other`; free text could hold a prompt."""
    return code if code in _FAILURES else "other"
