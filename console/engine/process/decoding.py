"""The seam between the batcher and llama.cpp: rows in, logits out. A test puts a toy in its place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from console.engine.process.sampled import Chosen
from console.verification.sampling import Place


class Row(NamedTuple):
    """One token to compute, at its place in its sequence."""

    token: int
    position: int
    sequence: int
    wants_logits: bool


class DecodeError(Exception):
    """llama.cpp could not compute a batch; the text is a sentence for the operator."""


class Decoder(Protocol):
    """A context of a model."""

    @property
    def rows_limit(self) -> int:
        """Rows that one call may compute."""
        ...

    @property
    def logits_limit(self) -> int:
        """Rows of one call that may want logits: each costs a whole vocabulary of memory."""
        ...

    def decode(self, rows: Sequence[Row], places: Sequence[Place] = ()) -> None:
        """Compute `rows` together. Rows of neighbouring sequences in rising order go into one product.

        `places`: of those that want logits, in their order, where `sample` is to be asked of them.
        Raises DecodeError.
        """
        ...

    def sample(self) -> list[Chosen | None]:
        """Token and committed candidates for the last call's `places`; None where the logits are no numbers.

        Raises DecodeError.
        """
        ...

    def outputs(self) -> npt.NDArray[np.float32]:
        """Logits of the last call's rows that wanted them, in their order: a view, until the next call."""
        ...

    def forget(self, sequence: int, start: int = 0) -> bool:
        """Drop what was computed for `sequence` from position `start` on.

        False when this kind of model cannot drop a part, and nothing was dropped; 0 always works.
        """
        ...

    def copy(self, source: int, target: int) -> None:
        """Make `target` hold all that `source` holds, and nothing else."""
        ...
