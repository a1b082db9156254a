"""`quarterdeck audit statement`: what it refuses, what it hands on, and what it says without a node."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from console.cli import quarterdeck


def run(*words: str) -> Result:
    return CliRunner().invoke(quarterdeck, ["audit", "statement", *words])


def test_with_data_the_coordinators_own_process_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed: list[list[str]] = []

    class HandedOverError(Exception):
        pass

    def execv(_: str, words: list[str]) -> None:
        handed.append(words)
        raise HandedOverError

    monkeypatch.setattr(os, "execv", execv)
    run("--data", str(tmp_path))
    run("--data", "here", "--epoch", "7", "--json")
    process = [sys.executable, "-m", "console.coordinator.restate"]
    assert handed == [
        [*process, "--data", str(tmp_path)],
        [*process, "--data", str(Path.cwd() / "here"), "--epoch", "7", "--json"],
    ]


def test_wrong_usage_is_told(tmp_path: Path) -> None:
    assert run("--epoch", "0").exit_code == run("--epoch", "x").exit_code == 2
    alone = run("--home", str(tmp_path))
    assert alone.exit_code == 3, "no agent runs there"


def test_the_process_is_there_and_says_what_is_missing(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "console", "audit", "statement", "--data", str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "no coordinator's database" in done.stderr and "Traceback" not in done.stderr
