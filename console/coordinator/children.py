"""Servers that are started as children: none may outlive who started it."""

from __future__ import annotations

import ctypes
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def die_with_parent(number: int = signal.SIGQUIT) -> Callable[[], None] | None:
    """On Linux, a hook that ends the child by this signal when the thread that started it is gone."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)

    def hook() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, number)

    return hook
