"""What finding out costs: recompute against generation, and the exact profile's two weight switches.

Times are processor time on one thread, so that their ratios mean something on a machine with other work too.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

from benches import cheat_prompts
from benches.rows import Row, say
from benches.synthetic import LARGE, true_k_quants
from console.engine.answering import Answered, answer_together, recompute
from console.engine.numerics import EXACT, Numerics
from console.engine.process.context import Context
from console.engine.process.decoding import Row as Place
from console.engine.process.model import Model

_T = TypeVar("_T")
DEFAULTS = Numerics("llama.cpp's defaults", tiled_mm=True, extra_buffers=True)
ROUNDS = 5
PREFILL, DECODE = 256, 32


def recompute_cost(model: Path, jobs: int) -> Iterator[Row]:
    """Generation and recompute of the same answers, in turn, one thread; medians."""
    say("cost of a recompute")
    loaded = Model(model, 0)
    node, verifier = Context(loaded, 1024, 1, 8), Context(loaded, 1024, 1)
    for length in (64, 256):
        alone, together = [], []
        for asked in cheat_prompts.jobs(loaded, jobs, length):
            generated_s, answers = _timed(partial(answer_together, node, [asked], frozenset()))
            recomputed_s, _ = _timed(partial(_recompute, verifier, answers[0]))
            alone.append(recomputed_s / generated_s)
        asked_together = cheat_prompts.jobs(loaded, 8, length)
        generated_s, answers = _timed(partial(answer_together, node, asked_together, frozenset()))
        recomputed_s, _ = _timed(partial(_recompute_all, verifier, answers))
        together.append(recomputed_s / generated_s)
        yield Row(f"recompute ÷ generation alone, {length} tokens", statistics.median(alone), "×")
        yield Row(f"recompute ÷ generation among 8, {length} tokens", statistics.median(together), "×")


def savings(model: Path, smaller: dict[str, Path]) -> Iterator[Row]:
    """What a smaller model saves: time of the same 48 tokens ÷ the true model's, in turn, medians of 5."""
    say("what smaller models save")
    files = {"the true model": model, **smaller}
    sides = {name: Context(Model(path, 0), 512, 1) for name, path in files.items()}
    paces: dict[str, list[float]] = {name: [] for name in files}
    for _ in range(ROUNDS):
        for name, context in sides.items():
            context.decode([Place(500 + p, p, 0, p == 63) for p in range(64)])
            seconds, _ = _timed(partial(_decode, context))
            paces[name].append(seconds)
            context.forget(0)
    for name in smaller:
        pairs = zip(paces[name], paces["the true model"], strict=True)
        yield Row(
            f"time of a token ÷ the true model's: {name}", statistics.median(a / b for a, b in pairs), "×"
        )


def _decode(context: Context) -> None:
    for p in range(48):
        context.decode([Place(9, 64 + p, 0, True)])


def _recompute_all(verifier: Context, many: list[Answered]) -> list[bytes]:
    return [_recompute(verifier, one) for one in many]


def _recompute(verifier: Context, one: Answered) -> bytes:
    return recompute(verifier, one.asked.prompt_ids, one.token_ids)


def _timed(work: Callable[[], _T]) -> tuple[float, _T]:
    started_s = time.process_time()
    made = work()
    return time.process_time() - started_s, made


def switches_price(model: Path, folder: Path) -> Iterator[Row]:
    """Both switches on against llama.cpp's defaults, on a true Q4_K_M, in turn: medians of ratios."""
    path = true_k_quants(model, folder, shape=LARGE)
    sides = {True: _Side(path, EXACT), False: _Side(path, DEFAULTS)}
    say(f"price of the switches on {path.name}, {ROUNDS} rounds in turn")
    try:
        for what in ("prefill", "decode 1", "decode 8"):
            ratios = []
            for _ in range(ROUNDS):
                exact_s, default_s = sides[True].seconds(what), sides[False].seconds(what)
                ratios.append(exact_s / default_s)
            spread = f"× ({min(ratios):.2f}–{max(ratios):.2f})"
            yield Row(f"switches: {what}: time exact ÷ default", statistics.median(ratios), spread)
    finally:
        for side in sides.values():
            side.close()


class _Side:
    """A process with one set of switches: ggml reads one of them once per process."""

    def __init__(self, path: Path, numerics: Numerics) -> None:
        words = (sys.executable, "-m", "benches.costs", str(path), str(int(numerics.tiled_mm)))
        self._process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ
        )

    def seconds(self, what: str) -> float:
        """Time of one go."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(what + "\n")
        self._process.stdin.flush()
        return float(json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def _serve(path: Path, defaults: bool) -> None:
    numerics = DEFAULTS if defaults else EXACT
    if defaults:
        os.environ.pop("GGML_CPU_TILED_MM", None)
    model = Model(path, 0, numerics)
    context = Context(model, 1024, 1, 8, numerics)
    for line in sys.stdin:
        what = line.strip()
        started_s = time.process_time()
        if what == "prefill":
            for start in range(0, PREFILL, 256):
                context.decode([Place(500 + p, p, 0, p == PREFILL - 1) for p in range(start, start + 256)])
        else:
            for p in range(DECODE):
                context.decode([Place(500 + p, p, s, True) for s in range(int(what[-1]))])
        seconds = time.process_time() - started_s
        for sequence in range(8):
            context.forget(sequence)
        print(json.dumps(seconds), flush=True)


if __name__ == "__main__":
    from console.engine.process import log

    log.listen()
    _serve(Path(sys.argv[1]), sys.argv[2] == "1")
