"""A node's answers: true ones, and those that its deed (`lies`) makes of them."""

from __future__ import annotations

import msgspec

from console.fairness import draw_bytes
from console.protocol.canonical import ids_digest
from console.protocol.frames import result_bytes
from console.protocol.keys import SigningKey
from console.protocol.types import Assignment, Result
from console.verification.noise import job_seed
from simulation.model import END, MODEL, Answer, generate


def answer_to(given: Assignment, deed: str, node: str) -> Answer:
    """What `node` generates."""
    seed = job_seed(draw_bytes(given.draw), given.job, node, ids_digest(given.prompt_ids))
    if deed == "other_seed":
        seed = seed[::-1]
    weights = "cheaper" if deed == "other_model" else MODEL
    return generate(weights, given.prompt_ids, seed, given.temperature_milli, given.max_tokens)


def result_of(given: Assignment, answer: Answer, deed: str, key: SigningKey) -> Result:
    """The answer as it is claimed, signed."""
    unsigned = Result(
        job=given.job,
        attempt=given.attempt,
        fence=given.fence,
        node=key.node_id,
        group=given.group,
        prompt_digest=ids_digest(given.prompt_ids),
        token_ids=answer.ids if deed != "malformed" else answer.ids + (END + 1,) * given.max_tokens,
        finish_reason=answer.reason,
        profile=given.profile,
        commitment=answer.commitment,
        generation_ms=1,
        first_token_ms=1,
        signature="",
    )
    return _signed(unsigned, key)


def sent_for(result: Result, deed: str, key: SigningKey) -> list[Result]:
    """The result, and what a greedy node sends beside it."""
    replace, fence, attempt = msgspec.structs.replace, result.fence, result.attempt
    if deed == "twice":
        return [result, result, result]
    if deed == "old_fence":
        older = replace(result, fence=fence - 1, attempt=max(1, attempt - 1))
        return [_signed(replace(result, fence=fence - 1), key), _signed(older, key), result]
    if deed == "next_fence":
        later = replace(result, fence=fence + 1, attempt=attempt + 1)
        return [_signed(replace(result, fence=fence + 1), key), _signed(later, key), result]
    return [result]


def _signed(result: Result, key: SigningKey) -> Result:
    return msgspec.structs.replace(result, signature=key.sign(result_bytes(result)))
