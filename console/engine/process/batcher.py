"""The batcher: which rows the next decode computes, and what becomes of its logits.

Pure but for its decoder, which is passed in. Every step computes one row for each sequence that decodes, and
with them a share of the newcomers' prompts. A slot has a whole context of its own, and no request is let
through that does not fit one, so a free slot is also the free context that a sequence needs.
"""

from __future__ import annotations

from collections.abc import Callable

from console.engine.port import Broken, Generated, GenerateRequest, Vocabulary
from console.engine.process.decoding import DecodeError, Decoder, Row
from console.engine.process.gauges import Gauges
from console.engine.process.placing import move_in
from console.engine.process.prefill import Prompt, shares
from console.engine.process.sampled import BROKEN_MODEL
from console.engine.process.sequence import Sequence, Sink, late, vocabulary_parts
from console.engine.process.slots import Slots
from console.engine.process.waiting import Entry, LocalUse, Waiting
from console.verification.sampling import Place

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
        local: LocalUse = "equal",
    ) -> None:
        """`clock`: a steady clock in seconds; `local`: where the operator's own requests stand."""
        self._decoder = decoder
        self._pieces, self._end_ids = vocabulary_parts(vocabulary)
        self._gauges = gauges
        self._clock = clock
        self._slots = Slots(slots)
        self._waiting = Waiting(local)
        self._running: list[Sequence] = []
        """Oldest first."""

    @property
    def busy(self) -> bool:
        """Whether a step has anything to do."""
        return bool(self._running or len(self._waiting))

    def submit(self, request: GenerateRequest, sink: Sink) -> None:
        """Queue a request that `limits.check_generate` has let through."""
        self._waiting.push(Entry(request, sink, self._clock()))
        self._count()

    def cancel(self, request_id: str) -> bool:
        """End a request with `cancelled`; whether it was here."""
        gone = Broken("cancelled", "The generation was cancelled before its end.")
        for entry in self._waiting.remove_if(lambda entry: entry.request.id == request_id):
            self._refuse(entry, gone)
            return True
        for sequence in self._running:
            if sequence.request.id == request_id:
                self._leave(sequence, gone)
                return True
        return False

    def step(self) -> bool:
        """One decode over everything that runs; False when there is nothing to do."""
        self._end_late()
        while self._slots.free and len(self._waiting):
            self._admit(self._waiting.pop())
        if not self._running:
            return False
        rows, wanting = self._next_rows()
        self._gauges.step_started(self._clock())
        tokens = 0
        decoding = sum(1 for sequence in wanting if sequence.token_ids)
        places = [sequence.next_place for sequence in wanting]
        try:
            self._decoder.decode(rows, places)
            tokens = self._sample(wanting, places)
        except DecodeError as error:
            for sequence in list(self._running):
                self._slots.lose(sequence.slot)
                self._decoder.forget(sequence.slot)
                self._leave(sequence, Broken("decode_failed", str(error)))
        now_s = self._clock()
        self._gauges.sequences = tuple([sequence.now(now_s) for sequence in self._by_slot()])
        self._gauges.step_ended(now_s, prompt_rows=len(rows) - decoding, tokens=tokens, rows=len(rows))
        return True

    def _end_late(self) -> None:
        now_s = self._clock()
        gone = Broken("deadline", "The generation had not ended by its deadline, and was broken off.")
        for entry in self._waiting.remove_if(lambda entry: late(entry.request, entry.submitted_s, now_s)):
            self._refuse(entry, gone)
        for sequence in [sequence for sequence in self._running if sequence.late(now_s)]:
            self._leave(sequence, gone)

    def _admit(self, entry: Entry) -> None:
        request, sink, submitted_s = entry
        # The last token of a prompt is always computed: its logits are the first that are sampled.
        prompt = request.prompt_ids
        slot, reused = move_in(self._slots, self._decoder, prompt, request.source, len(prompt) - 1)
        sequence = Sequence(request, slot, sink, self._pieces, self._end_ids, submitted_s, reused, reused)
        self._running.append(sequence)
        self._gauges.reused(reused)
        self._count()

    def _next_rows(self) -> tuple[list[Row], list[Sequence]]:
        """Rows to compute, by rising slot, and whose logits they give, in that order."""
        chunks = self._chunks()
        rows: list[Row] = []
        wanting: list[Sequence] = []
        for sequence in self._by_slot():
            slot, prompt = sequence.slot, sequence.request.prompt_ids
            if sequence.token_ids:
                place = len(prompt) + len(sequence.token_ids) - 1
                rows.append(Row(sequence.token_ids[-1], place, slot, True))
                self._slots.computed(slot, (sequence.token_ids[-1],))
                wanting.append(sequence)
            elif chunk := chunks.get(slot, 0):
                start = sequence.prefilled
                ids = prompt[start : start + chunk]
                sequence.prefilled += chunk
                last = len(prompt) - 1
                rows.extend(Row(token, p, slot, p == last) for p, token in enumerate(ids, start))
                self._slots.computed(slot, ids)
                if not sequence.prompt_left:
                    wanting.append(sequence)
        return rows, wanting

    def _chunks(self) -> dict[int, int]:
        """Rows of its prompt that each newcomer gets, by slot."""
        new = [sequence for sequence in self._running if not sequence.token_ids]
        if not new:
            return {}
        room = min(CHUNK_ROWS, self._decoder.rows_limit - (len(self._running) - len(new)))
        prompts = [Prompt(self._waiting.rank(s.request), s.prompt_left) for s in new]
        given = shares(prompts, room)
        return {sequence.slot: rows for sequence, rows in zip(new, given, strict=True)}

    def _sample(self, wanting: list[Sequence], places: list[Place]) -> int:
        if not wanting:
            return 0
        found = self._decoder.sample()
        now_s = self._clock()
        sampled = 0
        for sequence, choice in zip(wanting, found, strict=True):
            if choice is None:
                self._leave(sequence, Broken("decode_failed", BROKEN_MODEL))
                continue
            sampled += 1
            answer = sequence.accept(*choice, now_s)
            if len(sequence.token_ids) == 1:
                self._gauges.first_token(now_s - sequence.submitted_s)
            if answer is not None:
                self._leave(sequence, answer)
        return sampled

    def _leave(self, sequence: Sequence, last: Generated | Broken) -> None:
        """Free the slot, and only then tell: who is told may look at the gauges at once."""
        self._running.remove(sequence)
        self._slots.leave(sequence.slot)
        self._gauges.outcome(last.code if isinstance(last, Broken) else "generated")
        self._count()
        sequence.sink(last)

    def _refuse(self, entry: Entry, why: Broken) -> None:
        self._gauges.outcome(why.code)
        self._count()
        entry.sink(why)

    def _by_slot(self) -> list[Sequence]:
        return sorted(self._running, key=lambda sequence: sequence.slot)

    def _count(self) -> None:
        now_s = self._clock()
        self._gauges.sequences = tuple([sequence.now(now_s) for sequence in self._by_slot()])
        self._gauges.occupied(len(self._running), len(self._waiting), now_s)
