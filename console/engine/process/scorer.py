"""The scorer: one prefill over prompt and answer, candidates kept where the answer's tokens were chosen."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from console.engine.port import Broken, Scored, ScoreRequest
from console.engine.process.decoding import DecodeError, Decoder, Row
from console.engine.process.gauges import Gauges
from console.engine.process.sequence import NotFiniteError, candidates_of
from console.verification.commitment import pack
from console.verification.sampling import Candidates

CHUNK_ROWS = 256
ScoreSink = Callable[[Scored | Broken], None]


class Scorer:
    """Scores, one after the other, a chunk per step. One thread owns it.

    `decoder` is made at the first score: a node that never audits keeps that memory.
    """

    def __init__(
        self, make_decoder: Callable[[], Decoder], gauges: Gauges, clock: Callable[[], float]
    ) -> None:
        """`clock`: a steady clock in seconds; `make_decoder` may raise DecodeError."""
        self._make_decoder = make_decoder
        self._decoder: Decoder | None = None
        self._gauges = gauges
        self._clock = clock
        self._waiting: deque[_Scoring] = deque()

    @property
    def busy(self) -> bool:
        """Whether a step has anything to do."""
        return bool(self._waiting)

    def submit(self, request: ScoreRequest, sink: ScoreSink) -> None:
        """Queue a request that `limits.refusal` has let through."""
        self._waiting.append(_Scoring(request, sink, self._clock()))
        self._gauges.scoring(len(self._waiting), self._clock())

    def cancel(self, request_id: str) -> bool:
        """End a score with `cancelled`; whether it was here."""
        for scoring in self._waiting:
            if scoring.request.id == request_id:
                self._finish(scoring, Broken("cancelled", "The score was cancelled before its end."))
                return True
        return False

    def step(self) -> bool:
        """One chunk of the oldest score; False when there is none."""
        if not self._waiting:
            return False
        scoring = self._waiting[0]
        self._gauges.step_started(self._clock())
        try:
            computed = scoring.advance(self._ready_decoder())
        except (DecodeError, NotFiniteError) as error:
            self._finish(scoring, Broken("decode_failed", str(error)))
            return True
        self._gauges.step_ended(self._clock(), prompt_rows=computed, tokens=0)
        if scoring.done:
            duration_ms = round((self._clock() - scoring.submitted_s) * 1000)
            self._finish(scoring, Scored(pack(scoring.rows), duration_ms))
        return True

    def _ready_decoder(self) -> Decoder:
        if self._decoder is None:
            self._decoder = self._make_decoder()
        return self._decoder

    def _finish(self, scoring: _Scoring, answer: Scored | Broken) -> None:
        if scoring is self._waiting[0] and self._decoder is not None:
            self._decoder.forget(0)
        self._waiting.remove(scoring)
        self._gauges.outcome(answer.code if isinstance(answer, Broken) else "scored")
        self._gauges.scoring(len(self._waiting), self._clock())
        scoring.sink(answer)


class _Scoring:
    """How far one score has come."""

    def __init__(self, request: ScoreRequest, sink: ScoreSink, submitted_s: float) -> None:
        self.request = request
        self.sink = sink
        self.submitted_s = submitted_s
        self.rows: list[Candidates] = []
        self._tokens = request.prompt_ids + request.completion_ids[:-1]
        self._first = len(request.prompt_ids) - 1
        self._computed = 0

    @property
    def done(self) -> bool:
        return len(self.rows) == len(self.request.completion_ids)

    def advance(self, decoder: Decoder) -> int:
        """Compute the next chunk: the row at position p gives the candidates of the token at p + 1."""
        start = self._computed
        if start < self._first:
            end = min(self._first, start + min(CHUNK_ROWS, decoder.rows_limit))
        else:
            end = min(len(self._tokens), start + decoder.logits_limit)
        wants = start >= self._first
        decoder.decode([Row(self._tokens[p], p, 0, wants) for p in range(start, end)])
        if wants:
            self.rows.extend(candidates_of(decoder.logits(i)) for i in range(end - start))
        self._computed = end
        return end - start
