"""`python -m console.practice`: the host of one run. Its report goes to stdout, everything else to stderr."""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
import sys
from pathlib import Path
from typing import Any

import click
import msgspec
import psutil

from console.agent.trouble import AgentError
from console.coordinator.store import StoreError
from console.coordinator.transport.port import TransportError
from console.models import ModelError
from console.practice.claim import claim
from console.practice.crew import CrewError
from console.practice.host import Host, to_stderr
from console.practice.plan import Plan, make_plan
from console.practice.report import broken_promises, collect, leave
from console.practice.surroundings import carried_by, kept_by
from console.practice.weights import clear
from console.settings.terminal import speak_ascii, speaks_utf8

_TROUBLE = (
    AgentError, CrewError, ModelError, OSError, StoreError, TransportError, ValueError, sqlite3.Error,
)  # fmt: skip


@click.command()
@click.option("--home", type=click.Path(path_type=Path), required=True)
@click.option("--models", type=click.Path(path_type=Path), required=True)
@click.option("--nodes", default=3)
@click.option("--rogue", default=1)
@click.option("--minutes", type=float, default=3.0)
@click.option("--seed", type=int, default=0)
@click.option("--store", default="")
@click.option("--transport", default="")
@click.option("--keep", is_flag=True)
@click.option("--json", "as_json", is_flag=True)
@click.option("--result", type=click.Path(path_type=Path))
def main(
    home: Path,
    models: Path,
    nodes: int,
    rogue: int,
    minutes: float,
    seed: int,
    store: str,
    transport: str,
    keep: bool,
    as_json: bool,
    result: Path | None,
) -> None:
    """Host a practice run in `home`."""
    if not speaks_utf8():
        speak_ascii(sys.stdout)
        speak_ascii(sys.stderr)
    try:
        plan = make_plan(
            home,
            models,
            nodes=nodes,
            rogue=rogue,
            minutes=minutes,
            seed=seed,
            cores=psutil.cpu_count() or 1,
            free_bytes=psutil.virtual_memory().available,
        )
        with claim(home, result), kept_by(store) as database, carried_by(transport, home) as servers:
            plan = msgspec.structs.replace(plan, store=database, transport=servers)
            report = asyncio.run(_run(plan))
            if keep:
                leave(plan)
    except _TROUBLE as error:
        to_stderr(f"quarterdeck practice: {error}")
        sys.exit(1)
    if not keep:
        clear(home)
    sys.exit(_tell(report, as_json, result))


async def _run(plan: Plan) -> dict[str, Any]:
    host = Host(plan, to_stderr)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, host.stop)
    await host.run()
    return collect(plan, host.started_ms)


def _tell(report: dict[str, Any], as_json: bool, result: Path | None) -> int:
    from console.practice.words import human

    text = json.dumps(report, indent=2)
    if result is not None:
        part = result.with_suffix(".part")
        part.write_text(text, "utf-8")
        part.replace(result)
    else:
        print(text if as_json else human(report))
    broken = broken_promises(report)
    for sentence in broken:
        to_stderr(f"quarterdeck practice: {sentence}")
    return 1 if broken else 0


if __name__ == "__main__":
    main()
