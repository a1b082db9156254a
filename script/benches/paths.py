"""Where the benches find what they use."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "script"
TESTS = ROOT / "tests"
RECORDINGS = TESTS / "recordings"
