"""`quarterdeck practice`: the whole network here, on the console or headless."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import click

from console.practice import claim
from console.settings import paths

_START_TIMEOUT_S = 1200.0
"""Long, since a first run fetches the model; the host ends by itself when something fails."""


@click.command()
@click.option("--nodes", default=3, show_default=True, help="Honest nodes, the first of them yours.")
@click.option("--rogue", default=1, show_default=True, help="Nodes that cheat.")
@click.option("--minutes", type=click.FloatRange(min=0.1), help="How long; 3 when headless, else 60.")
@click.option("--headless", is_flag=True, help="No console: run, then print what happened.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--seed", type=int, help="Seed of names and requests.")
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
    keep: Path | None,
) -> None:
    """Run a coordinator, your node, rivals, a rogue and clients on this machine.

    Every answer is really generated and every audit really recomputed. Leaving the console ends the run and
    prints what happened; a closed terminal does not end it, and the same command attaches again.
    """
    home = (keep or paths.data_dir() / "practice").expanduser().absolute()
    running = claim.running(home)
    if running is not None:
        ctx.exit(_attach_again(ctx, home, running, headless))
    arguments = [
        "-m", "console.practice", "--home", str(home), "--models", str(paths.models_dir()),
        "--nodes", str(nodes), "--rogue", str(rogue),
        "--minutes", str(minutes if minutes is not None else (3.0 if headless else 60.0)),
        "--seed", str(seed if seed is not None else random.SystemRandom().randrange(1 << 31)),
        *(["--keep"] if keep else []),
    ]  # fmt: skip
    if headless:
        sys.stdout.flush()
        os.execv(sys.executable, [sys.executable, *arguments, *(["--json"] if as_json else [])])
    ctx.exit(_with_console(ctx, home, arguments, as_json))


def _with_console(ctx: click.Context, home: Path, arguments: list[str], as_json: bool) -> int:
    """Start the host in a session of its own, show your node, end the run when the operator leaves."""
    paths.make_private(home.parent)
    log = home.parent / f"{home.name}.log"
    result = home.parent / f"{home.name}-report.json"
    result.unlink(missing_ok=True)
    with log.open("wb") as out:
        host = subprocess.Popen(
            [sys.executable, *arguments, "--json", "--result", str(result)],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    if not _wait_for_node(home, host, log):
        return 1
    code: int = ctx.obj(paths.socket_path(home / "you", "agent"), practice=True)
    if code != 0:
        return code
    click.echo("Ending the practice run: what is under way is finished and paid first.", err=True)
    with contextlib.suppress(ProcessLookupError):
        host.send_signal(signal.SIGTERM)
    host.wait()
    return _print_report(result, log, as_json)


def _wait_for_node(home: Path, host: subprocess.Popen[bytes], log: Path) -> bool:
    """Pass the host's lines on until your node answers; False when the host ended before."""
    shown, deadline = 0, time.monotonic() + _START_TIMEOUT_S
    socket_path = paths.socket_path(home / "you", "agent")
    while time.monotonic() < deadline:
        text = log.read_text("utf-8", "replace")
        if len(text) > shown:
            click.echo(text[shown:], nl=False, err=True)
            shown = len(text)
        if host.poll() is not None:
            return False
        if socket_path.exists():
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


def _attach_again(ctx: click.Context, home: Path, pid: int, headless: bool) -> int:
    if headless:
        click.echo(
            f"A practice run is under way here already (process {pid}). Attach to it with "
            "`quarterdeck practice`, or use another folder with --keep.",
            err=True,
        )
        return 1
    code: int = ctx.obj(paths.socket_path(home / "you", "agent"), practice=True)
    click.echo(f"The practice run goes on; `kill {pid}` ends it.", err=True)
    return code
