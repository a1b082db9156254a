"""`python -m console.coordinator.transport`: prints the configuration of a NATS server."""

from __future__ import annotations

import argparse
import secrets
import sys
from pathlib import Path

from console.coordinator.identity import load_identity
from console.coordinator.transport.nats_keys import NatsKeys, shared_in
from console.coordinator.transport.server_config import server_config
from console.settings.paths import data_dir, make_private


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 printed, 1 failed; 2, from argparse, wrong usage."""
    parser = argparse.ArgumentParser(prog="quarterdeck coordinator nats-config", description=__doc__)
    parser.add_argument("--home", type=Path, action="append", help="folder of a coordinator; once for each")
    parser.add_argument("--shared", type=Path, help="file that all coordinators of the network have")
    parser.add_argument("--listen", default="0.0.0.0:4222", help="where the server is to listen")
    options = parser.parse_args(arguments)
    host, found, port = options.listen.rpartition(":")
    if not found or not host or not port.isdigit() or int(port) > 65535:
        parser.error(f"--listen takes host:port, not {options.listen!r}")
    homes = [home.expanduser().absolute() for home in options.home or [data_dir() / "coordinator"]]
    if len(homes) > 1 and options.shared is None:
        parser.error("several coordinators need --shared, a file that all of them have")
    try:
        shared = shared_in(options.shared, secrets.token_bytes)
        seeds = [load_identity(make_private(home), secrets.token_bytes) for home in homes]
    except (OSError, ValueError) as error:
        print(f"quarterdeck: {error}", file=sys.stderr)
        return 1
    keys = list({seed: NatsKeys(seed, shared) for seed in seeds}.values())
    sys.stdout.write(server_config(keys, host, int(port)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
