"""The console's screen: a Textual app that draws a node's state and passes the operator's commands on.

It reaches the node through `console.control` alone and owns nothing but what is on screen. No engine, no
agent, no network client and no money that was not told to it may enter.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from console.settings.config import ScreenConfig

if TYPE_CHECKING:
    from console.control.link import Source

DETACHED = "detached: the node keeps working (quarterdeck to attach again)"


def run(source: Source | Path, *, screen: ScreenConfig, practice: bool = False, plain: bool = False) -> int:
    """Show the node behind `source` (its control socket, or a replay) until the operator detaches.

    Line mode is used when asked for, when the output is no terminal, and on a dumb terminal. Returns the
    exit code.
    """
    from console.tui.start import start

    return start(source, screen=screen, practice=practice, plain=plain)
