"""The Unix socket that the engine listens on: its owner's alone from its first moment on."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

BACKLOG = 64


class AddressError(Exception):
    """The socket cannot be made; the text is a sentence for the operator."""


def listen_on(path: Path) -> socket.socket:
    """A listening socket at `path`, mode 0600; a dead one left there is replaced. Raises AddressError."""
    _clear(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listener.bind(os.fspath(path))
    except OSError as error:
        listener.close()
        raise AddressError(f"The engine cannot listen at {path}: {error.strerror or error}.") from None
    finally:
        os.umask(before)
    listener.listen(BACKLOG)
    listener.setblocking(False)
    return listener


def _clear(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except OSError:
        return
    if not stat.S_ISSOCK(mode):
        raise AddressError(f"{path} exists and is no socket. Name another place, or move it away.")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(os.fspath(path))
        except OSError:
            path.unlink(missing_ok=True)
            return
    raise AddressError(f"Another engine listens at {path}. Stop it, or name another place.")
