"""Where the benches find what they use."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "script"
TESTS = ROOT / "tests"
RECORDINGS = TESTS / "recordings"


def forget_last_seen(environment: Mapping[str, str]) -> None:
    """Have the next console start as the first one did, with nothing to show before the agent speaks."""
    shutil.rmtree(Path(environment["QUARTERDECK_HOME"]) / "seen", ignore_errors=True)


def inherited() -> dict[str, str]:
    """The environment for a process that runs a module of the benches."""
    paths = [str(ROOT), str(SCRIPT), str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
