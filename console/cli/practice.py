"""`quarterdeck practice`: the whole network here, on the console or headless."""

from __future__ import annotations

import os
import random
import sys
import tempfile
from pathlib import Path

import click

from console.cli.agent_home import FAILED, unusable
from console.cli.practice_run import attach_again, with_console
from console.practice import claim
from console.practice.plan import MAX_NODES
from console.settings import paths

_STORE = "What keeps the coordinator's data; postgres: a server of its own, URL: a database of yours."


@click.command()
@click.option(
    "--nodes",
    type=click.IntRange(1, MAX_NODES),
    default=3,
    show_default=True,
    help="Honest nodes, the first of them yours.",
)
@click.option(
    "--rogue", type=click.IntRange(0, MAX_NODES - 1), default=1, show_default=True, help="Nodes that cheat."
)
@click.option("--minutes", type=click.FloatRange(min=0.1), help="How long; 3 when headless, else 60.")
@click.option("--headless", is_flag=True, help="No console: run, then print what happened.")
@click.option("--json", "as_json", is_flag=True, help="The report as JSON; without a terminal: headless.")
@click.option("--seed", type=int, help="Seed of names and requests.")
@click.option("--store", default="sqlite", metavar="sqlite|postgres|URL", help=_STORE)
@click.option(
    "--transport",
    type=click.Choice(["websocket", "nats"]),
    default="websocket",
    show_default=True,
    help="What nodes come over; nats: a message server of the run's own.",
)
@click.option("--keep", type=click.Path(path_type=Path), help="Leave databases and logs in this folder.")
@click.pass_context
def practice(
    ctx: click.Context,
    nodes: int,
    rogue: int,
    minutes: float | None,
    headless: bool,
    as_json: bool,
    seed: int | None,
    store: str,
    transport: str,
    keep: Path | None,
) -> None:
    """Run a coordinator, your node, rivals, a rogue and clients on this machine.

    Every answer is really generated and every audit really recomputed. Leaving the console ends the run and
    prints what happened; a closed terminal does not end it, and the same command takes it up again.
    """
    if nodes + rogue > MAX_NODES:
        raise click.UsageError(f"A practice run has at most {MAX_NODES} nodes in all.")
    home = (keep or paths.data_dir() / "practice").expanduser().absolute()
    # Lines about the node would mix with the report on stdout, which belongs to the report.
    headless = headless or (as_json and not sys.stdout.isatty())
    host = claim.running(home)
    if host is not None:
        ctx.exit(attach_again(ctx.obj, home, host, headless=headless, as_json=as_json))
    _make_usable(home.parent)
    arguments = [
        "-m", "console.practice", "--home", str(home), "--models", str(paths.models_dir()),
        "--nodes", str(nodes), "--rogue", str(rogue),
        "--minutes", str(minutes if minutes is not None else (3.0 if headless else 60.0)),
        "--seed", str(seed if seed is not None else random.SystemRandom().randrange(1 << 31)),
        "--store", store, "--transport", transport,
        *(["--keep"] if keep else []),
    ]  # fmt: skip
    if headless:
        sys.stdout.flush()
        os.execv(sys.executable, [sys.executable, *arguments, *(["--json"] if as_json else [])])
    ctx.exit(with_console(ctx.obj, home, arguments, as_json=as_json))


def _make_usable(folder: Path) -> None:
    """Have `folder` there and writable, or end with a sentence. Its mode stays its owner's affair."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        click.echo(unusable(folder, error), err=True)
        sys.exit(FAILED)
