"""A step's logits to candidates, for the batcher, the scorer and the self-test alike."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from console.verification.cut import top_of_each
from console.verification.sampling import Candidates, Place, candidates_of_each, choose_each

BROKEN_MODEL = "The model's output is not a finite number: its weights or their device are broken."


class NotFiniteError(Exception):
    """The model gave logits that no number can be made of."""

    def __init__(self) -> None:
        super().__init__(BROKEN_MODEL)


def candidates_of(logits: npt.NDArray[np.float32]) -> Candidates:
    """Candidates of each row. Raises NotFiniteError, and ValueError for a vocabulary below 40."""
    cut = top_of_each(logits)
    if not cut.finite.all():
        raise NotFiniteError
    return candidates_of_each(cut)


def sample(logits: npt.NDArray[np.float32], places: list[Place]) -> list[tuple[int, bytes] | None]:
    """Token and committed candidates for each row; None where the logits are no numbers."""
    cut = top_of_each(logits)
    tokens = choose_each(cut, places)
    data = candidates_of_each(cut).tobytes()
    size = len(data) // len(places)
    rows = [(token, data[i * size : (i + 1) * size]) for i, token in enumerate(tokens)]
    if cut.finite.all():
        return list(rows)
    return [row if good else None for row, good in zip(rows, cut.finite.tolist(), strict=True)]
