"""Measure exactness on this machine: is every generated blob the one that a lone prefill recomputes?

    python -P script/benches/exactness.py --model MODEL.gguf [--tokens 5000] [--slots 1] [--threads 1]
        [--defaults] [--cheat OTHER.gguf] [--answer 128]

Generations run through the engine's own batcher, scores through its own scorer, without HTTP between.
`--slots` above 1 lets generations share their batches, prefill beside decode. `--defaults` leaves both
weight switches as llama.cpp has them. `--cheat` generates with another file and scores with MODEL: the
mismatches are then wanted. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import sys
import time
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import llama_cpp
import numpy as np
import psutil

from benches.sampling import Ahead
from console.engine.port import Broken, Generated, GenerateRequest, Scored, ScoreRequest, Tokens, Vocabulary
from console.engine.process import batcher as batcher_module
from console.engine.process import log
from console.engine.process.batcher import Batcher
from console.engine.process.context import Context
from console.engine.process.gauges import Gauges
from console.engine.process.model import Model
from console.engine.process.scorer import LANES, Scorer
from console.engine.process.selftest import self_test
from console.verification.commitment import unpack

CONTEXT = 2048
PROMPT_TOKENS = (12, 40, 95, 180, 250, 300, 420, 640, 900)
TEMPERATURES_MILLI = (700, 1000, 0)
CHUNKS = (256, 512, 37)
_TEXTS = (
    "A harbour pilot keeps a notebook of every sandbank that moved in winter, and reads it aloud.",
    "Explain to a baker why sourdough needs time, and list what changes in a colder kitchen.",
    "def median(values): sort them, take the middle one, or the mean of both when their number is even.",
    "Write the minutes of a meeting in which nobody agreed on the colour but all on the price.",
    "La lluvia cae sobre los tejados; el gato mira la calle y cuenta los paraguas que pasan sin prisa.",
    "Question: how many edges has a cube? Answer in one line, then say how you would explain it to a child.",
    "12 * 7 = 84; 84 / 4 = 21; 21 - 8 = 13. Check every line and correct the wrong ones, if there are any.",
)


@dataclass(frozen=True, slots=True)
class Load:
    """How much is generated at once, on how many threads, and how long the answers may be."""

    slots: int = 1
    threads: int = 1
    score_threads: int = 1
    answer: int = 128
    no_end: bool = False


@dataclass
class Tally:
    """What was found. `sampling_s` is part of `generation_s`."""

    jobs: int = 0
    tokens: int = 0
    positions_differing: int = 0
    jobs_differing: int = 0
    beyond_300: int = 0
    beyond_600: int = 0
    first_mismatch: list[int] = field(default_factory=list)
    score_s: float = 0.0
    scored_rows: int = 0
    generation_s: float = 0.0
    sampling_s: float = 0.0


def main() -> None:
    """Run and print."""
    given = _arguments()
    log.listen()
    if given.defaults:
        _use_defaults()
    started = time.monotonic()
    judge = Model(given.model, 0)
    load_s = time.monotonic() - started
    player = Model(given.cheat, 0) if given.cheat else judge
    context = Context(player, CONTEXT, given.threads, given.slots)
    started = time.monotonic()
    exact = self_test(context, player.vocabulary_size, frozenset(player.end_ids()), CONTEXT)
    self_test_s = time.monotonic() - started
    exactness = Exactness(judge, player, context, _load(given))
    while exactness.tally.tokens < given.tokens:
        exactness.round()
    tally = exactness.tally
    figures = asdict(tally)
    print(
        json.dumps(
            {
                "machine": platform.processor() or platform.machine(),
                "system": player.profile(exact).system,
                "model": given.model.name,
                "cheat": given.cheat.name if given.cheat else None,
                "switches": "defaults" if given.defaults else "exact profile",
                "threads": given.threads,
                "score_threads": given.score_threads,
                "slots": given.slots,
                "load_s": round(load_s, 3),
                "self_test": exact,
                "self_test_s": round(self_test_s, 2),
                "rss_mb": psutil.Process().memory_info().rss >> 20,
                "sampling_share": round(tally.sampling_s / max(tally.generation_s, 1e-9), 4),
                **{k: round(v, 2) if isinstance(v, float) else v for k, v in figures.items()},
            },
            indent=1,
        )
    )


class Exactness:
    """`player` answers, `judge` recomputes every answer; `tally` counts."""

    def __init__(self, judge: Model, player: Model, context: Context, load: Load) -> None:
        """`context`: of `player`, with as many sequences as `load` has slots."""
        self.tally = Tally()
        self._player, self._load, self._context = player, load, context
        vocabulary = Vocabulary(player.pieces(), () if load.no_end else player.end_ids())
        self._batcher = Batcher(context, vocabulary, Gauges(load.slots), time.monotonic, load.slots)
        self._scorer = Scorer(
            lambda: Context(judge, CONTEXT, load.score_threads, LANES), Gauges(1), time.monotonic
        )
        self._number = 0
        self._time_sampling()

    def round(self) -> None:
        """Generate as many answers as there are slots, together, and score each alone."""
        batcher_module.CHUNK_ROWS = CHUNKS[self._number % len(CHUNKS)]
        answers: list[tuple[GenerateRequest, Generated]] = []
        started = time.monotonic()
        for _ in range(self._load.slots):
            request = self._next_request()
            self._batcher.submit(request, partial(_keep, request, answers))
        while self._batcher.step():
            pass
        self.tally.generation_s += time.monotonic() - started
        self._judge(answers)

    def _judge(self, answers: list[tuple[GenerateRequest, Generated]]) -> None:
        """Score all answers of a round together, as an audit does."""
        scored: dict[str, Scored | Broken] = {}
        started = time.monotonic()
        for request, answer in answers:
            asked = ScoreRequest(request.id, request.prompt_ids, answer.token_ids)
            self._scorer.submit(asked, partial(scored.__setitem__, request.id))
        while self._scorer.step():
            pass
        self.tally.score_s += time.monotonic() - started
        for request, answer in answers:
            self._compare(request, answer, scored[request.id])

    def _compare(self, request: GenerateRequest, answer: Generated, reference: Scored | Broken) -> None:
        assert isinstance(reference, Scored)
        wrong = np.flatnonzero((unpack(reference.blob) != unpack(answer.blob)).any(axis=1))
        tally, n, prompt = self.tally, len(answer.token_ids), len(request.prompt_ids)
        tally.jobs += 1
        tally.tokens += n
        tally.positions_differing += int(wrong.size)
        tally.jobs_differing += int(wrong.size > 0)
        tally.beyond_300 += max(0, min(n, prompt + n - 300))
        tally.beyond_600 += max(0, min(n, prompt + n - 600))
        tally.scored_rows += prompt + n - 1
        if wrong.size:
            tally.first_mismatch.append(int(wrong[0]))

    def _next_request(self) -> GenerateRequest:
        number = self._number
        self._number += 1
        wanted = PROMPT_TOKENS[number % len(PROMPT_TOKENS)]
        turned = _TEXTS[number % len(_TEXTS) :] + _TEXTS[: number % len(_TEXTS)]
        text = f"Note {number}. " + " ".join(turned)
        ids = self._player.tokenize(" ".join([text] * (1 + wanted // 60)), False)[:wanted]
        seed = hashlib.sha256(f"measure {number}".encode()).hexdigest()
        temperature = TEMPERATURES_MILLI[(number // 2) % len(TEMPERATURES_MILLI)]
        return GenerateRequest(f"m{number}", ids, seed, temperature, self._load.answer)

    def _time_sampling(self) -> None:
        """What is behind a decode, and what the decode's own call does behind it and before."""
        self._ahead = Ahead()
        choose = self._batcher._sample

        def timed(*words: Any) -> int:
            entered_s = time.monotonic()
            try:
                return choose(*words)
            finally:
                behind_s = time.monotonic() - entered_s
                inside_s = self._ahead.taken_s() + self._context.sampling_ns / 1e9
                self.tally.sampling_s += behind_s + inside_s

        self._batcher._sample = timed  # type: ignore[method-assign, assignment]


def _keep(request: GenerateRequest, answers: list[tuple[GenerateRequest, Generated]], event: object) -> None:
    if isinstance(event, Broken):
        sys.exit(f"a generation broke: {event.sentence}")
    if not isinstance(event, Tokens):
        assert isinstance(event, Generated)
        answers.append((request, event))


def _load(given: argparse.Namespace) -> Load:
    return Load(given.slots, given.threads, given.score_threads, given.answer, given.no_end)


def _use_defaults() -> None:
    os.environ.pop("GGML_CPU_TILED_MM", None)
    load = llama_cpp.llama_model_load_from_file

    def load_with_defaults(path: bytes, params: Any) -> Any:
        params.use_extra_bufts = True
        return load(path, params)

    llama_cpp.llama_model_load_from_file = load_with_defaults


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure exactness of generate against score.")
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--cheat", type=Path)
    parser.add_argument("--tokens", type=int, default=5000)
    parser.add_argument("--answer", type=int, default=128, help="most tokens per answer")
    parser.add_argument("--slots", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--score-threads", type=int, default=1, help="threads of the lone prefill")
    parser.add_argument(
        "--defaults", action="store_true", help="leave both weight switches at their defaults"
    )
    parser.add_argument("--no-end", action="store_true", help="run on past the end tokens: longer answers")
    return parser.parse_args()


if __name__ == "__main__":
    main()
