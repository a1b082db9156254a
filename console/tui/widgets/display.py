"""An app whose output passes the glass: whatever Textual repaints, only changed cells are written.

With `terminal` the one place that reaches into Textual 8.2.8 (`App._display`, the compositor's updates); the
version is pinned exactly, and tests stand beside it.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import Any, cast

from rich.console import Console, RenderableType
from textual import events
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.app import App
from textual.driver import Driver
from textual.geometry import Size
from textual.screen import Screen

from console.tui.widgets.glass import Glass, Written


class GlassUpdate(CompositorUpdate):
    """An update of Textual's, of which only what is not on the terminal yet is written."""

    def __init__(self, update: ChopsUpdate | LayoutUpdate, glass: Glass) -> None:
        self._update = update
        self._glass = glass

    def render_segments(self, console: Console) -> str:
        """The text for the terminal."""
        update = self._update
        parts = _whole(update, console) if isinstance(update, LayoutUpdate) else _chops(update, console)
        return self._glass.write(parts)


class GlassApp(App[str]):
    """Textual's app with a glass before its terminal."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.glass = Glass()
        self._glass_size = Size(0, 0)

    def get_driver_class(self) -> type[Driver]:
        """Ours where there are terminals that hang up; a browser's, where `quarterdeck web` asks for it."""
        if os.name != "posix" or os.environ.get("TEXTUAL_DRIVER"):
            return super().get_driver_class()
        from console.tui.widgets.terminal import TerminalDriver

        return TerminalDriver

    def on_mount(self) -> None:
        """Look after the terminal, which may go away without a signal."""
        if not self.is_headless:
            self.set_interval(1.0, self._leave_with_terminal)

    def _leave_with_terminal(self) -> None:
        if getattr(self._driver, "gone", False):
            self.exit("signal", 128 + signal.SIGHUP)

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        if isinstance(renderable, (ChopsUpdate, LayoutUpdate)):
            if isinstance(renderable, LayoutUpdate) and renderable.region.size != self._glass_size:
                # What was painted between the terminal's change and this was of the old size.
                self._glass_size = renderable.region.size
                self.glass.forget()
            super()._display(screen, cast("RenderableType", GlassUpdate(renderable, self.glass)))
            return
        if renderable is not None:
            self.glass.forget()
        super()._display(screen, renderable)

    def on_resize(self, event: events.Resize) -> None:
        """A terminal that changed its size may show anything. One that has its old size again, too; Textual
        then paints nothing by itself."""
        if event.size == self.size:
            self.repaint_terminal()
        else:
            self.glass.forget()

    def repaint_terminal(self) -> None:
        """Write everything anew, e.g. after another program wrote over it."""
        self.glass.forget()
        self.refresh(layout=True)


def _whole(update: LayoutUpdate, console: Console) -> Iterator[Written]:
    for y, line in enumerate(update.strips, update.region.y):
        x = update.region.x
        for strip in line:
            yield Written(x, y, strip.render(console))
            x += strip.cell_length


def _chops(update: ChopsUpdate, console: Console) -> Iterator[Written]:
    for y, x1, x2 in update.spans:
        for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            left, right = max(x, x1), min(end, x2)
            if strip is not None and left < right:
                yield Written(left, y, strip.crop(left - x, right - x).render(console))
