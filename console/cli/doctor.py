"""`quarterdeck doctor`: is this machine fit for a node, and if not, what to do."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from console.cli import terminal_check

if TYPE_CHECKING:
    from console.hardware.checks import Look
    from console.hardware.facts import Finding, Status

SCHEMA_VERSION = 1
RANK = {"pass": 0, "warn": 1, "fail": 2}
GLYPHS = {"pass": "✓", "warn": "!", "fail": "✗"}
ASCII_GLYPHS = {"pass": "+", "warn": "!", "fail": "x"}
STYLES = {"pass": "green", "warn": "yellow", "fail": "bold red"}
CONNECT_S = 0.5

HostCheck = Callable[[], "Finding"]
"""A check that looks at something by itself; further rooms append theirs to `HOST_CHECKS`."""


class DoctorReport(msgspec.Struct, frozen=True):
    """`doctor --json`: `worst` is the worst status of all checks."""

    schema_version: int
    worst: Status
    checks: tuple[Finding, ...]


def terminal() -> Finding:
    """The terminal that this command runs in, whichever stream still leads to it."""
    return terminal_check.judge(terminal_check.look(os.environ))


def data_folder() -> Finding:
    """The data folder's modes."""
    from console.hardware import host
    from console.settings import paths

    return host.data_folder(paths.data_dir())


def configuration() -> Finding:
    """Whether the configuration can be read and understood; none at all is fine."""
    from console.hardware.checks import fine
    from console.hardware.facts import Finding
    from console.settings import config, paths

    path = paths.config_file()
    try:
        config.load(path)
    except config.ConfigError as error:
        return Finding("configuration", "fail", str(path), str(error), "Mend it, or move it away.")
    return fine("configuration", str(path) if path.exists() else "the defaults", "It is understood.")


def clock() -> Finding:
    """The clock's plausibility."""
    from console.hardware import host

    return host.clock(time.time(), host.installed_s(), host.clock_kept())


def agent() -> Finding:
    """Whether the agent's control socket answers. No agent is fine; a dead socket is worth a word."""
    from console.settings import paths

    return agent_at(paths.socket_path(paths.data_dir(), "agent"))


def agent_at(path: Path) -> Finding:
    """The agent behind the socket `path`."""
    from console.hardware.checks import fine
    from console.hardware.facts import Finding

    if not path.exists() or not hasattr(socket, "AF_UNIX"):
        return fine("agent", "not running", "`quarterdeck` starts it.")
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(CONNECT_S)
            client.connect(str(path))
    except OSError as error:
        seen = f"{path}: {error.strerror or error}"
        meaning = "The agent is not running; its socket is left over from one that was killed."
        return Finding("agent", "warn", seen, meaning, "Start it: quarterdeck")
    return fine("agent", "running", "The control socket accepts connections.")


HOST_CHECKS: list[HostCheck] = [terminal, configuration, data_folder, clock, agent]


def look() -> Look:
    """Gather what the hardware's checks judge; takes as long as the slowest probe."""
    from console.hardware.checks import COMPILERS, Look
    from console.hardware.report import gather
    from console.settings import paths

    folders = list(dict.fromkeys((paths.data_dir(), paths.models_dir())))
    return Look(
        report=gather(folders),
        python=sys.version_info[:2],
        compilers={name: shutil.which(name) for name in COMPILERS},
    )


def examine(seen: Look, host_checks: Iterable[HostCheck]) -> DoctorReport:
    """Run all checks; one that fails itself is a finding, and the others still run."""
    from console.hardware import checks

    found = [f for check in checks.CHECKS for f in check(seen)]
    found += [f for f in seen.report.findings if f.name not in checks.SPOKEN_FOR]
    found += [_guarded(check) for check in host_checks]
    return DoctorReport(SCHEMA_VERSION, worst_of(found), tuple(found))


def worst_of(found: Iterable[Finding]) -> Status:
    """The worst status of all findings; pass when there are none."""
    statuses: list[Status] = [finding.status for finding in found]
    return max(statuses, key=RANK.__getitem__, default="pass")


def _guarded(check: HostCheck) -> Finding:
    from console.hardware.facts import Finding
    from console.hardware.sanitise import clean_text

    try:
        return check()
    except Exception as error:
        name = getattr(check, "__name__", "check")
        seen = clean_text(f"{type(error).__name__}: {error}")
        meaning = "This check itself failed; the others are not affected."
        return Finding(name, "warn", seen, meaning, "Please report this with the line above.")


def show(report: DoctorReport) -> None:
    """The report for people, on stdout; every string is data, so no markup is read in it."""
    from rich.padding import Padding
    from rich.text import Text

    from console.cli.hardware import answer_console

    console = answer_console()
    ascii_only = console.options.ascii_only
    glyphs, arrow = (ASCII_GLYPHS, "->") if ascii_only else (GLYPHS, "→")
    for check in report.checks:
        line = Text()
        line.append(f"{glyphs[check.status]} {check.status:<4} ", style=STYLES[check.status])
        line.append(check.name, style="bold")
        line.append(f"  {check.seen}")
        console.print(line)
        if check.status != "pass":
            console.print(Padding(Text(check.meaning), (0, 0, 0, 7)))
            console.print(Padding(Text(f"{arrow} {check.remedy}"), (0, 0, 0, 7)))
    counts = {status: sum(c.status == status for c in report.checks) for status in GLYPHS}
    console.print(f"\n{counts['pass']} pass, {counts['warn']} warn, {counts['fail']} fail", markup=False)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def doctor(as_json: bool) -> None:
    """Check that this machine is fit for a node, and say what to do where it is not."""
    report = examine(look(), HOST_CHECKS)
    if as_json:
        click.echo(msgspec.json.encode(report))
    else:
        show(report)
    if report.worst == "fail":
        sys.exit(1)
