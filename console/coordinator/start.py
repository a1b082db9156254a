"""What a start needs before anything listens: folder, lock, model, port. Each failure is one sentence."""

from __future__ import annotations

import fcntl
import os
import socket
from pathlib import Path
from typing import IO

import msgspec

from console.coordinator.settings import Served
from console.models import ModelError, fetch, find_entry, read_gguf, sha256_file, verify_file
from console.models.errors import plain
from console.models.quantisation import inexact
from console.protocol.ids import GroupId
from console.settings.paths import make_private

_LOCK = "coordinator.lock"
READY = "coordinator.json"
"""Names the address, and the coordinator."""


class StartError(Exception):
    """The coordinator cannot start; the text says why and what to do."""


class Address(msgspec.Struct, frozen=True):
    """Written to `coordinator.json` when the coordinator listens."""

    url: str
    node_url: str
    coordinator: str
    pid: int


def prepare_home(home: Path) -> IO[str]:
    """The private folder, and its lock, held for as long as the file is open. Raises StartError."""
    try:
        make_private(home)
        lock = os.fdopen(os.open(home / _LOCK, os.O_RDWR | os.O_CREAT, 0o600), "r+")
    except OSError as error:
        raise StartError(
            f"The folder {home} cannot be used ({error.strerror}). "
            "Make room and give yourself write access to it, or choose another with --home."
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise StartError(
            f"A coordinator runs already on {home}. Stop it, or choose another folder with --home."
        ) from error
    return lock


def take_port(host: str, port: int, *, listens: bool = True) -> socket.socket:
    """A bound socket, so that a taken port is known before the model loads. Raises StartError.

    `listens`: connections may wait in it already; else they are refused until a server uses it.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    taken = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # else asyncio lets Nagle wait
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((host, port))
        if listens:
            taken.listen(1024)
    except (OSError, OverflowError) as error:
        taken.close()
        why = getattr(error, "strerror", None) or str(error)
        raise StartError(
            f"Port {port} of {host} cannot be listened on ({why}). "
            "Stop what uses it, or choose another with --port or --host."
        ) from error
    return taken


def find_model(choice: str, home: Path) -> tuple[Path, Served]:
    """The reference model, its hash proved. Fetches a catalogue model that is missing. Raises StartError."""
    override = os.environ.get("QUARTERDECK_MODELS")
    folder = Path(override).expanduser().absolute() if override else home / "models"
    try:
        if os.sep in choice or choice.endswith(".gguf"):
            path = Path(choice).expanduser().absolute()
            exact = not inexact(read_gguf(path).tensor_types)
            return path, Served(plain(path.stem, 60), GroupId(sha256_file(path)), exact)
        entry = find_entry(choice)
        there = (folder / entry.file_name).exists()
        path = verify_file(entry, folder) if there else fetch(entry, folder)
        exact = not inexact(read_gguf(path).tensor_types)
        return path, Served(entry.name, GroupId(entry.sha256), exact)
    except ModelError as error:
        raise StartError(str(error)) from error
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise StartError(f"The model {choice} cannot be read ({why}). Check --model.") from error


def announce(home: Path, host: str, port: int, coordinator: str) -> Address:
    """Write down where the coordinator listens. Raises OSError."""
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    address = Address(f"http://{where}/v1", f"ws://{where}/net/v1/ws", coordinator, os.getpid())
    fresh = home / f"{READY}.new"
    fresh.write_bytes(msgspec.json.encode(address))
    fresh.replace(home / READY)
    return address
