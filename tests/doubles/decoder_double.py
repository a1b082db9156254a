"""`ToyDecoder`: a `Decoder` whose logits are a hash of the sequence so far; it refuses gaps."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from console.engine.process import sampled
from console.engine.process.decoding import DecodeError, Row
from console.engine.process.sampled import Chosen
from console.verification.sampling import Place

VOCABULARY = 96
END = 0
PIECES = (b"", *(bytes([32 + i]) for i in range(95)))


class ToyDecoder:
    """Keeps every sequence's ids, so that a wrong position or a forgotten prefix changes the logits.

    end_bias: logit added to the end token. broken: makes the next calls raise. nan: gives no numbers.
    forgets_all: cannot drop a part of a sequence, as models with a running state cannot.
    """

    def __init__(self, context: int = 4096, rows_limit: int = 512, logits_limit: int = 64) -> None:
        self.rows_limit = rows_limit
        self.logits_limit = logits_limit
        self.end_bias = -50.0
        self.broken = False
        self.nan = False
        self.forgets_all = False
        self.copies: list[tuple[int, int]] = []
        self.calls: list[list[Row]] = []
        self._context = context
        self._places: list[Place] = []
        self._kept: dict[int, list[int]] = {}
        self._rows: dict[int, npt.NDArray[np.float32]] = {}

    def decode(self, rows: Sequence[Row], places: Sequence[Place] = ()) -> None:
        """Take `rows` in; positions must go on where their sequence ends."""
        if self.broken:
            raise DecodeError("The toy was told to fail.")
        assert 0 < len(rows) <= self.rows_limit
        assert sum(row.wants_logits for row in rows) <= self.logits_limit
        assert len(places) in (0, sum(row.wants_logits for row in rows))
        self.calls.append(list(rows))
        self._places = list(places)
        self._rows.clear()
        for index, row in enumerate(rows):
            kept = self._kept.setdefault(row.sequence, [])
            assert row.position == len(kept) < self._context, "a gap, or beyond the context"
            kept.append(row.token)
            if row.wants_logits:
                self._rows[index] = self._logits(kept)

    def sample(self) -> list[Chosen | None]:
        """As the engine's own does where it has the logits."""
        return sampled.sample(self.outputs(), self._places)

    def outputs(self) -> npt.NDArray[np.float32]:
        """Logits of the rows that asked for them."""
        return np.stack([self._rows[index] for index in sorted(self._rows)])

    def forget(self, sequence: int, start: int = 0) -> bool:
        """Drop the end of a sequence."""
        if self.forgets_all and 0 < start < self.holds(sequence):
            return False
        del self._kept.setdefault(sequence, [])[start:]
        return True

    def copy(self, source: int, target: int) -> None:
        """A whole sequence, as between llama.cpp's streams."""
        self.copies.append((source, target))
        self._kept[target] = list(self._kept.get(source, []))

    def holds(self, sequence: int) -> int:
        """Tokens kept for a sequence."""
        return len(self._kept.get(sequence, []))

    def _logits(self, kept: list[int]) -> npt.NDArray[np.float32]:
        digest = hashlib.sha256(b"".join(t.to_bytes(4, "big") for t in kept)).digest()
        noise = np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))
        row = noise.standard_normal(VOCABULARY, dtype=np.float32) * np.float32(3)
        row[END] += np.float32(self.end_bias)
        if self.nan:
            row[:] = np.nan
        return row
