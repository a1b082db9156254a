"""How far one score has come."""

from __future__ import annotations

from collections.abc import Callable

from console.engine.port import Broken, Scored, ScoreRequest
from console.engine.process.decoding import Row
from console.verification.sampling import POSITION_BYTES

ScoreSink = Callable[[Scored | Broken], None]


class Scoring:
    """A score in its lane. The row at position p gives the candidates of the token at p + 1."""

    def __init__(self, request: ScoreRequest, sink: ScoreSink, submitted_s: float) -> None:
        """`submitted_s`: of a steady clock."""
        self.request = request
        self.sink = sink
        self.submitted_s = submitted_s
        self.lane = 0
        self.computed = 0
        first = len(request.prompt_ids) - 1
        windows = request.windows or ((0, len(request.completion_ids)),)
        self._wanted = frozenset(
            first + place for start, length in windows for place in range(start, start + length)
        )
        self.first_wanted = min(self._wanted)
        """All rows before it are prefill alone, and may be taken over from an earlier score."""
        self.tokens = (request.prompt_ids + request.completion_ids[:-1])[: max(self._wanted) + 1]
        """What is to be computed: nothing behind the last position that is wanted."""
        self._blob = bytearray()
        self._left = len(self._wanted)

    @property
    def done(self) -> bool:
        """Whether all candidates are there."""
        return self._left == 0

    @property
    def blob(self) -> bytes:
        """Candidates so far, in the layout of an opening."""
        return bytes(self._blob)

    def next_rows(self, rows: int, outputs: int) -> list[Row]:
        """The next rows to compute: at most `rows`, of which at most `outputs` want logits."""
        chunk: list[Row] = []
        for place in range(self.computed, min(len(self.tokens), self.computed + max(0, rows))):
            wants = place in self._wanted
            if wants and outputs == 0:
                break
            outputs -= wants
            chunk.append(Row(self.tokens[place], place, self.lane, wants))
        return chunk

    def keep(self, candidates: bytes) -> None:
        """Candidates of the rows that wanted logits in the last chunk."""
        self._blob += candidates
        self._left -= len(candidates) // POSITION_BYTES
