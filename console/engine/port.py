"""The `Engine` port: what the rest of Quarterdeck asks of a model server, whichever it is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Literal, Protocol

import msgspec

from console.protocol.types import FinishReason
from console.verification.profiles import Profile

Source = Literal["network", "local"]
"""Who asks: the network, or the operator's own programs."""


class EngineError(Exception):
    """The engine cannot do it. `code` is for programs, the text for people (what, meaning, next step)."""

    def __init__(self, code: str, sentence: str) -> None:
        """Codes: unreachable, not_ready, busy, bad_request, context_exceeded, decode_failed, cancelled,
        deadline.
        """
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


class GenerateRequest(msgspec.Struct, frozen=True):
    """One keyed generation. `seed`: 64 hex digits (S of DESIGN §5)."""

    id: str
    prompt_ids: tuple[int, ...]
    seed: str
    temperature_milli: int
    max_tokens: int
    stop: tuple[str, ...] = ()
    source: Source = "network"
    deadline_ms: int = 0
    """It is broken off, with `deadline`, when it has not ended so long after it came; 0: never."""


class Tokens(msgspec.Struct, frozen=True, tag="tokens"):
    """Tokens as they come, with the text that they complete."""

    start: int
    token_ids: tuple[int, ...]
    text: str


class Generated(msgspec.Struct, frozen=True, tag="generated"):
    """The end of a generation; `blob` is the opening of `commitment` (320 bytes per token)."""

    token_ids: tuple[int, ...]
    finish_reason: FinishReason
    commitment: str
    blob: bytes
    prompt_tokens: int
    first_token_ms: int
    generation_ms: int


class Broken(msgspec.Struct, frozen=True, tag="broken"):
    """The generation ended without an answer."""

    code: str
    sentence: str


class ScoreRequest(msgspec.Struct, frozen=True):
    """Recompute: the candidates at every position of `completion_ids` after `prompt_ids`, by one prefill."""

    id: str
    prompt_ids: tuple[int, ...]
    completion_ids: tuple[int, ...]
    windows: tuple[tuple[int, int], ...] = ()
    """Positions of the answer that are wanted, as (start, length), rising and apart; empty: all."""


class Scored(msgspec.Struct, frozen=True):
    """The reference's blob, in the layout of an opening; with windows, theirs one after the other."""

    blob: bytes
    score_ms: int


class ModelFacts(msgspec.Struct, frozen=True):
    """What the engine says of the model it holds."""

    name: str
    architecture: str
    vocabulary: int
    context: int
    trained_context: int
    size_bytes: int
    parameters: int


class SequenceNow(msgspec.Struct, frozen=True):
    """What one slot does at this moment. Counts only."""

    slot: int
    source: Source
    prompt_tokens: int
    prefilled: int
    """Of the prompt, computed or taken over."""
    reused: int
    """Of the prompt, taken over from an earlier one that began alike."""
    tokens: int
    max_tokens: int
    age_ms: int


class Health(msgspec.Struct, frozen=True):
    """How the engine is; answered from memory, also under full load."""

    state: Literal["loading", "ready", "failed"]
    sentence: str
    pid: int
    model: ModelFacts | None
    profile: Profile | None
    slots: int
    slots_busy: int
    queued: int
    generated_tokens: int
    """Since start."""
    tokens_per_s_milli: int
    """Over the last 10 s of generation, × 1000."""
    first_token_ms: int
    """Of the last generation."""
    idle_ms: int
    """Without a finished step although there is work, 0 when there is none; the watchdog looks at this. One
    step is at most 256 tokens of a prompt, which a slow machine with a large model may take a minute for."""
    rss_bytes: int
    sequences: tuple[SequenceNow, ...] = ()
    """The slots in use, by number."""
    prefill_per_s_milli: int = 0
    """Prompt tokens over the last 10 s of prefill, × 1000."""
    prompt_tokens: int = 0
    """Computed since start."""
    reused_tokens: int = 0
    """Prompt tokens since start that were taken over from an earlier prompt instead of computed."""
    reused_prompts: int = 0
    """Prompts since start of which something was taken over."""
    cause: str = ""
    """With `failed`: the name of the cause, e.g. `memory_context`."""


class Vocabulary(msgspec.Struct, frozen=True):
    """All that is needed to turn ids into text and to see an answer's end without the model."""

    pieces: tuple[bytes, ...]
    end_ids: tuple[int, ...]


class ChatMessage(msgspec.Struct, frozen=True):
    """One message of a conversation."""

    role: str
    content: str


class Engine(Protocol):
    """A running model server. Every method raises EngineError, `unreachable` when the process is gone."""

    async def health(self) -> Health:
        """State and gauges, within 50 ms."""
        ...

    def generate(self, request: GenerateRequest) -> AsyncIterator[Tokens | Generated | Broken]:
        """Stream one keyed generation; ends with `Generated` or `Broken`. Closing the iterator cancels."""
        ...

    async def cancel(self, request_id: str) -> bool:
        """Stop a generation between two steps; whether it was known."""
        ...

    async def score(self, request: ScoreRequest) -> Scored:
        """The reference candidates for an answer."""
        ...

    async def tokenize(self, text: str, special: bool) -> tuple[int, ...]:
        """Token ids of `text`; `special`: whether control tokens in it count as such."""
        ...

    async def chat_prompt(self, messages: tuple[ChatMessage, ...]) -> tuple[int, ...]:
        """Token ids of a conversation under the model's own chat template, ready for the answer."""
        ...

    async def vocabulary(self) -> Vocabulary:
        """The table of pieces and the ids that end a generation."""
        ...
