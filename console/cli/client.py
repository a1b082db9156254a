"""`quarterdeck client`: a local OpenAI endpoint that checks the draw of every request."""

from __future__ import annotations

import os
import sys

import click


@click.command()
@click.option("--network", required=True, help="HTTP address of the coordinator, e.g. http://127.0.0.1:8800.")
@click.option("--port", type=click.IntRange(1, 65535), default=8811, show_default=True, help="On loopback.")
@click.option("--coordinator", default="", help="Key that it must have; else the one that it shows first.")
def client(network: str, port: int, coordinator: str) -> None:
    """Serve OpenAI programs of this machine from a network, and check each draw.

    The proxy holds the nonce of each request: the coordinator fixes its ticket first, and cannot choose who
    is drawn. API keys are passed on as they come.
    """
    words = ["--network", network, "--port", str(port)]
    words += ["--coordinator", coordinator] if coordinator else []
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "console.client", *words])
