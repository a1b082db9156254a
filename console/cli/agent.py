"""`quarterdeck agent`: run the daemon here, start it in the background, stop it."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from pathlib import Path

import click

from console.cli.agent_home import FAILED, control_socket, home_of, home_option, question, unusable
from console.control.asking import ask
from console.control.connection import NoAgent

LOG = "agent.log"
LOG_BYTES_LIMIT = 4 << 20
START_TIMEOUT_S = 600.0
"""A first start may fetch and hash a model; the daemon says so in its log."""
STOP_TIMEOUT_S = 30.0


@click.group()
def agent() -> None:
    """Run, start or stop this machine's node."""


def _options(home: Path, config: Path | None, coordinator: str, trust: bool) -> list[str]:
    words = ["--home", str(home)]
    if config is not None:
        words += ["--config", str(config.expanduser().absolute())]
    if coordinator:
        words += ["--coordinator", coordinator]
    return words + (["--trust-new-coordinator"] if trust else [])


_config = click.option("--config", type=click.Path(path_type=Path), help="The configuration file.")
_coordinator = click.option("--coordinator", default="", help="Address of the network, ws:// or nats://.")
_trust = click.option(
    "--trust-new-coordinator", "trust", is_flag=True, help="Accept that the coordinator's key changed."
)


@agent.command()
@home_option
@_config
@_coordinator
@_trust
def run(home: Path | None, config: Path | None, coordinator: str, trust: bool) -> None:
    """Run the daemon in the foreground, until Ctrl-C or `agent stop`."""
    words = _options(home_of(home), config, coordinator, trust)
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "console.agent", *words])


@agent.command()
@home_option
@_config
@_coordinator
@_trust
def start(home: Path | None, config: Path | None, coordinator: str, trust: bool) -> None:
    """Start the daemon in the background; it outlives this terminal."""
    folder = home_of(home)
    if _answers(folder):
        click.echo(f"The agent runs already for {folder}. Attach to it with `quarterdeck`.")
        return
    log = _prepare_log(folder)
    code, sentence = _launch(_options(folder, config, coordinator, trust), log)
    if code == 0:
        click.echo(f"The agent runs, and keeps running when this terminal closes. Its log: {log}")
        return
    click.echo(sentence or f"The agent ended while it started. Its last words are in {log}.", err=True)
    sys.exit(code)


@agent.command()
@home_option
def stop(home: Path | None) -> None:
    """Stop the daemon: unfinished jobs go back to the network, results stay journalled."""
    folder = home_of(home)
    pid = _process(folder)
    answer = question(folder, "stop")
    click.echo(answer.sentence)
    ends = time.monotonic() + STOP_TIMEOUT_S
    while control_socket(folder).exists() or _locked(folder) or _lives(pid):
        if time.monotonic() > ends:
            click.echo(
                f"It has not ended after {STOP_TIMEOUT_S:.0f} s. See {folder / LOG}; "
                "`kill` of its process loses nothing that is journalled.",
                err=True,
            )
            sys.exit(FAILED)
        time.sleep(0.05)
    click.echo("The agent has stopped.")


def _answers(home: Path) -> bool:
    try:
        ask(control_socket(home), "identity", timeout_s=5.0)
    except NoAgent:
        return False
    return True


def _process(home: Path) -> int:
    try:
        text = (home / "agent.lock").read_text().strip()
    except OSError:
        return 0
    return int(text) if text.isdigit() else 0


def _lives(pid: int) -> bool:
    import psutil

    try:
        return pid > 0 and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _locked(home: Path) -> bool:
    import fcntl

    try:
        with (home / "agent.lock").open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def _prepare_log(home: Path) -> Path:
    log = home / LOG
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        if log.exists() and log.stat().st_size > LOG_BYTES_LIMIT:
            log.replace(log.with_name("agent.log.1"))
        log.touch(mode=0o600)
    except OSError as error:
        click.echo(unusable(home, error), err=True)
        sys.exit(FAILED)
    return log


def _launch(words: list[str], log: Path) -> tuple[int, str]:
    """Start the daemon detached, and wait for its word: exit code and sentence, (0, …) when it runs."""
    hear, tell = os.pipe()
    try:
        command = [sys.executable, "-m", "console.agent", "--detach", *words]
        command += ["--report-fd", str(tell), "--log", str(log)]
        subprocess.run(command, pass_fds=(tell,), stdin=subprocess.DEVNULL, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        return FAILED, f"The agent's process could not be started ({error})."
    finally:
        os.close(tell)
    word = _hear(hear, time.monotonic() + START_TIMEOUT_S)
    os.close(hear)
    code, _, sentence = word.strip().partition(" ")
    return (int(code), sentence) if code.isdigit() else (FAILED, "")


def _hear(descriptor: int, ends: float) -> str:
    data = b""
    while b"\n" not in data and (left := ends - time.monotonic()) > 0:
        ready, _, _ = select.select([descriptor], [], [], left)
        if not ready:
            break
        piece = os.read(descriptor, 4096)
        if not piece:
            break
        data += piece
    return data.decode("utf-8", "replace")
