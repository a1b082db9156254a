"""llama.cpp's log: warnings and errors go to the engine's log file, the newest are kept to find causes in.

llama.cpp logs about models, memory and devices, never about prompts.
"""

from __future__ import annotations

import ctypes
import sys
from collections import deque

import llama_cpp

_WARN, _ERROR, _CONTINUED = 3, 4, 5
_KEPT_LINES = 60
_recent: deque[str] = deque(maxlen=_KEPT_LINES)
_passing = False


@llama_cpp.llama_log_callback  # type: ignore[untyped-decorator]
def _take(level: int, text: bytes, _user: ctypes.c_void_p) -> None:
    global _passing
    if level != _CONTINUED:
        _passing = level in (_WARN, _ERROR)
    if _passing and text.strip():
        line = text.decode("utf-8", "replace").rstrip()
        _recent.append(line)
        print(line, file=sys.stderr, flush=True)


def listen() -> None:
    """Route llama.cpp's log here, from now on."""
    llama_cpp.llama_log_set(_take, ctypes.c_void_p(0))


def recent() -> list[str]:
    """The newest warnings and errors, oldest first."""
    return list(_recent)
