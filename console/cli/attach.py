"""`quarterdeck` alone: attach to this machine's node; start it, or set it up, first where that is needed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from console.cli import RunConsole
from console.cli.agent_home import practices
from console.control.asking import ask
from console.control.connection import NoAgent
from console.settings import config, paths

if TYPE_CHECKING:
    from console.control.setup import Choices, SetupHost

RunSetup = Callable[["SetupHost"], "Choices | None"]


def attach(run_console: RunConsole, setup: RunSetup | None) -> int:
    """Show this home's node; exit code. A node that does not run is started first; where no network is
    chosen, `setup` asks the operator, or without it the ways to go on are said."""
    socket = paths.socket_path(paths.data_dir(), "agent")
    try:
        settings = config.load(paths.config_file())
    except config.ConfigError as error:
        click.echo(str(error), err=True)
        return 1
    if _answers(socket):
        return run_console(socket)
    if not settings.node.coordinator:
        if practices(paths.data_dir()):
            click.echo("A practice run is under way. Attach to it:   quarterdeck practice", err=True)
            return 3
        if setup is None or not _asks():
            return _say_how()
        return _set_up(run_console, setup, socket)
    click.echo("The node is not running; starting it.", err=True)
    return _start(run_console, socket)


def _start(run_console: RunConsole, socket: Path) -> int:
    command = [sys.executable, "-m", "console", "agent", "start"]
    started = subprocess.run(command, stdin=subprocess.DEVNULL, check=False)
    return started.returncode or run_console(socket)


def _set_up(run_console: RunConsole, setup: RunSetup, socket: Path) -> int:
    """Ask, write, start."""
    from console.cli.setup_host import Machine, write

    choices = setup(Machine())
    if choices is None:
        click.echo("Nothing was written. `quarterdeck` asks again.", err=True)
        return 0
    if choices.purpose == "practice":
        click.get_current_context().invoke(_practice())
        return 0
    try:
        write(choices)
    except config.ConfigError as error:
        click.echo(str(error), err=True)
        return 1
    click.echo(f"Written to {paths.config_file()}. Starting the node.", err=True)
    return _start(run_console, socket)


def _practice() -> click.Command:
    from console.cli.practice import practice

    return practice


def _asks() -> bool:
    """Whether there is a terminal that can show questions and take answers."""
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def _say_how() -> int:
    click.echo(
        "No network is chosen yet, so there is nothing to attach to.\n"
        "  Try it all on this machine:   quarterdeck practice\n"
        f"  Join a network: write its address into {paths.config_file()}\n"
        '      [node]\n      coordinator = "ws://HOST:PORT/net/v1/ws"\n'
        "  and run `quarterdeck` again.",
        err=True,
    )
    return 3


def _answers(socket: Path) -> bool:
    """Whether an agent listens there."""
    try:
        ask(socket, "identity", timeout_s=5)
    except NoAgent:
        return False
    return True
