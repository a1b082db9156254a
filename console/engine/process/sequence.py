"""One generation's state between two steps: how far its prompt is computed, what it has said so far."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from console.engine.port import Broken, Generated, GenerateRequest, Tokens, Vocabulary
from console.protocol.types import FinishReason
from console.verification.commitment import commitment, pack
from console.verification.pieces import Detokenizer, StopWatch
from console.verification.sampling import Candidates, choose, top_candidates

Event = Tokens | Generated | Broken
Sink = Callable[[Event], None]


class NotFiniteError(Exception):
    """The model gave logits that no number can be made of."""


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
    token_ids: list[int] = field(default_factory=list)
    rows: list[Candidates] = field(default_factory=list)
    first_token_s: float = 0.0
    _seen: Counter[int] = field(init=False, default_factory=Counter)
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

    def accept(self, logits: npt.NDArray[np.float32], now_s: float) -> Generated | None:
        """Sample the next token from `logits` and tell the sink; the whole answer when it ends with it.

        Raises:
            NotFiniteError: the top 40 logits are no finite numbers.
        """
        row = candidates_of(logits)
        position = len(self.token_ids)
        asked = self.request
        token = choose(row, self._seed, position, asked.temperature_milli, asked.rules, self._seen)
        self._seen[token] += 1
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
        blob = pack(self.rows)
        return Generated(
            token_ids=tuple(self.token_ids),
            finish_reason=reason,
            commitment=commitment(blob),
            blob=blob,
            prompt_tokens=len(self.request.prompt_ids),
            first_token_ms=_ms(self.first_token_s - self.submitted_s),
            generation_ms=_ms(now_s - self.submitted_s),
        )


def vocabulary_parts(vocabulary: Vocabulary) -> tuple[list[bytes], frozenset[int]]:
    """Pieces and end ids in the shapes that sampling wants them."""
    return list(vocabulary.pieces), frozenset(vocabulary.end_ids)


def candidates_of(logits: npt.NDArray[np.float32]) -> Candidates:
    """`top_candidates`, refusing what is no number. Raises NotFiniteError."""
    best = float(np.max(logits))
    if not math.isfinite(best):
        raise NotFiniteError(
            "The model's output is not a finite number: its weights or their device are broken."
        )
    return top_candidates(logits)


def _ms(duration_s: float) -> int:
    return max(0, round(duration_s * 1000))
