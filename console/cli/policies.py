"""`quarterdeck pause`, `resume`, `drain`: the operator's switches, durable over restarts."""

from __future__ import annotations

from pathlib import Path

import click

from console.cli.agent_home import home_of, home_option, operator, question
from console.control.wire import CommandName


def _switch(home: Path | None, name: CommandName) -> None:
    click.echo(question(home_of(home), name, {"by": operator()}).sentence)


@click.command()
@home_option
def pause(home: Path | None) -> None:
    """Take no new work until you resume. What runs is finished."""
    _switch(home, "pause")


@click.command()
@home_option
def resume(home: Path | None) -> None:
    """Take work again."""
    _switch(home, "resume")


@click.command()
@home_option
def drain(home: Path | None) -> None:
    """Finish every job already taken, then take no more."""
    _switch(home, "drain")
