"""One generation's state between two steps: how far its prompt is computed, what it has said so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from console.engine.port import Broken, Generated, GenerateRequest, SequenceNow, Tokens, Vocabulary
from console.protocol.types import FinishReason
from console.verification.commitment import commitment
from console.verification.pieces import Detokenizer, StopWatch
from console.verification.sampling import Place

Event = Tokens | Generated | Broken
Sink = Callable[[Event], None]


@dataclass(slots=True)
class Sequence:
    """A request in a slot. Time comes in as an argument, in seconds of any steady clock."""

    request: GenerateRequest
    slot: int
    sink: Sink
    pieces: list[bytes]
    end_ids: frozenset[int]
    submitted_s: float
    prefilled: int = 0
    """Tokens of the prompt that are computed."""
    reused: int = 0
    """Of these, taken over from an earlier prompt."""
    token_ids: list[int] = field(default_factory=list)
    rows: list[bytes] = field(default_factory=list)
    """The candidates of every token, as they are committed."""
    first_token_s: float = 0.0
    _seed: bytes = field(init=False)
    _watch: StopWatch = field(init=False)
    _text: Detokenizer = field(init=False)

    def __post_init__(self) -> None:
        self._seed = bytes.fromhex(self.request.seed)
        self._watch = StopWatch(self.pieces, self.request.stop)
        self._text = Detokenizer(self.pieces)

    @property
    def prompt_left(self) -> int:
        """Tokens of the prompt that are still to be computed."""
        return len(self.request.prompt_ids) - self.prefilled

    @property
    def next_place(self) -> Place:
        """What the next token's noise depends on."""
        return Place(self._seed, len(self.token_ids), self.request.temperature_milli)

    def late(self, now_s: float) -> bool:
        """Whether the deadline has passed."""
        return late(self.request, self.submitted_s, now_s)

    def now(self, now_s: float) -> SequenceNow:
        """Counts for health."""
        request = self.request
        return SequenceNow(
            self.slot,
            request.source,
            len(request.prompt_ids),
            self.prefilled,
            self.reused,
            len(self.token_ids),
            request.max_tokens,
            _ms(now_s - self.submitted_s),
        )

    def accept(self, token: int, row: bytes, now_s: float) -> Generated | None:
        """Take the sampled token with its candidates and tell the sink; the answer, when this ends it."""
        position = len(self.token_ids)
        self.rows.append(row)
        self.token_ids.append(token)
        if position == 0:
            self.first_token_s = now_s
        reason = self._reason(token)
        self.sink(Tokens(position, (token,), self._text.feed((token,), final=reason is not None)))
        return None if reason is None else self._generated(reason, now_s)

    def _reason(self, token: int) -> FinishReason | None:
        completes = self._watch.completes(token)
        if completes or token in self.end_ids:
            return "stop"
        return "length" if len(self.token_ids) >= self.request.max_tokens else None

    def _generated(self, reason: FinishReason, now_s: float) -> Generated:
        blob = b"".join(self.rows)
        return Generated(
            token_ids=tuple(self.token_ids),
            finish_reason=reason,
            commitment=commitment(blob),
            blob=blob,
            prompt_tokens=len(self.request.prompt_ids),
            first_token_ms=_ms(self.first_token_s - self.submitted_s),
            generation_ms=_ms(now_s - self.submitted_s),
        )


def late(request: GenerateRequest, submitted_s: float, now_s: float) -> bool:
    """Whether the deadline of `request` has passed."""
    return request.deadline_ms > 0 and (now_s - submitted_s) * 1000 > request.deadline_ms


def vocabulary_parts(vocabulary: Vocabulary) -> tuple[list[bytes], frozenset[int]]:
    """Pieces and end ids in the shapes that sampling wants them."""
    return list(vocabulary.pieces), frozenset(vocabulary.end_ids)


def _ms(duration_s: float) -> int:
    return max(0, round(duration_s * 1000))
