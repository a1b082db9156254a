"""The model of the bench `settled`: the same forty candidates at every position, so answers take no time.

Sampling is keyed as ever: which of them is the token is for the job's seed to say. The answers are true ones,
and audits of them find nothing.
"""

from __future__ import annotations

import hashlib

import msgspec
import numpy as np
from doubles.engine_double import PROFILE, ScriptedEngine

from console.engine.port import Scored, ScoreRequest
from console.fairness import draw_bytes
from console.protocol.canonical import ids_digest
from console.protocol.frames import result_bytes
from console.protocol.ids import GroupId
from console.protocol.keys import SigningKey
from console.protocol.types import TOP_K, Assignment, ModelOffer, Result
from console.verification.commitment import commitment
from console.verification.cut import GRID
from console.verification.noise import job_seed
from console.verification.sampling import PAIR, choose

MODEL = "instant"
GROUP = GroupId(hashlib.sha256(b"instant weights").hexdigest())
OFFER = ModelOffer(GROUP, MODEL, PROFILE.class_id, 2048, 100_000, 1)
TOKENS = 8
PROMPT_IDS = tuple(range(40, 72))
TEMPERATURE_MILLI = 700
_FIRST = 100
_ROW = np.array([(_FIRST + i, GRID * (4 - i // 10)) for i in range(TOP_K)], dtype=PAIR)
BLOB = _ROW.tobytes() * TOKENS
_COMMITMENT = commitment(BLOB)
_DIGEST = ids_digest(PROMPT_IDS)


class InstantEngine(ScriptedEngine):
    """The reference: it knows the candidates without looking."""

    async def score(self, request: ScoreRequest) -> Scored:
        """Of the windows, or of all positions."""
        wanted = sum(length for _, length in request.windows) or len(request.completion_ids)
        return Scored(_ROW.tobytes() * wanted, 1)


def answer_to(given: Assignment, key: SigningKey) -> Result:
    """What an honest node answers, signed."""
    seed = job_seed(draw_bytes(given.draw), given.job, key.node_id, _DIGEST)
    unsigned = Result(
        given.job,
        given.attempt,
        given.fence,
        key.node_id,
        given.group,
        _DIGEST,
        tuple(choose(_ROW, seed, place, given.temperature_milli) for place in range(given.max_tokens)),
        "length",
        given.profile,
        _COMMITMENT,
        1,
        1,
        "",
    )
    return msgspec.structs.replace(unsigned, signature=key.sign(result_bytes(unsigned)))
