"""Cheats played and scored, kept in a folder: a long bench may be run in parts, and read again."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from benches.cheats import CUT, HONEST, NAMES, OWN_SEED, QUANTISATIONS, Played, Stage
from benches.rows import say
from console.engine.honest_runs import HonestRun, Scored
from console.engine.quantise import requantise
from console.verification.sampling import POSITION_BYTES

TOGETHER = 4
"""Plays that are recomputed by one process."""


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
                asyncio.run(requantise(self.model, self.folder / f"{kind}.gguf", kind))
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

    def scored(self, played: Sequence[Played], library: str = "") -> dict[str, Scored]:
        """The reference candidates of every answer, by this build or by the one in `library`."""
        folder = self.folder / ("scored-elsewhere" if library else "scored")
        folder.mkdir(exist_ok=True)
        if (folder / slug(HONEST)).exists():
            self._take_over([one for one in played if one.name in (OWN_SEED, CUT)], folder)
        missing = [one for one in played if not (folder / slug(one.name)).exists()]
        for first in range(0, len(missing), TOGETHER):
            self._score(missing[first : first + TOGETHER], folder, library)
        return {one.name: _read_scored(folder / slug(one.name)) for one in played}

    def _take_over(self, some: Sequence[Played], folder: Path) -> None:
        """Candidates depend on what went before them only: those of honest answers serve again."""
        known = _read_scored(folder / slug(HONEST))
        for one in some:
            sizes = [POSITION_BYTES * len(answer.token_ids) for answer in one.answers]
            blobs = tuple(blob[:size] for blob, size in zip(known.blobs, sizes, strict=False))
            (folder / slug(one.name)).write_bytes(msgspec.msgpack.encode(Scored(known.profile, blobs)))

    def _score(self, some: Sequence[Played], folder: Path, library: str) -> None:
        """Several plays in one process: loading and testing the model takes seconds."""
        started_s = time.monotonic()
        with tempfile.TemporaryDirectory(dir=folder) as passing:
            answers, out = Path(passing) / "answers", Path(passing) / "scored"
            answers.write_bytes(msgspec.msgpack.encode([a for one in some for a in one.answers]))
            found = asyncio.run(HonestRun(self.model, 1, library).score(answers, out))
        place = 0
        for one in some:
            blobs = found.blobs[place : place + len(one.answers)]
            place += len(blobs)
            (folder / slug(one.name)).write_bytes(msgspec.msgpack.encode(Scored(found.profile, blobs)))
        names = ", ".join(one.name for one in some)
        say(f"recomputed in {time.monotonic() - started_s:.0f} s: {names}")


def _read_scored(path: Path) -> Scored:
    return msgspec.msgpack.decode(path.read_bytes(), type=Scored)


def slug(name: str) -> str:
    """A file's name for it."""
    return "".join(c if c.isalnum() else "-" for c in name)
