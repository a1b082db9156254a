"""Starting the console: which mode this terminal can have, and what is said when it is left."""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from console.control.link import Link, Source
from console.settings.config import ScreenConfig
from console.settings.paths import user_themes_dir
from console.settings.terminal import speaks_utf8
from console.tui.frames import frames_per_second


def start(
    source: Source | Path,
    *,
    screen: ScreenConfig,
    plain: bool,
    ends_run: bool,
    farewell: str,
    over: Callable[[], bool],
) -> int:
    """See `console.tui.run`."""
    followed: Source = Link(source) if isinstance(source, Path) else source
    if plain or not sys.stdout.isatty() or os.environ.get("TERM", "dumb") == "dumb":
        from console.tui.plain import follow

        return follow(followed, ascii_only=screen.ascii or not speaks_utf8(), over=over)
    # Nothing of what is imported is garbage: to look for it costs a start some 20 ms, and every later search.
    gc.disable()
    from console.tui.app import QuarterdeckApp

    gc.freeze()
    gc.enable()
    app = QuarterdeckApp(
        followed,
        steady_ms,
        screen,
        hz=frames_per_second(screen.hz, os.environ),
        zone_s=time.localtime().tm_gmtoff,
        ascii_only=not speaks_utf8(),
        theme_folders=(user_themes_dir(),),
        ends_run=ends_run,
        over=over,
    )
    # Over SSH a connection that drops would leave the shell with mouse reports it does not understand.
    result = app.run(mouse=not os.environ.get("SSH_CONNECTION"))
    if result == "detached" and farewell:
        print(farewell)
    return app.return_code or 0


def steady_ms() -> int:
    """Milliseconds that never run backwards."""
    return time.monotonic_ns() // 1_000_000
