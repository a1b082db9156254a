"""The last snapshot that a console saw, kept on disk: so that the next one paints at once, greyed and dated.

It holds what the control protocol holds, so neither prompts nor answers. Losing it loses nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

import msgspec

from console.control.state import NodeState

BYTES_LIMIT = 4 * 1024 * 1024
JOBS_KEPT = 60
"""Enough for any first screen; reading more would cost the start what it is meant to save."""


class LastSeen(msgspec.Struct, frozen=True):
    """A state, and when the agent stood so, milliseconds since 1970."""

    at_ms: int
    state: NodeState


def kept_in(folder: Path, socket: Path) -> Path:
    """Where the last snapshot of the agent behind `socket` lies."""
    return folder / f"{hashlib.sha256(os.fsencode(socket)).hexdigest()[:16]}.json"


def keep(path: Path, at_ms: int, state: NodeState) -> None:
    """Write `state` for the next start; a disk that does not take it is nobody's trouble."""
    short = msgspec.structs.replace(
        state, jobs=state.jobs[:JOBS_KEPT], verdicts=state.verdicts[:JOBS_KEPT], notes=state.notes[:JOBS_KEPT]
    )
    fresh = path.with_suffix(f".{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(msgspec.json.encode(LastSeen(at_ms, short)))
        fresh.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)


def recall(path: Path, now_ms: int) -> LastSeen | None:
    """What was kept, or None: nothing there, damaged, of another version, or from the future."""
    try:
        if path.stat().st_size > BYTES_LIMIT:
            return None
        seen = msgspec.json.decode(path.read_bytes(), type=LastSeen)
    except (OSError, msgspec.MsgspecError):
        return None
    return seen if 0 < seen.at_ms <= now_ms else None
