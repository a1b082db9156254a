"""`quarterdeck jobs`: this node's jobs, newest first. Counts and times; what was asked is the client's."""

from __future__ import annotations

import time
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from console.cli.agent_home import decoded, home_of, home_option, print_json, question
from console.cli.wording import ago
from console.control.state import JobView
from console.control.written_out import written_out
from console.ledger.figures import credits
from console.protocol.ids import short

GLYPHS = {
    "queued": "…",
    "running": "▸",
    "result": "↑",
    "answered": "○",
    "accepted": "✓",
    "rejected": "✗",
    "failed": "!",
    "cancelled": "-",
    "stale": "-",
}
STYLES = {"accepted": "green", "rejected": "bold red", "failed": "yellow", "running": "bold"}


@click.command()
@home_option
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="At most so many.")
def jobs(home: Path | None, as_json: bool, limit: int) -> None:
    """Jobs of this node, newest first."""
    found = decoded(question(home_of(home), "jobs", {"limit": limit}), list[JobView])
    if as_json:
        print_json({"jobs": written_out(found)})
        return
    if not found:
        click.echo("No job has come yet. `quarterdeck status` says why.")
        return
    Console(highlight=False).print(_table(found, round(time.time() * 1000)))


def _table(found: list[JobView], now_ms: int) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("Job", "State"):
        table.add_column(name, no_wrap=True)
    for name in ("Prompt", "Tokens", "tok/s", "Draw", "Credits", "Came"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", overflow="fold")
    for job in found:
        table.add_row(*_row(job, now_ms))
    return table


def _row(job: JobView, now_ms: int) -> tuple[Text, ...]:
    attempt = f".{job.attempt}" if job.attempt > 1 else ""
    amount = credits(job.reward - job.penalty, sign=True) if job.settled else "-"
    draw = {True: "✓ ", False: "✗ ", None: ""}[job.draw_ok]
    return (
        Text(short(job.job) + attempt),
        Text(f"{GLYPHS[job.state]} {job.state}", style=STYLES.get(job.state, "")),
        Text(str(job.prompt_tokens)),
        Text(f"{job.tokens}/{job.max_tokens}"),
        Text(f"{job.tokens_per_s_milli / 1000:.1f}" if job.tokens else "-"),
        Text(f"{draw}1 of {job.roster_size}"),
        Text(amount),
        Text(ago(job.received_ms, now_ms)),
        Text(job.sentence, style="dim"),
    )
