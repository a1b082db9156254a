"""The engine must not outlive its parent: a killed agent may not leave a model in memory.

Two watches, since neither is everywhere: Linux signals the child of a dead parent (`prctl`), and a pipe on
standard input ends on every system when its last writer is gone.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import stat
import sys
import threading
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def watch_parent(on_gone: Callable[[], None]) -> None:
    """Arrange that the process ends with its parent.

    `on_gone` is called on a thread of its own when standard input ends; where that is no pipe, a person
    started the process and only the signal is arranged.
    """
    if sys.platform == "linux":
        before = os.getppid()
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != before:
            on_gone()
            return
    if _is_pipe(0):
        threading.Thread(target=_read_to_end, args=(on_gone,), name="parent", daemon=True).start()


def _read_to_end(on_gone: Callable[[], None]) -> None:
    with contextlib.suppress(OSError):
        while os.read(0, 4096):
            pass
    on_gone()


def _is_pipe(descriptor: int) -> bool:
    try:
        mode = os.fstat(descriptor).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
