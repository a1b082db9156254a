"""The scorer: prefill over prompts and answers, candidates kept where the answers' tokens were chosen.

Several scores share a batch, each in a lane, a sequence of its own, so that short ones fill a product
together. A lane keeps what it computed until it is needed; a score that begins alike goes on from there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from console.engine.port import Broken, Scored, ScoreRequest
from console.engine.process.decoding import DecodeError, Decoder, Row
from console.engine.process.gauges import Gauges
from console.engine.process.placing import move_in
from console.engine.process.sampled import NotFiniteError, candidates_of
from console.engine.process.scoring import ScoreSink, Scoring
from console.engine.process.slots import Slots

CHUNK_ROWS = 256
LANES = 2
"""Scores in one batch. Each has a context's memory, so there are few."""


class Scorer:
    """Scores, the oldest first, a chunk per step. One thread owns it.

    `decoder` is made at the first score: a node that never audits keeps that memory.
    """

    def __init__(
        self,
        make_decoder: Callable[[], Decoder],
        gauges: Gauges,
        clock: Callable[[], float],
        lanes: int = LANES,
    ) -> None:
        """`clock`: steady, in seconds; `make_decoder`: may raise DecodeError, gives `lanes` sequences."""
        self._make_decoder = make_decoder
        self._decoder: Decoder | None = None
        self._gauges = gauges
        self._clock = clock
        self._lanes = Slots(lanes)
        self._waiting: deque[Scoring] = deque()
        self._running: list[Scoring] = []

    @property
    def busy(self) -> bool:
        """Whether a step has anything to do."""
        return bool(self._running or self._waiting)

    def submit(self, request: ScoreRequest, sink: ScoreSink) -> None:
        """Queue a request that `limits.check_score` has let through."""
        self._waiting.append(Scoring(request, sink, self._clock()))
        self._count()

    def cancel(self, request_id: str) -> bool:
        """End a score with `cancelled`; whether it was here."""
        for scoring in (*self._running, *self._waiting):
            if scoring.request.id == request_id:
                self._finish(scoring, Broken("cancelled", "The score was cancelled before its end."))
                return True
        return False

    def step(self) -> bool:
        """One chunk of the oldest scores; False when there is none."""
        if not self.busy:
            return False
        self._gauges.step_started(self._clock())
        try:
            decoder = self._ready_decoder()
            while self._lanes.free and self._waiting:
                self._admit(decoder, self._waiting.popleft())
            computed = self._compute(decoder)
        except (DecodeError, NotFiniteError) as error:
            self._lose_all(Broken("decode_failed", str(error)))
            return True
        self._gauges.step_ended(self._clock(), prompt_rows=computed, tokens=0)
        for scoring in [scoring for scoring in self._running if scoring.done]:
            duration_ms = round((self._clock() - scoring.submitted_s) * 1000)
            self._finish(scoring, Scored(scoring.blob, duration_ms))
        return True

    def _admit(self, decoder: Decoder, scoring: Scoring) -> None:
        place = move_in(self._lanes, decoder, scoring.tokens, "network", scoring.first_wanted)
        scoring.lane, scoring.computed = place
        self._running.append(scoring)

    def _compute(self, decoder: Decoder) -> int:
        rows: list[Row] = []
        wanting: list[tuple[Scoring, int]] = []
        room, outputs = min(CHUNK_ROWS, decoder.rows_limit), decoder.logits_limit
        chunks: dict[int, list[Row]] = {}
        for scoring in self._running:
            chunk = scoring.next_rows(room - sum(map(len, chunks.values())), outputs)
            outputs -= sum(row.wants_logits for row in chunk)
            chunks[scoring.lane] = chunk
        for scoring in sorted(self._running, key=lambda scoring: scoring.lane):
            chunk = chunks[scoring.lane]
            rows += chunk
            self._lanes.computed(scoring.lane, [row.token for row in chunk])
            scoring.computed += len(chunk)
            wanting.append((scoring, sum(row.wants_logits for row in chunk)))
        decoder.decode(rows)
        self._keep(decoder, wanting)
        return len(rows)

    def _keep(self, decoder: Decoder, wanting: list[tuple[Scoring, int]]) -> None:
        if not any(count for _, count in wanting):
            return
        found = candidates_of(decoder.outputs())
        start = 0
        for scoring, count in wanting:
            scoring.keep(found[start : start + count].tobytes())
            start += count

    def _ready_decoder(self) -> Decoder:
        if self._decoder is None:
            self._decoder = self._make_decoder()
        return self._decoder

    def _lose_all(self, why: Broken) -> None:
        """After a failure nothing in the lanes can be relied on."""
        for scoring in list(self._running) or [self._waiting[0]]:
            if scoring in self._running:
                self._lanes.lose(scoring.lane)
            self._finish(scoring, why)

    def _finish(self, scoring: Scoring, answer: Scored | Broken) -> None:
        if scoring in self._running:
            self._running.remove(scoring)
            self._lanes.leave(scoring.lane)
        else:
            self._waiting.remove(scoring)
        self._gauges.outcome(answer.code if isinstance(answer, Broken) else "scored")
        self._count()
        scoring.sink(answer)

    def _count(self) -> None:
        self._gauges.scoring(len(self._running) + len(self._waiting), self._clock())
