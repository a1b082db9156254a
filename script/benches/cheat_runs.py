"""Cheats played and scored, kept in a folder: a long bench may be run in parts, and read again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from benches.cheats import QUANTISATIONS, Played, Stage
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

    def played(self, wanted: Callable[[str], bool] = lambda _: True) -> list[Played]:
        """Every cheat, those that lie in the folder from there."""
        plays = self.folder / "plays"
        plays.mkdir(parents=True, exist_ok=True)
        if not (plays / "all").exists():
            for kind in QUANTISATIONS:
                if not (self.folder / f"{kind}.gguf").exists():
                    quantise(self.model, self.folder / f"{kind}.gguf", kind, threads=2)
            stage = Stage(self.model, self.folder, self.jobs, self.tokens)
            for number, one in enumerate(stage.play(wanted)):
                (plays / f"{number:02}.play").write_bytes(msgspec.msgpack.encode(one))
            (plays / "all").touch()
        decode = msgspec.msgpack.Decoder(Played).decode
        return [decode(path.read_bytes()) for path in sorted(plays.glob("*.play"))]

    def scored(self, played: list[Played], library: str = "") -> dict[str, Scored]:
        """The reference candidates of every answer, by this build or by the one in `library`."""
        return dict(self._scores(played, library))

    def _scores(self, played: list[Played], library: str) -> Iterator[tuple[str, Scored]]:
        folder = self.folder / ("scored-elsewhere" if library else "scored")
        folder.mkdir(exist_ok=True)
        run = HonestRun(self.model, 1, library)
        for number, one in enumerate(played):
            out, answers = folder / f"{number:02}.scored", self.folder / f"answers-{bool(library)}"
            if not out.exists():
                started_s = time.monotonic()
                answers.write_bytes(msgspec.msgpack.encode(one.answers))
                asyncio.run(run.score(answers, out.with_suffix(".part")))
                out.with_suffix(".part").replace(out)
                say(f"{one.name}: recomputed in {time.monotonic() - started_s:.0f} s")
            yield one.name, msgspec.msgpack.decode(out.read_bytes(), type=Scored)
