"""The price of the exact profile where it is dearest: prefill and decode behind a long context.

The exact profile (K BF16, V F16) and the fastest one that is not exact (both F16) take turns in one process.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path

from benches.rows import Row, say
from console.engine.numerics import Numerics
from console.engine.process import log
from console.engine.process.context import Context
from console.engine.process.decoding import Row as Token
from console.engine.process.model import Model

THREADS, ROUNDS, DECODED, CHUNK = 2, 3, 24, 256
CONTEXTS = (1024, 1900)


F16_CACHE = Numerics("K and V cache F16", k_type="f16", v_type="f16")


@dataclass
class _Seen:
    prefill_s: list[float] = field(default_factory=list)
    decode_s: list[float] = field(default_factory=list)


def measure(model_file: Path) -> list[Row]:
    """All rows; about two minutes."""
    log.listen()
    model = Model(model_file, 0)
    contexts = {
        "exact": Context(model, 2048, THREADS),
        "F16/F16": Context(model, 2048, THREADS, numerics=F16_CACHE),
    }
    seen = {(name, length): _Seen() for name in contexts for length in CONTEXTS}
    for number in range(ROUNDS):
        say(f"long contexts, round {number + 1} of {ROUNDS}")
        for length in CONTEXTS:
            for name, context in contexts.items():
                _round(context, length, seen[name, length])
    for context in contexts.values():
        context.close()
    return _rows(seen)


def _round(context: Context, length: int, seen: _Seen) -> None:
    context.forget(0)
    tokens = [1000 + place % 5000 for place in range(length + DECODED)]
    started_s = time.perf_counter()
    for start in range(0, length, CHUNK):
        end = min(length, start + CHUNK)
        context.decode([Token(tokens[p], p, 0, p == length - 1) for p in range(start, end)])
    seen.prefill_s.append(time.perf_counter() - started_s)
    started_s = time.perf_counter()
    for place in range(length, length + DECODED):
        context.decode([Token(tokens[place], place, 0, True)])
    seen.decode_s.append(time.perf_counter() - started_s)


def _rows(seen: dict[tuple[str, int], _Seen]) -> list[Row]:
    rows: list[Row] = []
    for length in CONTEXTS:
        for what, count in (("prefill", length), ("decode", DECODED)):
            rates = {}
            for name in ("exact", "F16/F16"):
                one = seen[name, length]
                median_s = statistics.median(one.prefill_s if what == "prefill" else one.decode_s)
                rates[name] = count / median_s
                rows.append(Row(f"{what} at {length:,} tokens, {name}", rates[name], "tokens/s"))
            ratio = rates["exact"] / rates["F16/F16"]
            rows.append(Row(f"{what} at {length:,} tokens: exact ÷ F16/F16", ratio, "×"))
    return rows
