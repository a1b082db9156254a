"""The entry point: exit codes, the home option, and commands that stay clear of Textual."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from console.cli import COMMANDS


def quarterdeck(*words: str, code: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code] if code else [sys.executable, "-m", "console", *words]
    return subprocess.run(
        command, capture_output=True, text=True, env=dict(os.environ), stdin=subprocess.DEVNULL, check=False
    )


def test_exit_codes(tmp_path: Path) -> None:
    assert quarterdeck("--help").returncode == 0
    assert quarterdeck("no-such-command").returncode == 2
    no_agent = quarterdeck("--home", str(tmp_path), "status")
    assert no_agent.returncode == 3
    assert "agent start" in no_agent.stderr
    assert no_agent.stdout == ""


def test_an_unusable_setting_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[screen]\nhz = 'fast'\n")
    done = quarterdeck("--home", str(tmp_path))
    assert done.returncode == 1
    assert "hz" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_is_there_and_none_loads_textual(name: str) -> None:
    """In one process each: importing the command, as running it does, imports no screen."""
    code = (
        "import sys; from console.cli import quarterdeck; import click;"
        f"command = quarterdeck.get_command(click.Context(quarterdeck), {name!r});"
        "assert command is not None and command.get_short_help_str();"
        "assert not [m for m in sys.modules if m.split('.')[0] in ('textual', 'llama_cpp', 'console.tui')]"
    )
    done = quarterdeck(code=code)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["draws", "statement", "verdict"])
def test_an_audit_loads_what_it_checks_with_only_when_it_checks(name: str) -> None:
    code = (
        "import sys; from console.cli import quarterdeck;"
        f"code = quarterdeck.main(['audit', {name!r}, '--help'], standalone_mode=False);"
        "assert not code, code;"
        "assert not {'httpx', 'cryptography', 'console.fairness.own'} & set(sys.modules)"
    )
    done = quarterdeck(code=code)
    assert done.returncode == 0, done.stderr
