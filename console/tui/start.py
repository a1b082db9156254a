"""Starting the console: which mode this terminal can have, and what is said when it is left."""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from console.control.last_seen import keep, kept_in, recall
from console.control.link import Link, Source
from console.settings.config import ScreenConfig
from console.settings.paths import last_seen_dir, user_themes_dir
from console.settings.terminal import (
    COLOUR_SYSTEMS,
    colour_depth,
    dark_ground,
    shows_glyphs,
    speaks_utf8,
    takes_mouse,
)
from console.settings.themes import shipped_folder, suited
from console.tui.frames import frames_per_second
from console.tui.store import ViewStore


def start(
    source: Source | Path,
    *,
    screen: ScreenConfig,
    plain: bool,
    theme: str,
    ends_run: bool,
    farewell: str,
    caption: str,
    over: Callable[[], bool],
) -> int:
    """See `console.tui.run`."""
    followed: Source = Link(source) if isinstance(source, Path) else source
    served = in_browser()
    if not served and (plain or not sys.stdout.isatty() or os.environ.get("TERM", "dumb") == "dumb"):
        from console.tui.plain import follow

        return follow(
            followed,
            ascii_only=screen.ascii or not speaks_utf8(),
            read_only=screen.read_only,
            farewell=farewell,
            over=over,
        )
    folders = (user_themes_dir(),)
    worn = prepare_colours(screen.theme, theme, folders)
    # Nothing of what is imported is garbage: to look for it costs a start some 20 ms, and every later search.
    gc.disable()
    from console.tui.app import QuarterdeckApp

    gc.freeze()
    gc.enable()
    app = QuarterdeckApp(
        followed,
        steady_ms,
        msgspec.structs.replace(screen, theme=worn),
        hz=frames_per_second(screen.hz, os.environ),
        zone_s=time.localtime().tm_gmtoff,
        ascii_only=not (served or shows_glyphs(os.environ)),
        theme_folders=folders,
        ends_run=ends_run,
        caption=caption,
        over=over,
    )
    kept = kept_in(last_seen_dir(), source) if isinstance(source, Path) and not ends_run else None
    if kept is not None:
        recall_into(app.store, kept)
    result = app.run(mouse=takes_mouse(screen.mouse, os.environ))
    if kept is not None and app.store.heard:
        view = app.store.view()
        keep(kept, view.now_ms, view.state)
    if result == "detached" and farewell and not served:
        print(farewell)
    return app.return_code or 0


def recall_into(store: ViewStore, kept: Path) -> None:
    """Show what the last console saw of this agent, until the agent speaks."""
    now_ms = round(time.time() * 1000)
    seen = recall(kept, now_ms)
    if seen is not None:
        store.recall(seen.state, seen.at_ms, now_ms - seen.at_ms)


def in_browser() -> bool:
    """Whether the screen is a browser's: `quarterdeck web` started this process."""
    return "web_driver" in os.environ.get("TEXTUAL_DRIVER", "")


def prepare_colours(configured: str, asked: str, folders: tuple[Path, ...]) -> str:
    """Tell Textual how many colours there are, before it is imported; the name of the theme to wear."""
    depth = colour_depth(os.environ)
    if depth != "none":
        os.environ["TEXTUAL_COLOR_SYSTEM"] = COLOUR_SYSTEMS[depth]
    if os.environ.get("NO_COLOR") == "":
        # Set but empty means nothing, says the convention; Textual would take it for a wish.
        del os.environ["NO_COLOR"]
    return asked or suited(
        configured,
        few_colours=depth == "16",
        dark_ground=dark_ground(os.environ),
        folders=(shipped_folder(), *folders),
    )


def steady_ms() -> int:
    """Milliseconds that never run backwards."""
    return time.monotonic_ns() // 1_000_000
