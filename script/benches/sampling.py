"""What sampling costs beside the decode that it follows, at both vocabularies, by one and by eight sequences.

The step is the starter model's. The larger vocabulary's rows are made up, with the spread of a model's
logits, and stand beside a step of Gemma-3-270M as it was measured on a machine of the same kind (118 and 229
tokens/s at 1 and 8 sequences, 2 threads).
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benches.rows import Row, say
from console.engine.process import llama, log
from console.engine.process.decoding import Row as Token
from console.engine.process.sampled import sample
from console.verification.sampling import Place

THREADS, STEPS, CONTEXT = 2, 60, 256
LARGE_VOCABULARY = 262_144
LARGE_STEP_MS = {1: 1000 / 118, 8: 8000 / 229}


def measure(model_file: Path) -> list[Row]:
    """All rows; half a minute."""
    log.listen()
    model = llama.Model(model_file, 0)
    rows: list[Row] = []
    for sequences in (1, 8):
        rows += _small(model, sequences) + _large(sequences)
    return rows


def _small(model: llama.Model, sequences: int) -> list[Row]:
    """Both in the same loop, on the logits that the decode has just written."""
    say(f"sampling, {sequences} sequences")
    context = llama.Context(model, CONTEXT, THREADS, sequences)
    tokens = [1000 + n for n in range(sequences)]
    decode_s, sample_s = [], []
    for step in range(STEPS):
        rows = [Token(token, step, slot, True) for slot, token in enumerate(tokens)]
        decode_s.append(_timed(lambda rows=rows: context.decode(rows)))  # type: ignore[misc]
        places = [Place(bytes(32), step * 8 + slot, 800) for slot in range(sequences)]
        started_s = time.perf_counter()
        found = sample(context.outputs(), places)
        sample_s.append(time.perf_counter() - started_s)
        tokens = [choice[0] if choice else 0 for choice in found]
    context.close()
    share = 100 * statistics.median(sample_s) / statistics.median(decode_s)
    case = f"vocabulary {model.vocabulary_size:,}, {sequences} sequences, {THREADS} threads"
    return [
        Row(f"sampling, {case}", 1e6 * statistics.median(sample_s), "µs a step"),
        Row(f"decode, {case}", 1e3 * statistics.median(decode_s), "ms a step"),
        Row(f"sampling ÷ decode, {case}", share, "%", 1.0),
    ]


def _large(sequences: int) -> list[Row]:
    rng = np.random.default_rng(1)
    memory = [rng.normal(0, 3, (sequences, LARGE_VOCABULARY)).astype(np.float32) for _ in range(4)]
    times: list[float] = []
    for step in range(STEPS):
        places = [Place(bytes(32), step * 8 + slot, 800) for slot in range(sequences)]
        times.append(_timed(lambda step=step, places=places: sample(memory[step % 4], places)))  # type: ignore[misc]
    median_ms = 1e3 * statistics.median(times)
    case = f"vocabulary {LARGE_VOCABULARY:,}, {sequences} sequences"
    return [
        Row(f"sampling, {case}", 1e3 * median_ms, "µs a step"),
        Row(
            f"sampling ÷ a step of Gemma-3-270M, {case}", 100 * median_ms / LARGE_STEP_MS[sequences], "%", 2.0
        ),
    ]


def _timed(call: Callable[[], object]) -> float:
    started_s = time.perf_counter()
    call()
    return time.perf_counter() - started_s
