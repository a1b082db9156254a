"""Honest answers under chosen numerics, and their recomputation under the exact profile.

    python -m console.engine.honest_runs answer|score --model FILE …

Each run is a process: one of ggml's switches is read once per process, and another build of llama.cpp can be
put in its place through `PYTHONPATH`. Prompts are this module's own; files hold nobody's text.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import os
import sys
from pathlib import Path

import msgspec

from console.engine.answering import Answered, Asked, answer_together, recompute
from console.engine.numerics import EXACT, Numerics
from console.engine.port import ChatMessage, EngineError
from console.verification.profiles import Profile

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


class Scored(msgspec.Struct, frozen=True):
    """The verifier's profile, and its blob for each answer in order."""

    profile: Profile
    blobs: tuple[bytes, ...]


class HonestRun(msgspec.Struct, frozen=True):
    """What one process is to do; `library`: a folder with another llama_cpp, empty for this one."""

    model: Path
    threads: int
    library: str = ""

    async def answer(self, numerics: Numerics, tokens: int, out: Path) -> tuple[Answered, ...]:
        """At least `tokens` honest tokens, in `out` and here. Raises EngineError."""
        words = ("answer", "--numerics", msgspec.json.encode(numerics).decode(), "--tokens", str(tokens))
        await self._run(*words, "--out", str(out))
        return msgspec.msgpack.decode(out.read_bytes(), type=tuple[Answered, ...])

    async def score(self, answers: Path, out: Path) -> Scored:
        """The reference candidates of the answers in a file. Raises EngineError."""
        await self._run("score", "--answers", str(answers), "--out", str(out))
        return msgspec.msgpack.decode(out.read_bytes(), type=Scored)

    async def _run(self, *words: str) -> None:
        environment = dict(os.environ)
        if self.library:
            paths = [self.library, environment.get("PYTHONPATH", "")]
            environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
        given = ("--model", str(self.model), "--threads", str(self.threads))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "console.engine.honest_runs", *words, *given),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env=environment,
        )
        try:
            _, said = await process.communicate()
        except asyncio.CancelledError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            raise
        if process.returncode:
            lines = said.decode("utf-8", "replace").strip().splitlines()
            raise EngineError("bad_request", lines[-1] if lines else "An honest run ended without a word.")


def _answer(given: argparse.Namespace) -> bytes:
    from console.engine.process import llama

    numerics = msgspec.json.decode(given.numerics, type=Numerics)
    if numerics.tiled_mm:
        # The module above has switched it off for good numerics; ggml reads it at the first product.
        os.environ.pop("GGML_CPU_TILED_MM", None)
    model = llama.Model(given.model, 0, numerics)
    context = llama.Context(model, CONTEXT, given.threads, TOGETHER, numerics)
    end_ids = frozenset(model.end_ids())
    answers: list[Answered] = []
    while sum(len(one.token_ids) for one in answers) < given.tokens:
        asked = [_asked(model, len(answers) + i) for i in range(TOGETHER)]
        answers += answer_together(context, asked, end_ids)
    return msgspec.msgpack.encode(tuple(answers))


def _asked(model: object, number: int) -> Asked:
    from console.engine.process import llama
    from console.engine.process.prompts import chat_ids

    assert isinstance(model, llama.Model)
    text = _ASKS[number % len(_ASKS)].format(_THINGS[number % len(_THINGS)])
    if number % 4 == 3:
        text = f"{text} Before that, {text[0].lower()}{text[1:-1]} as a child would. " * 4
    try:
        ids = chat_ids(model, (ChatMessage("user", text),))
    except EngineError:  # no chat model: it goes on writing
        ids = model.tokenize(text, special=False)
    seed = hashlib.sha256(f"honest run {number}".encode()).digest()
    return Asked(ids, seed, TEMPERATURES_MILLI[number % len(TEMPERATURES_MILLI)], ANSWER)


def _score(given: argparse.Namespace) -> bytes:
    from console.engine.process import llama
    from console.engine.process.selftest import self_test

    model = llama.Model(given.model, 0, EXACT)
    context = llama.Context(model, CONTEXT, given.threads)
    exact = self_test(context, model.vocabulary_size, frozenset(model.end_ids()), CONTEXT)
    answers = msgspec.msgpack.decode(given.answers.read_bytes(), type=tuple[Answered, ...])
    blobs = tuple(recompute(context, one.asked.prompt_ids, one.token_ids) for one in answers)
    return msgspec.msgpack.encode(Scored(model.profile(exact), blobs))


def main() -> None:
    """The command line; exits 1 with a sentence when it fails."""
    parser = argparse.ArgumentParser(prog="console.engine.honest_runs", description="Honest answers.")
    parser.add_argument("what", choices=("answer", "score"))
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--numerics", default=msgspec.json.encode(EXACT).decode())
    parser.add_argument("--tokens", type=int, default=1000)
    parser.add_argument("--answers", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    from console.engine.process import llama, log
    from console.engine.process.decoding import DecodeError

    log.listen()
    try:
        found = _answer(given) if given.what == "answer" else _score(given)
        given.out.write_bytes(found)
    except llama.LoadError:
        sys.exit(f"llama.cpp cannot load {given.model.name} under these numerics.")
    except (DecodeError, OSError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
