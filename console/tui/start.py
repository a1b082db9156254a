"""Starting the console: which mode this terminal can have, and what is said when it is left."""

from __future__ import annotations

import locale
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from console.control.link import Link, Source
from console.settings.config import ScreenConfig
from console.settings.paths import user_themes_dir
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
    from console.tui.app import QuarterdeckApp, wall_ms

    app = QuarterdeckApp(
        followed,
        wall_ms,
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


def speaks_utf8() -> bool:
    """Whether this terminal's locale can show more than ASCII."""
    return locale.getpreferredencoding(False).lower().replace("-", "") == "utf8" and promises_utf8(
        _environment_at_start()
    )


def promises_utf8(environment: Mapping[str, str]) -> bool:
    """Whether the locale variables name UTF-8; one that is not set promises nothing."""
    names = ("LC_ALL", "LC_CTYPE", "LANG")
    return "utf" in next((environment[name] for name in names if environment.get(name)), "").lower()


def _environment_at_start() -> Mapping[str, str]:
    """The variables as the operator set them: Python itself sets LC_CTYPE when it finds the C locale.

    Only Linux still tells them; elsewhere the present ones are taken.
    """
    try:
        told = Path("/proc/self/environ").read_bytes()
    except OSError:
        return os.environ
    pairs = (item.partition("=") for item in os.fsdecode(told).split("\0"))
    return {name: value for name, _, value in pairs}
