"""A step's logits to candidates, for the batcher, the scorer and the self-test alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from console.engine.process.compiled import compiled
from console.verification.cut import top_of_each
from console.verification.rules import PLAIN
from console.verification.sampling import (
    PAIR,
    POSITION_BYTES,
    Candidates,
    Place,
    candidates_of_each,
    choose,
    choose_each,
)

BROKEN_MODEL = "The model's output is not a finite number: its weights or their device are broken."

Logits = npt.NDArray[np.float32]
Chosen = tuple[int, bytes]
"""Token and committed candidates."""


class NotFiniteError(Exception):
    """The model gave logits that no number can be made of."""

    def __init__(self) -> None:
        super().__init__(BROKEN_MODEL)


def candidates_of(logits: Logits) -> Candidates:
    """Candidates of each row. Raises NotFiniteError, and ValueError for a vocabulary below 40."""
    quick = compiled()
    if quick is not None and quick.takes(logits) and (found := quick.cut()) is not None:
        return found
    cut = top_of_each(logits)
    if not cut.finite.all():
        raise NotFiniteError
    return candidates_of_each(cut)


def sample(logits: Logits, places: Sequence[Place]) -> list[Chosen | None]:
    """Token and committed candidates for each row; None where the logits are no numbers."""
    quick = compiled()
    if quick is None or not quick.takes(logits):
        return by_definition(logits, places)
    return finished(quick.sample(places), places, lambda: logits)


def finished(
    found: list[Chosen | None], places: Sequence[Place], outputs: Callable[[], Logits]
) -> list[Chosen | None]:
    """What the library found, with what is left to the definition: rows in doubt, and clients' rules.

    `outputs`: the logits; asked for those rows alone.
    """
    for row, place in enumerate(places):
        chosen = found[row]
        if chosen is None:
            found[row] = by_definition(outputs()[row : row + 1], [place])[0]
        elif place.rules != PLAIN:
            found[row] = (_by_rules(chosen[1], place), chosen[1])
    return found


def _by_rules(candidates: bytes, place: Place) -> int:
    return choose(np.frombuffer(candidates, dtype=PAIR), *place)


def by_definition(logits: Logits, places: Sequence[Place]) -> list[Chosen | None]:
    """`sample` by numpy alone."""
    cut = top_of_each(logits)
    tokens = choose_each(cut, places)
    data = candidates_of_each(cut).tobytes()
    size = POSITION_BYTES
    return [
        (token, data[i * size : (i + 1) * size]) if good else None
        for i, (token, good) in enumerate(zip(tokens, cut.finite.tolist(), strict=True))
    ]
