"""The loopback port for the operator's own programs: there when it is asked for, and never without a key."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

from console.engine.process.listener import BACKLOG, AddressError

KEY_LEAST = 16
_KEY_MOST = 512


def read_key(path: Path) -> str:
    """The key in `path`, which must be this user's alone. Raises AddressError."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "rb") as file:
            mode = os.fstat(descriptor)
            key = file.read(_KEY_MOST + 1).strip()
    except OSError as error:
        raise AddressError(
            f"The key of the local port cannot be read at {path}: {error.strerror or error}."
        ) from None
    if mode.st_uid != os.geteuid() or stat.S_IMODE(mode.st_mode) & 0o077:
        raise AddressError(f"Others can read the key at {path}. Make it yours alone: chmod 600 {path}")
    if not KEY_LEAST <= len(key) <= _KEY_MOST or not key.isascii() or not key.decode("ascii").isprintable():
        raise AddressError(
            f"The key at {path} has to be one line of {KEY_LEAST} to {_KEY_MOST} printable characters."
        )
    return key.decode("ascii")


def listen_on_loopback(port: int) -> socket.socket:
    """A listening socket on 127.0.0.1; port 0 takes a free one. Raises AddressError."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # as in `take_port`
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        raise AddressError(
            f"The local port {port} cannot be used: {error.strerror or error}. Name another one."
        ) from None
    listener.listen(BACKLOG)
    listener.setblocking(False)
    return listener
