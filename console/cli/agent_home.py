"""What the commands that speak with the agent share: which home, one question, and what its failure means."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click
import msgspec

from console.control.asking import ask
from console.control.connection import NoAgent
from console.control.wire import Answer, CommandName
from console.settings.paths import data_dir, socket_path

T = TypeVar("T")

FAILED, NO_AGENT, REFUSED, INTERRUPTED = 1, 3, 4, 130
SCHEMA_VERSION = 1

home_option: Callable[[Callable[..., object]], Callable[..., object]] = click.option(
    "--home", type=click.Path(path_type=Path), default=None, help="The node's folder; $QUARTERDECK_HOME."
)


def home_of(home: Path | None) -> Path:
    """The folder meant: this command's --home, or the one in force (`quarterdeck --home` goes first)."""
    context = click.get_current_context().parent
    outer = context.params.get("home") if context is not None else None
    chosen = home or (context.parent.params.get("home") if context and context.parent else None) or outer
    return Path(chosen).expanduser().absolute() if chosen else data_dir()


def unusable(folder: Path, error: OSError) -> str:
    """What it means that `folder` cannot be used, and what to do."""
    return (
        f"The folder {folder} cannot be used ({error.strerror}). "
        "Make room and give yourself write access, or choose another with --home."
    )


def practices(home: Path) -> bool:
    """Whether a practice run is under way in `home`."""
    from console.practice.claim import running

    return running(home / "practice") is not None


def control_socket(home: Path) -> Path:
    """The control socket of `home`."""
    return socket_path(home, "agent")


def question(home: Path, name: CommandName, args: dict[str, str | int] | None = None) -> Answer:
    """Ask the agent; ends the command with 3 when there is none, 1 when it says no."""
    try:
        answer = ask(control_socket(home), name, args)
    except NoAgent as error:
        click.echo(str(error), err=True)
        if practices(home):
            yours = home / "practice" / "you"
            click.echo(f"A practice run is under way; to ask its node, add: --home {yours}", err=True)
        sys.exit(NO_AGENT)
    if not answer.ok:
        click.echo(answer.sentence, err=True)
        sys.exit(FAILED)
    return answer


def decoded(answer: Answer, kind: type[T]) -> T:
    """The answer's result. An agent of another version is told as such."""
    try:
        return msgspec.json.decode(answer.result, type=kind)
    except msgspec.MsgspecError as error:
        click.echo(
            f"The agent's answer is not understood ({error}). It may be of another version: "
            "run `quarterdeck agent stop` and `quarterdeck agent start`.",
            err=True,
        )
        sys.exit(FAILED)


def print_json(value: dict[str, object]) -> None:
    """One JSON document on stdout, schema version first; bytes, since JSON is UTF-8 on any terminal."""
    document = {"schema_version": SCHEMA_VERSION, **value}
    click.echo(msgspec.json.format(msgspec.json.encode(document), indent=2))


def operator() -> str:
    """Who gives this command, for the node's event log."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "the operator"
