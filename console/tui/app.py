"""The app: one source of news, one store, one frame clock, and screens that draw from them."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen, Screen

from console.control.link import Source
from console.control.wire import Snapshot
from console.protocol.ids import JobId
from console.settings.config import ScreenConfig
from console.settings.paths import data_dir
from console.tui.commands import BY_ID, COMMANDS, palette, unknown_ids
from console.tui.fault import tell_fault
from console.tui.frames import FrameClock
from console.tui.look import Wardrobe
from console.tui.orders import Orders
from console.tui.rows import clean
from console.tui.screens.deck import Deck
from console.tui.screens.room import RoomScreen
from console.tui.screens.rooms import open_room
from console.tui.store import ViewStore
from console.tui.themes import Look
from console.tui.widgets.display import GlassApp


class QuarterdeckApp(GlassApp):
    """The console. It owns no node and no truth: leaving it changes nothing.

    `clock` gives milliseconds; `zone_s` is the operator's offset from UTC; without `hz` nothing is drawn
    but by `flush`. `ends_run`: leaving ends a practice run, and is named so; `caption` stands in the status
    line; `over`, asked once a second, closes the console. The result is `"detached"`, `"over"`, or
    `"signal"` when the terminal went away.
    """

    CSS_PATH = "console.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        *(c.binding() for c in COMMANDS if not c.screens),
        Binding("ctrl+c,ctrl+q", "do('detach')", "Leave", show=False, priority=True),
    ]
    COMMANDS = {palette}  # noqa: RUF012
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "f20"
    TITLE = "quarterdeck"

    def __init__(
        self,
        source: Source,
        clock: Callable[[], int],
        settings: ScreenConfig,
        *,
        hz: float | None = None,
        zone_s: int = 0,
        ascii_only: bool = False,
        theme_folders: tuple[Path, ...] = (),
        ends_run: bool = False,
        caption: str = "",
        over: Callable[[], bool] | None = None,
    ) -> None:
        # Under NO_COLOR the terminal's own colours are used, which Textual can then leave out altogether.
        super().__init__(ansi_color="NO_COLOR" in os.environ or None)
        self.animation_level = "none"
        self.source = source
        self.zone_s = zone_s
        self.ends_run = ends_run
        self.read_only = settings.read_only
        self.caption = " · ".join(filter(None, (caption, "READ-ONLY" if self.read_only else "")))
        self._over = over
        self.ascii_only = ascii_only or settings.ascii
        self.keys = {k: v for k, v in settings.keys.items() if k in BY_ID}
        self._unknown_keys = unknown_ids(settings.keys)
        self.store = ViewStore(clock)
        self.frames = FrameClock(hz or 0, self.flush, self.set_interval if hz else None)
        self.orders = Orders(self)
        self.wardrobe = Wardrobe(self, theme_folders, settings.theme, colourless=self.no_color)

    @property
    def look(self) -> Look:
        """The theme in force, ready to draw with."""
        return self.wardrobe.look

    @property
    def room(self) -> str:
        """The name of the screen that has the keyboard, dialogs left aside."""
        rooms = [screen for screen in self.screen_stack if isinstance(screen, RoomScreen)]
        return rooms[-1].room if rooms else ""

    def get_default_screen(self) -> Screen[Any]:
        """The Deck lies under everything."""
        return Deck()

    def on_mount(self) -> None:
        """Begin to listen, and restore the terminal whatever ends us."""
        self.set_keymap(self.keys)
        for name in self._unknown_keys:
            self.say(f"[screen.keys] names {name!r}, which is no command. See ? for their names.", "warning")
        if not self.is_headless:
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGHUP):
                loop.add_signal_handler(number, self.exit, "signal", 128 + number)
        self.app_resume_signal.subscribe(self, lambda _: self.repaint_terminal())
        self.run_worker(self._listen(), group="link", exit_on_error=False)
        self.frames.start()
        if self._over is not None:
            self.set_interval(1.0, self._leave_when_over)
        self.call_after_refresh(self.wardrobe.open)

    def _fatal_error(self) -> None:
        """A fault of ours: Textual would print its trace with the values of all variables."""
        if self._exception is not None:
            self._exit_renderables.append(Text(tell_fault(self._exception, data_dir())))
        self._close_messages_no_wait()

    def _leave_when_over(self) -> None:
        if self._over is not None and self._over():
            self.exit("over")

    async def _listen(self) -> None:
        async for news in self.source.attach():
            fresh = isinstance(news, Snapshot)
            self.store.apply(news)
            if fresh:
                self.flush()

    def flush(self) -> None:
        """Draw what changed since the last time, on the screens that are seen."""
        dirty = self.store.take_dirty()
        if not dirty or not self.screen_stack:
            return
        view = self.store.view()
        for screen in reversed(self.screen_stack):
            if isinstance(screen, RoomScreen):
                screen.take(view, dirty)
            if not isinstance(screen, ModalScreen):
                break

    def say(self, text: str, severity: str = "information") -> None:
        """A toast; its text is data."""
        self.notify(clean(text), severity=severity, timeout=6, markup=False)  # type: ignore[arg-type]

    def action_do(self, name: str) -> None:
        """Run the command `name`, and draw at once what it changed."""
        command = BY_ID[name]
        if command.changes and self.read_only:
            self.say(f"This console is read-only: {command.label} is left to another.", "warning")
        else:
            command.run(self)
        self.flush()

    def perform(self, name: str) -> None:
        """Have the screen in front do what its command `name` asks."""
        if isinstance(self.screen, RoomScreen):
            self.screen.perform(name)

    def show(self, room: str) -> None:
        """Show a screen; the Deck stays below."""
        if room == self.room:
            return
        while len(self.screen_stack) > 1:
            self.pop_screen()
        if room != "deck":
            self.push_screen(open_room(room))

    def open_job(self, job: JobId, attempt: int) -> None:
        """Show one job's evidence."""
        from console.tui.screens.job_detail import JobScreen

        self.push_screen(JobScreen(job, attempt))

    def go_back(self) -> None:
        """Undo what the screen has to undo, e.g. a filter; else leave it."""
        if isinstance(self.screen, RoomScreen) and self.screen.step_back():
            return
        if len(self.screen_stack) > 1:
            self.pop_screen()

    def show_help(self) -> None:
        """Explain what has the keyboard."""
        from console.tui.screens.dialogs import HelpScreen

        focused = self.focused
        title = (focused.id or "").capitalize() if focused is not None else "Help"
        text = getattr(focused, "help_text", "")
        self.push_screen(
            HelpScreen(self.room, {"List": self.room.capitalize(), "Live": "Jobs"}.get(title, title), text)
        )

    def detach(self) -> None:
        """Leave; the node keeps working."""
        self.exit("detached")
