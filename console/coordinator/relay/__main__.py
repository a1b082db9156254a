"""`python -m console.coordinator.relay`: a gateway before several coordinators, until SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import socket
import sys
from pathlib import Path

import httpx
import uvicorn

from console.coordinator.beside import Beside
from console.coordinator.relay.app import Relay
from console.coordinator.relay.forward import CONNECT_S
from console.coordinator.relay.owners import Owners
from console.coordinator.server import QuietServer
from console.coordinator.start import StartError, take_port
from console.coordinator.store.opening import Whereabouts


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 stopped, 1 failed; 2, from argparse, wrong usage."""
    parser = argparse.ArgumentParser(prog="quarterdeck coordinator gateway", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8700, help="port to listen on, 0: any free one")
    parser.add_argument(
        "--store", action="append", required=True, metavar="URL", help="database of a group; once for each"
    )
    options = parser.parse_args(arguments)
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(message)s", level=logging.WARNING)
    http = httpx.AsyncClient(
        timeout=httpx.Timeout(None, connect=CONNECT_S),
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=64),
        trust_env=False,
    )
    owners = Owners([Beside(_where(store)) for store in options.store])
    try:
        with take_port(options.host, options.port) as listening:
            config = uvicorn.Config(
                Relay(owners, http).app(), log_level="warning", access_log=False, server_header=False,
                timeout_graceful_shutdown=3,
            )  # fmt: skip
            asyncio.run(_serve(QuietServer(config), listening))
    except StartError as error:
        print(f"quarterdeck: {error}", file=sys.stderr)
        return 1
    return 0


async def _serve(server: QuietServer, listening: socket.socket) -> None:
    def stop() -> None:
        server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop)
    await server.serve(sockets=[listening])


def _where(store: str) -> Whereabouts:
    return store if "://" in store else Path(store)


if __name__ == "__main__":
    sys.exit(main())
