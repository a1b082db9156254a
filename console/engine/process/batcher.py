"""The batcher: which rows the next decode computes, and what becomes of its logits.

Pure but for its decoder, which is passed in. There is one slot today; everything here is written for several:
newcomers' prompts are computed in chunks in the same batch in which the others decode.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from console.engine.port import Broken, Generated, GenerateRequest, Vocabulary
from console.engine.process.decoding import DecodeError, Decoder, Row
from console.engine.process.gauges import Gauges
from console.engine.process.sequence import NotFiniteError, Sequence, Sink, vocabulary_parts

CHUNK_ROWS = 256
"""Rows of prompts per step: a cancel waits for no more than this, and a batch of 512 is hardly faster."""


class Batcher:
    """Generations, waiting and running. One thread owns it."""

    def __init__(
        self,
        decoder: Decoder,
        vocabulary: Vocabulary,
        gauges: Gauges,
        clock: Callable[[], float],
        slots: int = 1,
    ) -> None:
        """`clock`: a steady clock in seconds."""
        self._decoder = decoder
        self._pieces, self._end_ids = vocabulary_parts(vocabulary)
        self._gauges = gauges
        self._clock = clock
        self._free = list(range(slots))[::-1]
        self._waiting: deque[tuple[GenerateRequest, Sink, float]] = deque()
        self._running: list[Sequence] = []

    @property
    def busy(self) -> bool:
        """Whether a step has anything to do."""
        return bool(self._running or self._waiting)

    def submit(self, request: GenerateRequest, sink: Sink) -> None:
        """Queue a request that `limits.refusal` has let through."""
        self._waiting.append((request, sink, self._clock()))
        self._count()

    def cancel(self, request_id: str) -> bool:
        """End a request with `cancelled`; whether it was here."""
        for entry in self._waiting:
            if entry[0].id == request_id:
                self._waiting.remove(entry)
                entry[1](_cancelled())
                self._gauges.outcome("cancelled")
                self._count()
                return True
        for sequence in self._running:
            if sequence.request.id == request_id:
                self._leave(sequence, _cancelled())
                return True
        return False

    def step(self) -> bool:
        """One decode over everything that runs; False when there is nothing to do."""
        self._admit()
        if not self._running:
            return False
        rows, wanting = self._next_rows()
        self._gauges.step_started(self._clock())
        tokens = 0
        try:
            self._decoder.decode(rows)
            tokens = self._sample(wanting)
        except DecodeError as error:
            for sequence in list(self._running):
                self._leave(sequence, Broken("decode_failed", str(error)))
        decoding = sum(1 for _, sequence in wanting if len(sequence.token_ids) > 1)
        self._gauges.step_ended(self._clock(), prompt_rows=len(rows) - decoding, tokens=tokens)
        return True

    def _admit(self) -> None:
        while self._free and self._waiting:
            request, sink, submitted_s = self._waiting.popleft()
            slot = self._free.pop()
            self._running.append(Sequence(request, slot, sink, self._pieces, self._end_ids, submitted_s))
            self._count()

    def _next_rows(self) -> tuple[list[Row], list[tuple[int, Sequence]]]:
        """Rows to compute, and which of them wants logits for whom."""
        rows: list[Row] = []
        wanting: list[tuple[int, Sequence]] = []
        for sequence in self._running:
            if sequence.token_ids:
                place = len(sequence.request.prompt_ids) + len(sequence.token_ids) - 1
                wanting.append((len(rows), sequence))
                rows.append(Row(sequence.token_ids[-1], place, sequence.slot, True))
        for sequence in self._running:
            room = min(CHUNK_ROWS, self._decoder.rows_limit) - len(rows)
            take = min(room, sequence.prompt_left)
            for place in range(sequence.prefilled, sequence.prefilled + take):
                rows.append(Row(sequence.request.prompt_ids[place], place, sequence.slot, False))
            if take > 0:
                sequence.prefilled += take
                if not sequence.prompt_left:
                    wanting.append((len(rows) - 1, sequence))
                    rows[-1] = rows[-1]._replace(wants_logits=True)
        return rows, wanting

    def _sample(self, wanting: list[tuple[int, Sequence]]) -> int:
        sampled = 0
        for index, sequence in wanting:
            now_s = self._clock()
            try:
                answer = sequence.accept(self._decoder.logits(index), now_s)
            except NotFiniteError as error:
                self._leave(sequence, Broken("decode_failed", str(error)))
                continue
            sampled += 1
            if len(sequence.token_ids) == 1:
                self._gauges.first_token(now_s - sequence.submitted_s)
            if answer is not None:
                self._leave(sequence, answer)
        return sampled

    def _leave(self, sequence: Sequence, last: Generated | Broken) -> None:
        """Free the slot, and only then tell: who is told may look at the gauges at once."""
        self._running.remove(sequence)
        self._free.append(sequence.slot)
        self._decoder.forget(sequence.slot)
        self._gauges.outcome(last.code if isinstance(last, Broken) else "generated")
        self._count()
        sequence.sink(last)

    def _count(self) -> None:
        self._gauges.occupied(len(self._running), len(self._waiting), self._clock())


def _cancelled() -> Broken:
    return Broken("cancelled", "The generation was cancelled before its end.")
