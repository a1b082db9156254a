"""`ScriptedEngine`: an `Engine` whose logits are a hash of the context; the rest of it is the real thing.

Keyed sampling, blob and commitment are those of `console.verification`, and `score` recomputes what
`generate` committed to, so that coordinator and agent can be tested end to end in milliseconds. Two engines
of the same `weights` agree bit for bit; of different `weights` they disagree as another model would.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import Counter
from collections.abc import AsyncIterator

import numpy as np
import numpy.typing as npt

from console.engine.port import (
    Broken,
    ChatMessage,
    EngineError,
    Generated,
    GenerateRequest,
    Health,
    ModelFacts,
    Scored,
    ScoreRequest,
    Tokens,
    Vocabulary,
)
from console.protocol.types import FinishReason
from console.verification.commitment import commitment, pack
from console.verification.pieces import Detokenizer, StopWatch
from console.verification.profiles import Profile
from console.verification.sampling import Candidates, choose, top_candidates
from console.verification.windows import places

END, USER, ASSISTANT = 0, 1, 2
_BYTES = 3
_WORDS = ("the", "a", "to", "of", "and", "sea", "ship", "deck", "sail", "wind", "port", "star", "tide")
PIECES: tuple[bytes, ...] = (
    b"",
    b"",
    b"",
    *(bytes([b]) for b in range(256)),
    *(b" " + word.encode() for word in _WORDS),
)
"""Three control tokens, every byte, a few words."""
_SENTENCES = {"ready": "Ready.", "loading": "Loading the model."}
PROFILE = Profile(build="scripted", system="toy", device="cpu", self_test=True)


class ScriptedEngine:
    """The double. Attributes are switches, to be flipped while it runs.

    weights: names the toy model; another name is another model (a cheat serves one and claims another).
    context: tokens that a prompt and its answer may have together.
    slots: generations that run at once; more wait in turn.
    pace_s: pause before every token; 0 still lets other tasks run.
    end_bias: logit added to the end token: -50 answers always run to max_tokens, +50 end at once.
    fail_after: break a generation with `decode_failed` after so many tokens; None: never.
    stalled: ids of requests that give no token until they are cancelled.
    most_busy: as many generations as ever ran at once.
    stall_after: give no token after so many, until cancelled or until this is None again.
    gone: every call raises `unreachable`, and running generations end so, as after a kill -9.
    state: what health says; anything but `ready` refuses work with `not_ready`.
    numerics: names another kind of machine: logits that differ by a little noise; empty: the usual one.
    forged_noise: sample with another seed than was asked for; replay must find it.
    """

    def __init__(
        self, weights: str = "toy", *, context: int = 2048, end_bias: float = 1.0, slots: int = 1
    ) -> None:
        self.weights = weights
        self.context = context
        self.end_bias = end_bias
        self.pace_s = 0.0
        self.fail_after: int | None = None
        self.stall_after: int | None = None
        self.gone = False
        self.state: str = "ready"
        self.forged_noise = False
        self.numerics = ""
        self.profile = PROFILE
        self.generated_tokens = 0
        self.requests: list[GenerateRequest] = []
        self.scores: list[ScoreRequest] = []
        self.slots = slots
        self.most_busy = 0
        self.stalled: set[str] = set()
        self._turn = asyncio.Semaphore(slots)
        self._busy = 0
        self._queued = 0
        self._cancelled: set[str] = set()
        self._known: set[str] = set()

    async def health(self) -> Health:
        """State and gauges."""
        if self.gone:
            raise _unreachable()
        ready = self.state == "ready"
        return Health(
            state=self.state,  # type: ignore[arg-type]
            sentence={"ready": "Ready.", "loading": "Loading the model."}.get(
                self.state, "The model failed."
            ),
            pid=1,
            model=self._facts() if ready else None,
            profile=self.profile if ready else None,
            slots=self.slots,
            slots_busy=self._busy,
            queued=self._queued,
            generated_tokens=self.generated_tokens,
            tokens_per_s_milli=100_000,
            first_token_ms=1,
            idle_ms=0,
            rss_bytes=1 << 20,
        )

    async def generate(self, request: GenerateRequest) -> AsyncIterator[Tokens | Generated | Broken]:
        """One keyed generation, in turn."""
        self._require()
        self.requests.append(request)
        room = self.context - len(request.prompt_ids)
        if not request.prompt_ids or request.max_tokens < 1:
            raise EngineError("bad_request", "A generation needs a prompt and at least one token to give.")
        if request.max_tokens > room:
            raise EngineError(
                "context_exceeded", f"The context has {self.context} tokens; more were asked for."
            )
        self._known.add(request.id)
        self._queued += 1
        try:
            async with self._turn:
                self._queued -= 1
                self._busy += 1
                self.most_busy = max(self.most_busy, self._busy)
                try:
                    async for event in self._run(request):
                        yield event
                finally:
                    self._busy -= 1
        finally:
            self._known.discard(request.id)
            self._cancelled.discard(request.id)

    async def cancel(self, request_id: str) -> bool:
        """Stop a generation between two tokens."""
        self._require()
        if request_id in self._known:
            self._cancelled.add(request_id)
            return True
        return False

    async def score(self, request: ScoreRequest) -> Scored:
        """The candidates that an honest engine of these weights commits to."""
        self._require()
        self.scores.append(request)
        if len(request.prompt_ids) + len(request.completion_ids) > self.context:
            raise EngineError(
                "context_exceeded", f"The context has {self.context} tokens; more were asked for."
            )
        model = _Toy(self.weights, self.end_bias, request.prompt_ids, self.numerics)
        rows: list[Candidates] = []
        wanted = set(places(request.windows, len(request.completion_ids)))
        for position, token in enumerate(request.completion_ids):
            if position in wanted:
                rows.append(top_candidates(model.logits()))
            model.accept(token)
        await asyncio.sleep(0)
        return Scored(pack(rows), 1)

    async def tokenize(self, text: str, special: bool) -> tuple[int, ...]:
        """One id per byte."""
        self._require()
        return tuple(_BYTES + b for b in text.encode())

    async def chat_prompt(self, messages: tuple[ChatMessage, ...]) -> tuple[int, ...]:
        """Control token, bytes, control token."""
        self._require()
        ids: list[int] = []
        for message in messages:
            ids.append(ASSISTANT if message.role == "assistant" else USER)
            ids.extend(_BYTES + b for b in message.content.encode())
        return (*ids, ASSISTANT)

    async def vocabulary(self) -> Vocabulary:
        """The toy's table."""
        self._require()
        return Vocabulary(PIECES, (END,))

    async def close(self) -> None:
        """Nothing is held open."""

    async def _run(self, request: GenerateRequest) -> AsyncIterator[Tokens | Generated | Broken]:
        started = time.monotonic()
        model = _Toy(self.weights, self.end_bias, request.prompt_ids, self.numerics)
        text = Detokenizer(list(PIECES))
        watch = StopWatch(list(PIECES), request.stop)
        seed = bytes.fromhex(request.seed)
        noise = hashlib.sha256(seed).digest() if self.forged_noise else seed
        rows: list[Candidates] = []
        ids: list[int] = []
        reason: FinishReason = "length"
        while len(ids) < request.max_tokens and reason == "length":
            broken = await self._between(request.id, len(ids))
            if broken is not None:
                yield broken
                return
            rows.append(top_candidates(model.logits()))
            seen = Counter(ids)
            token = choose(rows[-1], noise, len(ids), request.temperature_milli, request.rules, seen)
            model.accept(token)
            ids.append(token)
            self.generated_tokens += 1
            if watch.completes(token) or token == END:
                reason = "stop"
            yield Tokens(len(ids) - 1, (token,), text.feed((token,)))
        blob, ms = pack(rows), max(1, int((time.monotonic() - started) * 1000))
        yield Generated(tuple(ids), reason, commitment(blob), blob, len(request.prompt_ids), 1, ms)

    async def _between(self, request_id: str, done: int) -> Broken | None:
        await asyncio.sleep(self.pace_s)
        while self._stuck(request_id, done) and not self.gone and request_id not in self._cancelled:
            await asyncio.sleep(0.005)
        if self.gone:
            raise _unreachable()
        if request_id in self._cancelled:
            return Broken("cancelled", "The generation was cancelled.")
        if self.fail_after is not None and done >= self.fail_after:
            return Broken("decode_failed", "The toy model was told to fail.")
        return None

    def _stuck(self, request_id: str, done: int) -> bool:
        return request_id in self.stalled or (self.stall_after is not None and done >= self.stall_after)

    def _require(self) -> None:
        if self.gone:
            raise _unreachable()
        if self.state != "ready":
            raise EngineError("not_ready", "The engine is still loading the model; try again in a moment.")

    def _exceeded(self) -> EngineError:
        return EngineError("context_exceeded", f"The context has {self.context} tokens; more were asked for.")

    def _facts(self) -> ModelFacts:
        return ModelFacts(self.weights, "toy", len(PIECES), self.context, self.context, 1000, 1000)


class _Toy:
    """Logits as a function of weights and context."""

    def __init__(self, weights: str, end_bias: float, prompt_ids: tuple[int, ...], numerics: str) -> None:
        self._end_bias = end_bias
        self._numerics = numerics.encode()
        self._state = hashlib.sha256(weights.encode()).digest()
        for token in prompt_ids:
            self.accept(token)

    def accept(self, token: int) -> None:
        self._state = hashlib.sha256(self._state + token.to_bytes(4, "big")).digest()

    def logits(self) -> npt.NDArray[np.float32]:
        noise = np.random.Generator(np.random.PCG64(int.from_bytes(self._state[:16], "big")))
        row = noise.standard_normal(len(PIECES), dtype=np.float32) * np.float32(2.0)
        row[_BYTES:] -= np.float32(20.0)
        row[_BYTES + 32 : _BYTES + 127] += np.float32(20.0)
        row[_BYTES + 256 :] += np.float32(24.0)
        row[END] += np.float32(self._end_bias)
        if self._numerics:
            kind = hashlib.sha256(self._numerics + self._state).digest()
            other = np.random.Generator(np.random.PCG64(int.from_bytes(kind[:16], "big")))
            row += other.standard_normal(len(PIECES), dtype=np.float32) * np.float32(0.05)
        return row


def _unreachable() -> EngineError:
    return EngineError("unreachable", "The engine's process does not answer.")
