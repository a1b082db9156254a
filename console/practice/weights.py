"""The model files of a run: the starter model, and the rogue's cheaper substitute made from it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from console.models import STARTER, Progress, fetch
from console.practice.crew import CrewError
from console.practice.plan import Plan


class Weights(msgspec.Struct, frozen=True):
    """What the honest serve and what the rogue serves in its stead."""

    name: str
    sha256: str
    honest: Path
    substitute: Path


def prepare(plan: Plan, say: Callable[[str], None]) -> Weights:
    """Fetch the starter model if it is missing; re-quantise it for the rogue. Blocks for seconds.

    Raises:
        ModelError: the model cannot be had; the text says why.
        CrewError: llama.cpp is missing or could not re-quantise.
    """
    entry = STARTER
    honest = fetch(entry, plan.models, _Percent(say))
    substitute = plan.home / "substitute.gguf"
    if any(not member.honest for member in plan.cast):
        say("Making the rogue's weights: the same model, re-quantised to Q4_0.")
        _requantise(honest, substitute)
    return Weights(entry.name, entry.sha256, honest, substitute)


class _Percent:
    """Passes a fetch's progress on, a line per tenth."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._told: tuple[str, int] | None = None

    def __call__(self, progress: Progress) -> None:
        tenth = 10 * progress.done_bytes // max(1, progress.total_bytes)
        if (progress.stage, tenth) != self._told and progress.done_bytes:
            self._told = (progress.stage, tenth)
            self._say(f"The starter model: {progress.stage} {10 * tenth} %")


def _requantise(source: Path, target: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "console.engine.quantise", str(source), str(target), "Q4_0"],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode:
        words = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise CrewError(f"The rogue's weights could not be made: {words}")


def clear(folder: Path) -> None:
    """Remove a run's folder and all in it; a folder that is not there is fine."""
    shutil.rmtree(folder, ignore_errors=True)
