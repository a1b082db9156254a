"""One run per folder; a crashed run's folder is free again; nobody's files are removed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from console.practice.claim import FILE, claim, report_of, running
from console.practice.crew import CrewError


def test_a_folder_has_one_host(tmp_path: Path) -> None:
    home = tmp_path / "run"
    assert running(home) is None
    with claim(home):
        assert running(home) == os.getpid()
        with pytest.raises(CrewError, match="in use"):
            claim(home)
    assert running(home) is None


def test_what_a_crashed_run_left_is_cleared(tmp_path: Path) -> None:
    """Its process id may be alive again as somebody else's: only the lock counts."""
    (tmp_path / FILE).write_text(str(os.getpid()))
    (tmp_path / "old.log").write_text("old")
    with claim(tmp_path):
        assert [p.name for p in tmp_path.iterdir()] == [FILE]


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(CrewError, match="no practice run made"):
        claim(tmp_path)
    assert (tmp_path / "thesis.tex").exists()


def test_where_the_report_is_awaited_is_told_while_the_run_lives(tmp_path: Path) -> None:
    home, report = tmp_path / "run", tmp_path / "räport.json"
    with claim(home, report):
        assert (running(home), report_of(home)) == (os.getpid(), report)
    assert (running(home), report_of(home)) == (None, None)
    with claim(home):
        assert (running(home), report_of(home)) == (os.getpid(), None)
