"""`quarterdeck identity`: who this node is on the network."""

from __future__ import annotations

from pathlib import Path

import click

from console.cli.agent_home import decoded, home_of, home_option, print_json, question


@click.command()
@home_option
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def identity(home: Path | None, as_json: bool) -> None:
    """Who this node is on the network."""
    answer = decoded(question(home_of(home), "identity"), dict[str, str])
    if as_json:
        print_json(dict(answer))
        return
    rows = (
        ("Name", answer["name"]),
        ("Id", answer["id"]),
        ("Key file", f"{answer['key_file']}  (keep it secret, keep a copy)"),
        ("Network", answer["coordinator"] or "none chosen"),
        ("Its key", answer["coordinator_key"] or "not seen in this run"),
    )
    for name, value in rows:
        click.echo(f"{name:<9} {value}")
