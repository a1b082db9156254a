"""What a node is told when the coordinator ends its connection, and what the log is."""

from __future__ import annotations

import asyncio
import logging

from console.coordinator.nodes.sessions import Session
from console.coordinator.nodes.sign_in import clean
from console.coordinator.store import StoreError
from console.protocol.frames import FrameError
from console.protocol.ids import short
from console.protocol.lines import LineError
from console.protocol.messages import Refused

log = logging.getLogger(__name__)


def last_word(ended: asyncio.Task[None], session: Session) -> Refused | None:
    """What the node is told as `ended`, a task that is done, ends its connection; None: nothing."""
    error = ended.exception()
    if isinstance(error, FrameError):
        log.warning("node %s: connection ended: %s", short(session.node), loggable(error))
        return refused_frame(error)
    if isinstance(error, StoreError):
        log.error("%s", error)
        return Refused("coordinator_failed", str(error), "Sign in again in a moment.")
    if error is not None and not isinstance(error, LineError):
        log.error("node %s: %s", short(session.node), type(error).__name__, exc_info=error)
    return None


def refused_frame(error: FrameError) -> Refused:
    """For a frame that cannot be accepted."""
    return Refused(
        "frame_refused",
        f"The network cannot accept what this node sent: {clean(str(error), 200)}.",
        "Check that node and network run the same version of Quarterdeck.",
    )


def loggable(error: FrameError) -> str:
    """Without what the peer wrote, which is quoted: it could be a prompt."""
    return str(error).partition("'")[0][:200]
