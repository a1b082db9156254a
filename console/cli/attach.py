"""`quarterdeck` alone: attach to this machine's node, starting it when it does not run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click

from console.cli import RunConsole
from console.cli.agent_home import practices
from console.control.link import NoAgent, ask
from console.settings import config, paths


def attach(run_console: RunConsole, plain: bool) -> int:
    """Show this home's node; exit code. A node that does not run is started first."""
    socket = paths.socket_path(paths.data_dir(), "agent")
    try:
        settings = config.load(paths.config_file())
    except config.ConfigError as error:
        click.echo(str(error), err=True)
        return 1
    if not _answers(socket):
        if not settings.node.coordinator and practices(paths.data_dir()):
            click.echo("A practice run is under way. Attach to it:   quarterdeck practice", err=True)
            return 3
        if not settings.node.coordinator:
            click.echo(
                "No network is chosen yet, so there is nothing to attach to.\n"
                "  Try it all on this machine:   quarterdeck practice\n"
                f"  Join a network: write its address into {paths.config_file()}\n"
                '      [node]\n      coordinator = "ws://HOST:PORT/net/v1/ws"\n'
                "  and run `quarterdeck` again.",
                err=True,
            )
            return 3
        click.echo("The node is not running; starting it.", err=True)
        started = subprocess.run(
            [sys.executable, "-m", "console", "agent", "start"], stdin=subprocess.DEVNULL, check=False
        )
        if started.returncode:
            return started.returncode
    return run_console(socket, plain=plain)


def _answers(socket: Path) -> bool:
    """Whether an agent listens there."""
    try:
        ask(socket, "identity", timeout_s=5)
    except NoAgent:
        return False
    return True
