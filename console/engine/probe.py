"""Load-and-generate: a model is offered to the network only after it has really answered here."""

from __future__ import annotations

import hashlib
import os

import msgspec
import numpy as np

from console.engine.port import (
    Broken,
    ChatMessage,
    Engine,
    EngineError,
    Generated,
    GenerateRequest,
    Tokens,
)
from console.verification.commitment import commitment, unpack
from console.verification.judge import Claim, check_replay

PROBE_TOKENS = 32
_QUESTION = "Count from one to fifty in words."
_SEED = hashlib.sha256(b"quarterdeck/probe/v1").digest()
_Q_LIMIT = 1 << 24
"""Logits of ±16,384: beyond that lies no model, but an overflow."""


class Probed(msgspec.Struct, frozen=True):
    """What the probe measured."""

    milli_tokens_per_s: int
    """Tokens per second × 1000, without the prompt."""
    first_token_ms: int


async def load_and_generate(engine: Engine) -> Probed:
    """Let the engine answer a short question, and check the answer as a verifier would.

    Raises:
        EngineError: it does not answer, or `decode_failed` when its answer is none.
    """
    request = GenerateRequest(
        id=f"probe-{os.urandom(8).hex()}",
        prompt_ids=await probe_prompt(engine),
        seed=_SEED.hex(),
        temperature_milli=700,
        max_tokens=PROBE_TOKENS,
    )
    answer = await answer_of(engine, request)
    if answer is None or not answer.token_ids:
        raise _unfit("it gave no token")
    _check(answer, request)
    decode_ms = max(1, answer.generation_ms - answer.first_token_ms)
    speed = max(1, len(answer.token_ids) - 1) * 1_000_000 // decode_ms
    return Probed(speed, answer.first_token_ms)


async def answer_of(engine: Engine, request: GenerateRequest) -> Generated | None:
    """The whole answer; None when the stream had no end. Raises EngineError when it broke off."""
    answer: Generated | None = None
    async for event in engine.generate(request):
        if isinstance(event, Broken):
            raise EngineError(event.code, event.sentence)
        if not isinstance(event, Tokens):
            answer = event
    return answer


async def probe_prompt(engine: Engine) -> tuple[int, ...]:
    """The question that engines are tried on, for the model that this one holds. Raises EngineError."""
    try:
        return await engine.chat_prompt((ChatMessage("user", _QUESTION),))
    except EngineError as error:
        if error.code != "bad_request":
            raise
        return await engine.tokenize(_QUESTION, special=False)


def _check(answer: Generated, request: GenerateRequest) -> None:
    if commitment(answer.blob) != answer.commitment:
        raise _unfit("its commitment does not open")
    try:
        rows = unpack(answer.blob)
    except ValueError:
        raise _unfit("its blob is malformed") from None
    if len(rows) != len(answer.token_ids):
        raise _unfit("its blob does not cover its answer")
    q = rows["q"].astype(np.int64)
    if int(np.abs(q).max()) > _Q_LIMIT or bool((q.max(axis=1) == q.min(axis=1)).any()):
        raise _unfit("its logits are no numbers that a model gives")
    claim = Claim(
        token_ids=answer.token_ids,
        finish_reason=answer.finish_reason,
        commitment=answer.commitment,
        blob=answer.blob,
        seed=_SEED,
        temperature_milli=request.temperature_milli,
        max_tokens=request.max_tokens,
    )
    if not check_replay(claim).passed:
        raise _unfit("its tokens do not follow from its logits")


def _unfit(why: str) -> EngineError:
    return EngineError(
        "decode_failed",
        f"The model was tried on a short question and {why}. It is not offered to the network.",
    )
