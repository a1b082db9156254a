"""`agent run|start|stop` as real processes: what works, and what is refused with which words and code."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.e2e
NOBODY = "ws://127.0.0.1:9/net/v1/ws"


def command(
    *words: str, models: Path | None = None, timeout_s: float = 90.0
) -> subprocess.CompletedProcess[str]:
    """`quarterdeck …` as an operator runs it."""
    environment = dict(os.environ)
    if models is not None:
        environment["QUARTERDECK_MODELS"] = str(models)
    return subprocess.run(
        [sys.executable, "-m", "console", *words],
        capture_output=True,
        text=True,
        timeout=timeout_s,
        env=environment,
        stdin=subprocess.DEVNULL,
        check=False,
    )


def refused(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """`agent start`, which must fail without a traceback."""
    done = command("agent", "start", "--home", str(home), *words)
    assert done.returncode
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    return done


def configured(home: Path, text: str) -> Path:
    """`home` with a configuration."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "config.toml").write_text(text)
    return home


@pytest.mark.parametrize(
    "words", [("status",), ("jobs", "--json"), ("pause",), ("identity",), ("agent", "stop")]
)
def test_without_an_agent_the_exit_code_is_3(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = command(*words, "--home", str(tmp_path))
    assert done.returncode == 3
    assert done.stdout == ""
    assert "quarterdeck agent start" in done.stderr


def test_an_unknown_model_is_wrong_usage(tmp_path: Path) -> None:
    done = refused(configured(tmp_path / "h", '[engine]\nmodel = "gpt-99"\n'))
    assert done.returncode == 2
    assert "gpt-99" in done.stderr
    assert "smollm2-135m-instruct-q4_1" in done.stderr


def test_a_model_that_is_no_model_is_refused(tmp_path: Path) -> None:
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(os.urandom(5000))
    done = refused(configured(tmp_path / "h", f'[engine]\nmodel = "{bad}"\n'))
    assert done.returncode == 1
    assert "GGUF" in done.stderr


def test_a_configuration_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    for text, words in (("[node\n", "not valid TOML"), ("[node]\nspeed = 3\n", "speed")):
        done = refused(configured(tmp_path / "h", text))
        assert done.returncode == 1
        assert words in done.stderr
        assert "config.toml" in done.stderr
    done = refused(tmp_path / "h", "--config", str(tmp_path / "absent.toml"))
    assert "no configuration" in done.stderr


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    done = refused(tmp_path / "file")
    assert done.returncode == 1
    assert "--home" in done.stderr


def test_a_full_disk_is_refused_and_the_identity_is_not_half_written(tmp_path: Path) -> None:
    mount = tmp_path / "small"
    mount.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(mount)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("this machine lets nobody mount a small disk")
    try:
        (mount / "filler").write_bytes(b"")
        with (mount / "filler").open("wb", buffering=0) as file, pytest.raises(OSError):
            while True:
                file.write(b"x" * 4096)
        done = refused(mount / "home")
        assert done.returncode == 1
        key = mount / "home" / "identity.key"
        assert not key.exists() or len(key.read_bytes()) == 32
    finally:
        subprocess.run(["umount", str(mount)], check=True)


@pytest.mark.model
def test_start_status_second_start_and_stop(tmp_path: Path, starter_model: Path) -> None:
    home, models = tmp_path / "h", starter_model.parent
    started = command("agent", "start", "--home", str(home), "--coordinator", NOBODY, models=models)
    assert started.returncode == 0, started.stderr
    try:
        again = command("agent", "start", "--home", str(home), models=models)
        assert again.returncode == 0
        assert "runs already" in again.stdout
        second = command("agent", "run", "--home", str(home), models=models)
        assert second.returncode == 1
        assert "runs already" in second.stderr
        pid = int((home / "agent.lock").read_text())
        assert os.getsid(pid) != os.getsid(0)
        seen = until(home, "coordinator_down")
        assert "cannot be reached" in seen
    finally:
        stopped = command("agent", "stop", "--home", str(home))
    assert stopped.returncode == 0
    assert "has stopped" in stopped.stdout
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    assert command("status", "--home", str(home)).returncode == 3


def until(home: Path, code: str, limit_s: float = 120.0) -> str:
    """Poll `status --json` as a script would, until the reason is `code`."""
    ends = time.monotonic() + limit_s
    while time.monotonic() < ends:
        done = command("status", "--home", str(home), "--json")
        assert done.returncode == 0, done.stderr
        if f'"code": "{code}"' in done.stdout and "cannot be reached" in done.stdout:
            return done.stdout
        time.sleep(0.5)
    raise AssertionError(f"the reason never became {code}: {done.stdout}")
