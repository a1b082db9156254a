"""Honest answers in exact mode: is every one, out of a full continuous batch, what an audit recomputes?

    PYTHONPATH=script python -m benches.verification_exact MODEL.gguf [--tokens 12500] [--out FILE.json]

More requests than slots wait at every moment, so that prompts of newcomers are computed in the same batches
in which others decode; prompts have 40 to 3,700 tokens. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from benches import exactness
from benches.exactness import TEMPERATURES_MILLI, Exactness, Load
from benches.rows import say, this_machine
from console.engine.port import Generated, GenerateRequest
from console.engine.process import batcher as batcher_module
from console.engine.process import log
from console.engine.process.context import Context
from console.engine.process.model import Model
from console.engine.process.selftest import self_test

CONTEXT = 4096
SLOTS = 6
ANSWER = 256
ROUND = 12
PROMPTS = (
    40, 95, 3700, 180, 250, 60, 300, 130, 50, 210, 45, 350, 75, 160,
    1800, 90, 110, 55, 240, 70, 140, 420, 65, 190, 640, 80, 100, 280,
)  # fmt: skip
"""Lengths of prompts in turn: mostly short, and every so often one that takes many chunks."""


class Continuous(Exactness):
    """As `Exactness`, with a queue that never runs dry within a round."""

    rounds = 0

    def round(self) -> None:
        """Generate `ROUND` answers through the slots, and score them as an audit does."""
        batcher_module.CHUNK_ROWS = exactness.CHUNKS[self.rounds % len(exactness.CHUNKS)]
        self.rounds += 1
        answers: list[tuple[GenerateRequest, Generated]] = []
        started_s = time.monotonic()
        for _ in range(ROUND):
            request = self._next_request()
            self._batcher.submit(request, partial(exactness._keep, request, answers))
        while self._batcher.step():
            pass
        self.tally.generation_s += time.monotonic() - started_s
        self._judge(answers)

    def _next_request(self) -> GenerateRequest:
        number = self._number
        self._number += 1
        wanted = PROMPTS[number % len(PROMPTS)]
        texts = exactness._TEXTS
        text = " ".join((*texts[number % len(texts) :], *texts[: number % len(texts)]))
        ids = self._player.tokenize(f"Page {number}. " + " ".join([text] * (1 + wanted // 60)), False)
        seed = hashlib.sha256(f"honest {number}".encode()).hexdigest()
        temperature = TEMPERATURES_MILLI[(number // 2) % len(TEMPERATURES_MILLI)]
        return GenerateRequest(f"h{number}", ids[:wanted], seed, temperature, self._load.answer)


def honest(path: Path, tokens: int, seconds: float = 0.0, first: int = 0) -> dict[str, Any]:
    """Figures for at least `tokens` honest tokens, or what `seconds` sufficed for.

    `first`: number of the first request; others have other prompts and seeds.

    Raises:
        RuntimeError: the model fails its own self-test.
    """
    exactness.CONTEXT = CONTEXT
    model = Model(path, 0)
    context = Context(model, CONTEXT, 1, SLOTS)
    if not self_test(context, model.vocabulary_size, frozenset(model.end_ids()), CONTEXT):
        raise RuntimeError(f"{path.name} fails the self-test, so it is not exact on this machine")
    run = Continuous(model, model, context, Load(slots=SLOTS, answer=ANSWER, no_end=True))
    run._number = first
    started_s = time.monotonic()
    while run.tally.tokens < tokens and (not seconds or time.monotonic() - started_s < seconds):
        run.round()
        say(f"{path.name}: {run.tally.tokens} tokens, {run.tally.positions_differing} differ")
    context.close()
    tally = run.tally
    return {"model": path.name, "machine": this_machine(), "slots": SLOTS, "context": CONTEXT} | asdict(tally)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Honest exactness under continuous batching.")
    parser.add_argument("model", type=Path)
    parser.add_argument("--tokens", type=int, default=12500)
    parser.add_argument("--seconds", type=float, default=0.0, help="end the last round begun before then")
    parser.add_argument("--first", type=int, default=0, help="number of the first request")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    log.listen()
    found = honest(given.model, given.tokens, given.seconds, given.first)
    text = json.dumps(found, indent=1)
    if given.out:
        given.out.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
