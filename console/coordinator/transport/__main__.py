"""`python -m console.coordinator.transport`: prints the configuration of a NATS server."""

from __future__ import annotations

import argparse
import secrets
import sys
from pathlib import Path

from console.coordinator.identity import load_identity
from console.coordinator.transport.nats_keys import NatsKeys
from console.coordinator.transport.server_config import server_config
from console.settings.paths import data_dir, make_private


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 printed, 1 failed; 2, from argparse, wrong usage."""
    parser = argparse.ArgumentParser(prog="quarterdeck coordinator nats-config", description=__doc__)
    parser.add_argument("--home", type=Path, help="folder of the coordinator's data")
    parser.add_argument("--listen", default="0.0.0.0:4222", help="where the server is to listen")
    options = parser.parse_args(arguments)
    host, found, port = options.listen.rpartition(":")
    if not found or not host or not port.isdigit() or int(port) > 65535:
        parser.error(f"--listen takes host:port, not {options.listen!r}")
    home = (options.home or data_dir() / "coordinator").expanduser().absolute()
    try:
        keys = NatsKeys(load_identity(make_private(home), secrets.token_bytes))
    except (OSError, ValueError) as error:
        print(f"quarterdeck: {error}", file=sys.stderr)
        return 1
    sys.stdout.write(server_config([keys], host, int(port)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
