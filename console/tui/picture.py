"""Pictures of the console from a recording, without a terminal: for docs and bug reports."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from console.control.recording import read
from console.control.replay import Replay
from console.settings.config import ScreenConfig
from console.tui.app import QuarterdeckApp

PATIENCE_S = 10.0
"""Far longer than a recording takes to be read; an app that failed to start must not be waited for."""


class StillClock:
    """A clock that stands until it is set on."""

    def __init__(self, ms: int = 1_000_000) -> None:
        self.ms = ms

    def __call__(self) -> int:
        return self.ms


def picture(
    recording: Path,
    size: tuple[int, int],
    out_svg: Path,
    *,
    keys: Sequence[str] = (),
    settings: ScreenConfig | None = None,
    later_ms: int = 0,
) -> None:
    """Write an SVG of the console after the whole of `recording`, `keys` pressed and `later_ms` gone by.

    Raises:
        RecordingError: the recording cannot be used.
        OSError: the picture cannot be written.
    """
    source = Replay(read(recording), speed=0)
    clock = StillClock()
    app = QuarterdeckApp(source, clock, settings or ScreenConfig())

    async def take() -> str:
        async with app.run_test(size=size) as pilot:
            async with asyncio.timeout(PATIENCE_S):
                await source.finished.wait()
            clock.ms += later_ms
            app.flush()
            await pilot.press(*keys)
            for worker in [worker for worker in app.workers if worker.group != "link"]:
                await worker.wait()
            await pilot.pause()
            return app.export_screenshot(title="quarterdeck")

    out_svg.write_text(asyncio.run(take()), encoding="utf-8")
