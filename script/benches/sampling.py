"""What sampling costs beside the decode that it follows, at both vocabularies, by one and by eight sequences.

Both stand in one loop, on logits that the decode has just written, with caches as a decode leaves them.
Compiled and numpy's way take turns in stretches of ten steps, and the first two of each are not counted: an
engine samples in one way, and what the other leaves behind in the caches is not what it meets.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benches.large_vocabulary import large_vocabulary
from benches.rows import Row, say
from console.engine.process import log, sampled
from console.engine.process.compiled import Compiled
from console.engine.process.context import Context
from console.engine.process.decoding import Row as Token
from console.engine.process.model import Model
from console.verification.sampling import Place

THREADS, STEPS, CONTEXT = 2, 200, 256
STRETCH, UNCOUNTED = 10, 2
_WAYS = ("compiled", "numpy")


def measure(model_file: Path) -> list[Row]:
    """All rows; half a minute."""
    log.listen()
    rows: list[Row] = []
    for path, goal in ((model_file, 1.0), (_larger(), 2.0)):
        if path is None:
            rows.append(Row("sampling at a vocabulary of 262,144: not measured", 0, "models"))
            continue
        model = Model(path, 0)
        for sequences in (1, 8):
            rows += _side_by_side(model, sequences, goal)
    return rows


def _larger() -> Path | None:
    try:
        return large_vocabulary()
    except RuntimeError as error:
        say(f"the larger vocabulary is left out: {error}")
        return None


class Ahead:
    """How long the library takes for what is made before a decode: that is sampling too."""

    def __init__(self) -> None:
        self._prepare = Compiled._prepare
        self._taken_s = 0.0
        Compiled._prepare = self._timed()  # type: ignore[method-assign, assignment]

    def taken_s(self) -> float:
        """Since it was asked last."""
        taken_s, self._taken_s = self._taken_s, 0.0
        return taken_s

    def close(self) -> None:
        """Time no more."""
        Compiled._prepare = self._prepare  # type: ignore[method-assign]

    def _timed(self) -> Callable[[Compiled, Sequence[Place]], None]:
        def timed(quick: Compiled, places: Sequence[Place]) -> None:
            started_s = time.monotonic()
            self._prepare(quick, places)
            self._taken_s += time.monotonic() - started_s

        return timed


def _side_by_side(model: Model, sequences: int, goal: float) -> list[Row]:
    say(f"sampling, vocabulary {model.vocabulary_size:,}, {sequences} sequences")
    context, ahead = Context(model, CONTEXT, THREADS, sequences), Ahead()
    tokens = [1000 + n for n in range(sequences)]
    decode_s: list[float] = []
    sample_s: dict[str, list[float]] = {name: [] for name in _WAYS}
    for step in range(STEPS):
        rows = [Token(token, step, slot, True) for slot, token in enumerate(tokens)]
        places = [Place(bytes([slot]) * 32, step, 800) for slot in range(sequences)]
        name = _WAYS[step // STRETCH % len(_WAYS)]
        started_s = time.monotonic()
        if name == "compiled":
            context.decode(rows, places)
            returned_s = time.monotonic()
            found = context.sample()
        else:
            context.decode(rows)
            returned_s = time.monotonic()
            found = sampled.by_definition(context.outputs(), places)
        behind_s = time.monotonic() - returned_s
        inside_s = ahead.taken_s() + context.sampling_ns / 1e9
        if step % STRETCH >= UNCOUNTED:
            sample_s[name].append(behind_s + inside_s)
            decode_s.append(returned_s - started_s - inside_s)
        tokens = [choice[0] if choice else 0 for choice in found]
    ahead.close()
    context.close()
    case = f"vocabulary {model.vocabulary_size:,}, {sequences} sequences"
    step_s = statistics.median(decode_s)
    rows_ = [Row(f"decode, {case}", 1e3 * step_s, "ms a step")]
    for name, times in sample_s.items():
        taken_s = statistics.median(times)
        rows_.append(Row(f"sampling {name}, {case}", 1e6 * taken_s, "µs a step"))
        share = 100 * taken_s / step_s
        rows_.append(
            Row(f"sampling {name} ÷ decode, {case}", share, "%", goal if name == "compiled" else None)
        )
    return rows_
