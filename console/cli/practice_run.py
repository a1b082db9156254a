"""A practice run behind the console: started, shown, ended when the operator leaves, and reported.

One command leads a run: the one that started it, and once that is gone with its terminal, the first that
attaches again. It keeps the run's log locked for as long as it lives; others are visitors.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from console.cli import RunConsole
from console.cli.agent_home import FAILED, INTERRUPTED
from console.practice import claim
from console.settings import paths

if TYPE_CHECKING:
    import psutil

_START_TIMEOUT_S = 1200.0
"""Long, since a first run fetches the model; the host ends by itself when something fails."""


def with_console(run_console: RunConsole, home: Path, arguments: list[str], *, as_json: bool) -> int:
    """Start the host in a session of its own, show your node, end the run when the operator leaves.

    A console that fails, or whose terminal goes away, does not end the run.
    """
    log = _log(home)
    result = home.parent / f"{home.name}-report.json"
    result.unlink(missing_ok=True)
    with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        host = subprocess.Popen(
            [sys.executable, *arguments, "--json", "--result", str(result)],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    with _leading(log):
        try:
            if not _wait_for_node(home, host, log):
                return FAILED
        except KeyboardInterrupt:
            click.echo("\nInterrupted: ending the run that was starting.", err=True)
            _end(host)
            return INTERRUPTED
        code = run_console(_your_node(home), ends_run=True, farewell="", over=lambda: host.poll() is not None)
        return _left(code, host, host.poll() is None, result, log, as_json=as_json)


def attach_again(
    run_console: RunConsole, home: Path, pid: int, *, headless: bool, as_json: bool = False
) -> int:
    """Show your node of a run that another command started; a visitor's leaving lets it go on."""
    if headless:
        click.echo(
            f"A practice run is under way here already (process {pid}). Attach to it with "
            "`quarterdeck practice`, or use another folder with --keep.",
            err=True,
        )
        return FAILED
    report = claim.report_of(home)
    if report is not None:
        with _leading(_log(home)) as leads:
            if leads:
                return _take_over(run_console, home, pid, report, as_json=as_json)
    code = run_console(_your_node(home), farewell="", over=lambda: claim.running(home) is None)
    if claim.running(home) is not None:
        _say_it_goes_on(pid)
    else:
        click.echo("The practice run is over; the command that leads it has the report.", err=True)
    return code


def _take_over(run_console: RunConsole, home: Path, pid: int, report: Path, *, as_json: bool) -> int:
    """As the command that started it, which is gone."""
    import psutil

    try:
        host = psutil.Process(pid)
    except psutil.NoSuchProcess:
        return _print_report(report, _log(home), as_json)

    def over() -> bool:
        return claim.running(home) is None

    code = run_console(_your_node(home), ends_run=True, farewell="", over=over)
    return _left(code, host, not over(), report, _log(home), as_json=as_json)


def _left(
    code: int,
    host: subprocess.Popen[bytes] | psutil.Process,
    goes_on: bool,
    report: Path,
    log: Path,
    *,
    as_json: bool,
) -> int:
    """The command that leads was left with `code`: end what `goes_on`, unless its console was lost."""
    if code not in (0, INTERRUPTED):
        _say_it_goes_on(host.pid)
        return code
    if goes_on:
        click.echo("Ending the practice run: what is under way is finished and paid first.", err=True)
    _end(host)
    return _print_report(report, log, as_json)


@contextlib.contextmanager
def _leading(log: Path) -> Iterator[bool]:
    """Whether this command leads the run of that log; nobody else does meanwhile."""
    with log.open("ab") as file:  # a file of its own: the one that the host writes to lives on with it
        yield claim.lock(file)


def _log(home: Path) -> Path:
    return home.parent / f"{home.name}.log"


def _your_node(home: Path) -> Path:
    return paths.socket_path(home / "you", "agent")


def _end(host: subprocess.Popen[bytes] | psutil.Process) -> None:
    """Have the run end in order, and wait for it; Ctrl-C meanwhile changes nothing."""
    import psutil

    with contextlib.suppress(ProcessLookupError, psutil.NoSuchProcess):
        host.send_signal(signal.SIGTERM)
    while True:
        with contextlib.suppress(KeyboardInterrupt):
            host.wait()
            return
        click.echo("\nThe run is ending already; what is under way may take a minute or two.", err=True)


def _say_it_goes_on(pid: int) -> None:
    # A terminal that hung up takes no words.
    with contextlib.suppress(OSError):
        click.echo(
            f"The practice run goes on. The same command attaches again; `kill {pid}` ends it.",
            err=True,
        )


def _wait_for_node(home: Path, host: subprocess.Popen[bytes], log: Path) -> bool:
    """Pass the host's lines on until your node answers; False when the host ended before."""
    shown, deadline = 0, time.monotonic() + _START_TIMEOUT_S
    node = _your_node(home)
    while time.monotonic() < deadline:
        text = log.read_text("utf-8", "replace")
        if len(text) > shown:
            click.echo(text[shown:], nl=False, err=True)
            shown = len(text)
        if host.poll() is not None:
            return False
        if node.exists():
            return True
        time.sleep(0.1)
    return False


def _print_report(result: Path, log: Path, as_json: bool) -> int:
    from console.practice.words import human

    try:
        report = json.loads(result.read_text("utf-8"))
    except (OSError, ValueError):
        click.echo(f"The run left no report; its log is {log}.", err=True)
        return 1
    click.echo(json.dumps(report, indent=2) if as_json else human(report))
    return 0
