"""`python -m console.engine.honest_process answer|score --model FILE …`: one honest run.

Prompts are this module's own, so that what passes between processes holds nobody's text.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
from pathlib import Path

import msgspec

from console.engine.answering import Answered, Asked, answer_together, recompute
from console.engine.honest_runs import Scored
from console.engine.numerics import EXACT, Numerics
from console.engine.port import ChatMessage, EngineError
from console.engine.process import log
from console.engine.process.context import Context
from console.engine.process.decoding import DecodeError
from console.engine.process.model import LoadError, Model
from console.engine.process.prompts import chat_ids
from console.engine.process.selftest import self_test

TOGETHER = 8
CONTEXT = 1024
ANSWER = 128
TEMPERATURES_MILLI = (1000, 700, 1000, 0)
_THINGS = (
    "a ferry timetable", "the smell of rain", "a wooden bridge", "a lost umbrella", "a school choir",
    "the price of eggs", "a paper map", "an old radio", "a frozen lake", "a row of poplars", "a night market",
    "a broken clock", "a vegetable garden", "a mountain hut", "a box of letters", "a slow train",
)  # fmt: skip
_ASKS = (
    "Describe {} in one paragraph.", "Tell a short story that begins with {}.", "List five uses of {}.",
    "Write a letter to a friend about {}.", "Explain {} to somebody who has never seen one.",
    "What is the history of {}?", "Write a dialogue between two people who argue about {}.",
)  # fmt: skip


def _answer(given: argparse.Namespace) -> bytes:
    numerics = msgspec.json.decode(given.numerics, type=Numerics)
    if numerics.tiled_mm:
        # Importing `context` has switched it off; ggml reads it at the first product.
        os.environ.pop("GGML_CPU_TILED_MM", None)
    model = Model(given.model, 0, numerics)
    context = Context(model, CONTEXT, given.threads, TOGETHER, numerics)
    end_ids = frozenset(model.end_ids())
    answers: list[Answered] = []
    while sum(len(one.token_ids) for one in answers) < given.tokens:
        asked = [_asked(model, len(answers) + i) for i in range(TOGETHER)]
        answers += answer_together(context, asked, end_ids)
    return msgspec.msgpack.encode(tuple(answers))


def _asked(model: Model, number: int) -> Asked:
    text = _ASKS[number % len(_ASKS)].format(_THINGS[number % len(_THINGS)])
    if number % 5 == 4:
        text = f"{text} Before that, {text[0].lower()}{text[1:-1]} as a child would. " * 4
    try:
        ids = chat_ids(model, (ChatMessage("user", text),))
    except EngineError:  # no chat model: it goes on writing
        ids = model.tokenize(text, special=False)
    seed = hashlib.sha256(f"honest run {number}".encode()).digest()
    return Asked(ids, seed, TEMPERATURES_MILLI[number % len(TEMPERATURES_MILLI)], ANSWER)


def _score(given: argparse.Namespace) -> bytes:
    model = Model(given.model, 0, EXACT)
    context = Context(model, CONTEXT, given.threads)
    exact = self_test(context, model.vocabulary_size, frozenset(model.end_ids()), CONTEXT)
    answers = msgspec.msgpack.decode(given.answers.read_bytes(), type=tuple[Answered, ...])
    blobs = tuple(recompute(context, one.asked.prompt_ids, one.token_ids) for one in answers)
    return msgspec.msgpack.encode(Scored(model.profile(exact), blobs))


def main() -> None:
    """The command line; exits 1 with a sentence when it fails."""
    parser = argparse.ArgumentParser(prog="console.engine.honest_process", description="Honest answers.")
    parser.add_argument("what", choices=("answer", "score"))
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--numerics", default=msgspec.json.encode(EXACT).decode())
    parser.add_argument("--tokens", type=int, default=1000)
    parser.add_argument("--answers", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    log.listen()
    try:
        found = _answer(given) if given.what == "answer" else _score(given)
        given.out.write_bytes(found)
    except LoadError:
        sys.exit(f"llama.cpp cannot load {given.model.name} under these numerics.")
    except (DecodeError, OSError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
