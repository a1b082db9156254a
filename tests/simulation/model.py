"""A model that costs nothing: candidates at a place follow from a hash of everything before it.

Keyed sampling, blob, commitment and the verifier's comparison are the real ones.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from functools import cache
from typing import Any

import numpy as np

from console.engine.port import (
    ChatMessage,
    EngineError,
    Health,
    ModelFacts,
    Scored,
    ScoreRequest,
    Vocabulary,
)
from console.protocol.ids import GroupId
from console.protocol.types import FinishReason
from console.verification.commitment import commitment, pack
from console.verification.profiles import Profile
from console.verification.sampling import Candidates, choose, top_candidates
from console.verification.windows import places

MODEL = "simulated-model"
GROUP = GroupId(hashlib.sha256(b"simulated weights").hexdigest())
PROFILE = Profile(build="simulated", system="simulated", device="cpu", self_test=True)
END = 0
PIECES = (b"", *(bytes([32 + i]) for i in range(63)))
CONTEXT = 256
_ROWS = 64


class Answer:
    """Token ids with what they follow from."""

    def __init__(self, ids: tuple[int, ...], reason: FinishReason, blob: bytes) -> None:
        self.ids = ids
        self.reason = reason
        self.blob = blob
        self.commitment = commitment(blob)


def generate(weights: str, prompt: tuple[int, ...], seed: bytes, temperature_milli: int, most: int) -> Answer:
    """What an engine with these weights answers."""
    context, rows, ids = _Context(weights, prompt), [], []
    seen: Counter[int] = Counter()
    while len(ids) < most:
        rows.append(context.candidates())
        token = choose(rows[-1], seed, len(ids), temperature_milli, seen=seen)
        ids.append(token)
        seen[token] += 1
        context.accept(token)
        if token == END:
            return Answer(tuple(ids), "stop", pack(rows))
    return Answer(tuple(ids), "length", pack(rows))


class Verifier:
    """An `Engine` as the coordinator uses it. `away`: does not answer; `weights`: others than it says lie."""

    def __init__(self) -> None:
        self.weights = MODEL
        self.away = False

    async def health(self) -> Health:
        """State and gauges."""
        self._require()
        return _HEALTH

    async def vocabulary(self) -> Vocabulary:
        """The pieces."""
        self._require()
        return Vocabulary(PIECES, (END,))

    async def chat_prompt(self, messages: tuple[ChatMessage, ...]) -> tuple[int, ...]:
        """One id per character."""
        self._require()
        return tuple(1 + ord(c) % 63 for message in messages for c in message.content)

    async def score(self, request: ScoreRequest) -> Scored:
        """The candidates that an engine with these weights commits to."""
        self._require()
        context, rows = _Context(self.weights, request.prompt_ids), []
        wanted = set(places(request.windows, len(request.completion_ids)))
        for position, token in enumerate(request.completion_ids):
            if position in wanted:
                rows.append(context.candidates())
            context.accept(token)
        return Scored(pack(rows), 1)

    async def close(self) -> None:
        """Nothing is held."""

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"the coordinator is not known to use `{name}` of its engine")

    def _require(self) -> None:
        if self.away:
            raise EngineError("unreachable", "The engine's process does not answer.")


class _Context:
    def __init__(self, weights: str, prompt: tuple[int, ...]) -> None:
        self._rows = _rows(weights)
        self._state = hashlib.sha256(bytes(prompt)).digest()

    def accept(self, token: int) -> None:
        self._state = hashlib.sha256(self._state + bytes([token])).digest()

    def candidates(self) -> Candidates:
        return self._rows[self._state[0] % _ROWS]


@cache
def _rows(weights: str) -> tuple[Candidates, ...]:
    noise = np.random.Generator(np.random.PCG64(int.from_bytes(hashlib.sha256(weights.encode()).digest())))
    logits = noise.standard_normal((_ROWS, len(PIECES)), dtype=np.float32) * np.float32(2)
    logits[:, END] += np.float32(1)
    return tuple(top_candidates(row) for row in logits)


_HEALTH = Health(
    state="ready",
    sentence="Ready.",
    pid=1,
    model=ModelFacts(MODEL, "simulated", len(PIECES), CONTEXT, CONTEXT, 1, 1),
    profile=PROFILE,
    slots=1,
    slots_busy=0,
    queued=0,
    generated_tokens=0,
    tokens_per_s_milli=100_000,
    first_token_ms=1,
    idle_ms=0,
    rss_bytes=1,
)
