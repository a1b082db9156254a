"""`python -m console.coordinator`: the coordinator in the foreground, until SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import logging
import secrets
import socket
import sys
from pathlib import Path

import msgspec

from console.coordinator.app import Coordinator
from console.coordinator.audits.calibrations import CalibrationError
from console.coordinator.audits.second import starter
from console.coordinator.building import build
from console.coordinator.clock import SystemClock
from console.coordinator.running import advertised, run
from console.coordinator.sealing import SealError
from console.coordinator.server import server_of
from console.coordinator.settings import CoordinatorConfig
from console.coordinator.settings_file import load_config
from console.coordinator.start import StartError, announce, find_model, prepare_home, take_port
from console.coordinator.store import StoreError
from console.coordinator.supervise import NoReferenceError, supervise
from console.coordinator.transport.nats_keys import shared_in
from console.coordinator.transport.port import TransportError
from console.engine.client import LlamaEngine
from console.engine.launch import EngineLaunch
from console.models import STARTER
from console.settings.config import ConfigError
from console.settings.paths import data_dir, socket_path

log = logging.getLogger("console.coordinator")
_TROUBLE = (
    CalibrationError, ConfigError, NoReferenceError, OSError, SealError, StartError, StoreError,
    TransportError, ValueError,
)  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 stopped, 1 failed; 2, from argparse, wrong usage."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(message)s", level=logging.WARNING)
    logging.getLogger("console").setLevel(logging.INFO)
    home = (options.home or data_dir() / "coordinator").expanduser().absolute()
    try:
        config = _config(options)
        with prepare_home(home), _port(options) as listening:
            asyncio.run(_run(options, home, config, listening))
    except _TROUBLE as error:
        print(f"quarterdeck: {_sentence(error, home)}", file=sys.stderr)
        return 1
    return 0


def _port(options: argparse.Namespace) -> socket.socket:
    return take_port(options.host, options.port, listens=not options.standby)


def _sentence(error: Exception, home: Path) -> str:
    if not isinstance(error, OSError):
        return str(error)
    return (
        f"The folder {home} cannot be used ({error.strerror or error}). "
        "Make room and give yourself write access to it, or choose another with --home."
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="quarterdeck coordinator run", description=__doc__)
    parser.add_argument("--home", type=Path, help="folder of database, identity and logs")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8800, help="port to listen on, 0: any free one")
    parser.add_argument("--model", default=STARTER.name, help="catalogue name, or path of a GGUF file")
    parser.add_argument("--policy", type=Path, help="TOML file with policy, clients and limits")
    parser.add_argument("--threads", type=int, default=0, help="of the reference engine, 0: physical cores")
    parser.add_argument("--context", type=int, default=2048, help="tokens that one job may have")
    parser.add_argument(
        "--store", default="", metavar="URL", help="PostgreSQL database of its own in place of SQLite"
    )
    parser.add_argument(
        "--transport", default="", metavar="URL", help="NATS servers over which nodes come too"
    )
    parser.add_argument("--nats-shared", type=Path, help="file that all coordinators of the network have")
    parser.add_argument("--advertise", default="", metavar="URL", help="where gateways find this coordinator")
    parser.add_argument(
        "--standby", action="store_true", help="wait until the database's coordinator is gone, then take over"
    )
    parser.add_argument("--network-name", default="", help="the network's name for people")
    parser.add_argument("--open", action="store_true", help="take any API key as the client `practice`")
    return parser


def _config(options: argparse.Namespace) -> CoordinatorConfig:
    config = load_config(options.policy)
    if options.network_name:
        config = msgspec.structs.replace(config, network=options.network_name)
    if options.open:
        config = msgspec.structs.replace(config, practice=msgspec.structs.replace(config.practice, open=True))
    return config


async def _run(
    options: argparse.Namespace, home: Path, config: CoordinatorConfig, listening: socket.socket
) -> None:
    path, served = await asyncio.to_thread(find_model, options.model, home)
    launch = EngineLaunch(
        model=path,
        socket=socket_path(home, "reference"),
        context=options.context,
        threads=options.threads,
        gpu_layers=0,
        log=home / "reference.log",
    )
    engine = LlamaEngine(launch.socket)
    second = starter(launch, home)
    where = options.store, options.transport, shared_in(options.nats_shared)
    app = build(home, config, served, engine, SystemClock(), secrets.token_bytes, second, *where)
    coordinator: Coordinator = app.state.coordinator
    port: int = listening.getsockname()[1]
    at = advertised(options.host, port, options.advertise)

    def ready() -> None:
        address = announce(home, options.host, port, coordinator.parts.key.node_id)
        log.info("coordinator %s serves %s at %s", address.coordinator[:6], served.model, address.url)

    try:
        await run(
            coordinator,
            server_of(app, options.host, options.port),
            listening,
            asyncio.create_task(supervise(launch, engine)),
            lambda: coordinator.start(at, waits=options.standby),
            ready,
        )
    finally:
        await engine.close()
        await coordinator.close()


if __name__ == "__main__":
    sys.exit(main())
