"""`quarterdeck practice`: what is refused before anything starts, and what leaving the console means."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from console.cli import practice_run, quarterdeck
from console.practice.claim import claim, lock

HOST = """
import json, pathlib, signal, sys, time
def end(*_):
    pathlib.Path({result!r}).write_text(json.dumps({{"ended": "in order"}}))
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("up", flush=True)
home = pathlib.Path({home!r}) / "you"
home.mkdir(parents=True)
(home / "agent.sock").touch()
time.sleep(60)
"""
LEFT_BEHIND = """
import pathlib
from console.practice.claim import claim, lock
claimed = claim(pathlib.Path({home!r}), pathlib.Path({report!r}))
"""


def with_console(tmp_path: Path, console: Callable[..., int]) -> int:
    """A console on a host that is a stub; the real one is among the end-to-end tests."""
    code = HOST.format(home=str(tmp_path / "run"), result=str(tmp_path / "run-report.json"))
    return practice_run.with_console(console, tmp_path / "run", ["-c", code], as_json=True)


@pytest.mark.parametrize("code", [0, 130])
def test_leaving_ends_the_run_and_reports(
    tmp_path: Path, code: int, capfd: pytest.CaptureFixture[str]
) -> None:
    told: dict[str, Any] = {}

    def console(socket: Path, **how: Any) -> int:
        told.update(how, running=not how["over"]())
        return code

    assert with_console(tmp_path, console) == 0
    assert told["ends_run"] and told["running"] and told["farewell"] == ""
    seen = capfd.readouterr()
    assert json.loads(seen.out) == {"ended": "in order"}
    assert "up" in seen.err


@pytest.mark.parametrize("code", [1, 129, 143])
def test_a_console_that_is_lost_lets_the_run_go_on(
    tmp_path: Path, code: int, capfd: pytest.CaptureFixture[str]
) -> None:
    assert with_console(tmp_path, lambda socket, **how: code) == code
    said = capfd.readouterr().err
    pid = int(said.split("`kill ")[1].split("`")[0])
    assert "goes on" in said
    os.kill(pid, signal.SIGTERM)
    assert os.waitpid(pid, 0)[1] == 0


def test_ctrl_c_while_it_starts_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    started: list[subprocess.Popen[bytes]] = []

    def interrupted(home: Path, host: subprocess.Popen[bytes], log: Path) -> bool:
        started.append(host)
        raise KeyboardInterrupt

    monkeypatch.setattr(practice_run, "_wait_for_node", interrupted)
    assert with_console(tmp_path, lambda socket, **how: 0) == 130
    assert started[0].returncode is not None
    assert "ending the run" in capfd.readouterr().err


def test_a_visitor_leaves_and_the_run_goes_on(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    home = tmp_path / "run"
    with claim(home):
        assert practice_run.attach_again(lambda s, **how: int(how["over"]()), home, 7, headless=False) == 0
    assert "goes on" in capfd.readouterr().err
    assert practice_run.attach_again(lambda s, **how: 0, home, 7, headless=False) == 0
    assert "over" in capfd.readouterr().err


@pytest.fixture
def left_behind(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A host whose command is gone with its terminal."""
    home, report = str(tmp_path / "run"), str(tmp_path / "run-report.json")
    code = LEFT_BEHIND.format(home=home, report=report) + HOST.format(home=home, result=report)
    host = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert host.stdout is not None and host.stdout.readline() == b"up\n"
    yield host
    host.kill()
    host.wait()
    host.stdout.close()


def attach(tmp_path: Path, host: subprocess.Popen[bytes], code: int, told: dict[str, Any]) -> int:
    def console(socket: Path, **how: Any) -> int:
        told.update(how, running=not how["over"]())
        return code

    return practice_run.attach_again(console, tmp_path / "run", host.pid, headless=False, as_json=True)


@pytest.mark.parametrize("code", [0, 130])
def test_who_attaches_to_a_run_that_was_left_behind_ends_it_by_leaving_and_has_its_report(
    tmp_path: Path, left_behind: subprocess.Popen[bytes], code: int, capfd: pytest.CaptureFixture[str]
) -> None:
    told: dict[str, Any] = {}
    assert attach(tmp_path, left_behind, code, told) == 0
    assert told["ends_run"] and told["running"]
    assert left_behind.wait() == 0
    assert json.loads(capfd.readouterr().out) == {"ended": "in order"}


def test_it_goes_on_if_that_terminal_closes_too(
    tmp_path: Path, left_behind: subprocess.Popen[bytes], capfd: pytest.CaptureFixture[str]
) -> None:
    assert attach(tmp_path, left_behind, 129, {}) == 129
    assert "goes on" in capfd.readouterr().err and left_behind.poll() is None
    assert attach(tmp_path, left_behind, 0, {}) == 0


def test_beside_the_command_that_leads_a_run_others_are_visitors(
    tmp_path: Path, left_behind: subprocess.Popen[bytes], capfd: pytest.CaptureFixture[str]
) -> None:
    told: dict[str, Any] = {}
    with (tmp_path / "run.log").open("ab") as log:
        assert lock(log)
        assert attach(tmp_path, left_behind, 0, told) == 0
    assert "ends_run" not in told and left_behind.poll() is None
    assert "goes on" in capfd.readouterr().err


def test_the_command_that_starts_a_run_leads_it_until_it_is_gone(tmp_path: Path) -> None:
    def leads() -> bool:
        with (tmp_path / "run.log").open("ab") as log:
            return not lock(log)

    seen: list[bool] = []
    with_console(tmp_path, lambda socket, **how: seen.append(leads()) or 0)
    assert seen == [True] and not leads()


@pytest.mark.parametrize(
    "words", [["--nodes", "0"], ["--nodes", "12", "--rogue", "1"], ["--rogue", "-1"], ["--minutes", "0"]]
)
def test_impossible_casts_are_wrong_usage(words: list[str]) -> None:
    assert CliRunner().invoke(quarterdeck, ["practice", "--headless", *words]).exit_code == 2


@pytest.mark.parametrize("more", [[], ["--headless"]])
def test_a_folder_that_cannot_be_used_is_a_sentence(tmp_path: Path, more: list[str]) -> None:
    (tmp_path / "file").write_text("")
    words = [sys.executable, "-m", "console", "practice", "--keep", str(tmp_path / "file" / "run"), *more]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "cannot be used" in done.stderr and "Traceback" not in done.stderr


def test_the_folder_around_a_kept_run_keeps_its_mode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o755)
    homes: list[Path] = []

    def started(run_console: Any, home: Path, arguments: list[str], *, as_json: bool) -> int:
        homes.append(home)
        return 0

    monkeypatch.setattr("console.cli.practice.with_console", started)
    done = CliRunner().invoke(quarterdeck, ["practice", "--keep", str(tmp_path / "run")])
    assert done.exit_code == 0 and homes == [tmp_path / "run"]
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_without_an_agent_the_practice_run_is_pointed_to(tmp_path: Path) -> None:
    def asked(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "console", "--home", str(tmp_path), *words]
        return subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)

    with claim(tmp_path / "practice"):
        status, alone = asked("status"), asked()
    assert status.returncode == alone.returncode == 3
    assert f"--home {tmp_path / 'practice' / 'you'}" in status.stderr
    assert "quarterdeck practice" in alone.stderr
