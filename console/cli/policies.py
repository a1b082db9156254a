"""`quarterdeck pause`, `resume`, `drain`: the operator's switches, durable over restarts."""

from __future__ import annotations

import time
from pathlib import Path

import click

from console.cli.agent_home import home_of, home_option, operator, question
from console.control.moments import MomentError, moment_ms, span_ms
from console.control.wire import CommandName


def _switch(home: Path | None, name: CommandName, until_ms: int = 0) -> None:
    args: dict[str, str | int] = {"by": operator()}
    if until_ms:
        args["until_ms"] = until_ms
    click.echo(question(home_of(home), name, args).sentence)


def named_ms(length: str | None, moment: str | None, now_ms: int) -> int:
    """When a pause ends that lasts `length`, or until `moment`; 0 when neither is named.

    Raises:
        click.UsageError: both are named, or what is named is no such time.
    """
    if length is not None and moment is not None:
        raise click.UsageError("Name either a length of time or a time, not both.")
    try:
        if length is not None:
            return now_ms + span_ms(length)
        return moment_ms(moment, now_ms) if moment is not None else 0
    except MomentError as error:
        raise click.UsageError(str(error)) from error


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


@click.command()
@click.option("--for", "length", metavar="LENGTH", help="End it by itself after so long: 2h30m, 90m, 1d.")
@click.option(
    "--until",
    "moment",
    metavar="TIME",
    help="End it by itself at 08:00, 'tomorrow 08:00', or 2026-11-23T08:00.",
)
@home_option
def pause(home: Path | None, length: str | None, moment: str | None) -> None:
    """Take no new work until you resume, or until a time. What runs is finished.

    A time of day that has passed today means tomorrow's. The pause outlives restarts of the node.
    """
    _switch(home, "pause", named_ms(length, moment, _now_ms()))


@click.command()
@home_option
def resume(home: Path | None) -> None:
    """Take work again."""
    _switch(home, "resume")


@click.command()
@click.option("--by", "moment", metavar="TIME", help="Give back what is not finished by 08:00, or a day's.")
@home_option
def drain(home: Path | None, moment: str | None) -> None:
    """Finish every job already taken, then take no more.

    With a time, what is not finished by then goes back to the network and to another node.
    """
    _switch(home, "drain", named_ms(None, moment, _now_ms()))
