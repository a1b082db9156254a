"""Honest answers under chosen numerics, and their recomputation under the exact profile: the asking side.

Each run is a process (`console.engine.honest_process`): one of ggml's switches is read once per process, and
another build of llama.cpp can be put in its place through `PYTHONPATH`.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from console.engine.answering import Answered
from console.engine.child import run_module
from console.engine.numerics import Numerics
from console.verification.profiles import Profile


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
        command = ("console.engine.honest_process", *words, *given)
        await run_module(command, "An honest run ended without a word.", environment)
