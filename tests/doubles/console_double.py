"""A console without terminal, clock or agent: the app on a recording, flushed only when told."""

from __future__ import annotations

import asyncio
from pathlib import Path

from textual.app import App
from textual.command import CommandList, CommandPalette
from textual.pilot import Pilot

from console.control.recording import read
from console.control.replay import Replay
from console.settings.config import ScreenConfig
from console.tui.app import QuarterdeckApp
from console.tui.picture import StillClock

RECORDINGS = Path(__file__).parent.parent / "recordings"


def console_on(name: str, settings: ScreenConfig | None = None, **more: object) -> QuarterdeckApp:
    """The app on the recording `name`; its clock is `app.clock`, its source `app.source`."""
    clock = StillClock()
    app = QuarterdeckApp(
        Replay(read(RECORDINGS / f"{name}.jsonl"), speed=0), clock, settings or ScreenConfig(), **more
    )
    app.clock = clock
    return app


async def settle(pilot: Pilot[str], later_ms: int = 0) -> None:
    """All of the recording taken, every order answered, everything drawn."""
    app = pilot.app
    async with asyncio.timeout(20):
        await app.source.finished.wait()
        while _palette_is_empty(app):  # it may not have begun to look for its commands yet
            await asyncio.sleep(0.01)
        for worker in [worker for worker in app.workers if worker.group != "link"]:
            await worker.wait()
    app.clock.ms += later_ms
    app.flush()
    await pilot.pause()


def _palette_is_empty(app: App[str]) -> bool:
    if not CommandPalette.is_open(app):
        return False
    return not any(commands.option_count for commands in app.screen.query(CommandList))


def text_of(app: QuarterdeckApp) -> str:
    """What stands on the screen, row by row."""
    widgets, screen = app.screen._compositor, app.screen
    strips = widgets.render_strips(screen.size)
    return "\n".join(strip.text for strip in strips)
