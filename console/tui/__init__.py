"""The console's screen: a Textual app that draws a node's state and passes the operator's commands on.

It reaches the node through `console.control` alone and owns nothing but what is on screen. No engine, no
agent, no network client and no money that was not told to it may enter.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from console.settings.config import ScreenConfig

if TYPE_CHECKING:
    from console.control.link import Source

DETACHED = "detached: the node keeps working (quarterdeck to attach again)"


def run(
    source: Source | Path,
    *,
    screen: ScreenConfig,
    plain: bool = False,
    theme: str = "",
    ends_run: bool = False,
    farewell: str = DETACHED,
    caption: str = "",
    over: Callable[[], bool] = lambda: False,
) -> int:
    """Show the node behind `source` (its control socket, or a replay) until the operator leaves.

    Line mode is used when asked for, when the output is no terminal, and on a dumb terminal. `theme` is worn
    whatever the terminal; the one of `screen` gives way where there are only sixteen colours. `ends_run`:
    leaving ends a practice run, which the keys then say; `farewell` is printed when it was left; `caption`
    stands in the status line, e.g. that this is a replay; `over` is asked once a second, and true closes the
    console. Returns the exit code.
    """
    from console.tui.start import start

    return start(
        source,
        screen=screen,
        plain=plain,
        theme=theme,
        ends_run=ends_run,
        farewell=farewell,
        caption=caption,
        over=over,
    )
