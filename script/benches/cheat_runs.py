"""Cheats played and scored, kept in a folder: a long bench may be run in parts, and read again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from benches.cheats import HONEST, NAMES, QUANTISATIONS, Played, Stage
from benches.rows import say
from console.engine.honest_runs import HonestRun, Scored
from console.engine.quantise import quantise


@dataclass(frozen=True, slots=True)
class Runs:
    """The folder, the true model, how many jobs of how many tokens, and the other build's folder or none."""

    folder: Path
    model: Path
    jobs: int
    tokens: int
    library: str = ""

    def played(self, names: Sequence[str] = NAMES) -> list[Played]:
        """Every cheat, those that lie in the folder from there."""
        (self.folder / "plays").mkdir(parents=True, exist_ok=True)
        if missing := [name for name in names if not self._at(name).exists()]:
            for kind in set(QUANTISATIONS) & set(missing):
                quantise(self.model, self.folder / f"{kind}.gguf", kind)
            stage = Stage(self.model, self.folder, self.jobs, self.tokens)
            for name in missing:
                one = stage.make(name, lambda: self._read(HONEST).answers)
                part = self._at(name).with_suffix(".part")
                part.write_bytes(msgspec.msgpack.encode(one))
                part.replace(self._at(name))
        return [self._read(name) for name in names]

    def _at(self, name: str) -> Path:
        return self.folder / "plays" / f"{slug(name)}.play"

    def _read(self, name: str) -> Played:
        return msgspec.msgpack.decode(self._at(name).read_bytes(), type=Played)

    def scored(self, played: list[Played], library: str = "") -> dict[str, Scored]:
        """The reference candidates of every answer, by this build or by the one in `library`."""
        return dict(self._scores(played, library))

    def _scores(self, played: list[Played], library: str) -> Iterator[tuple[str, Scored]]:
        folder = self.folder / ("scored-elsewhere" if library else "scored")
        folder.mkdir(exist_ok=True)
        run = HonestRun(self.model, 1, library)
        for one in played:
            out = folder / f"{slug(one.name)}.scored"
            answers = out.with_suffix(".answers")
            if not out.exists():
                started_s = time.monotonic()
                answers.write_bytes(msgspec.msgpack.encode(one.answers))
                asyncio.run(run.score(answers, out.with_suffix(".part")))
                answers.unlink()
                out.with_suffix(".part").replace(out)
                say(f"{one.name}: recomputed in {time.monotonic() - started_s:.0f} s")
            yield one.name, msgspec.msgpack.decode(out.read_bytes(), type=Scored)


def slug(name: str) -> str:
    """A file's name for it."""
    return "".join(c if c.isalnum() else "-" for c in name)
