"""RoomScreen: what every screen has: a status line, the notice, a footer, and panels placed by a plan."""

from __future__ import annotations

import abc
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events
from textual.app import ComposeResult
from textual.geometry import Size
from textual.layout import Layout
from textual.screen import Screen
from textual.widget import Widget

from console.tui.commands import BY_ID, key_word, on_screen
from console.tui.commands.rooms import SCREENS
from console.tui.rows import Row
from console.tui.screens.plan_layout import Plan, PlanLayout, edges_of
from console.tui.screens.plans import SMALL_WIDTH, Placed
from console.tui.store import EVERYTHING, Part, View
from console.tui.views.frame import Frame
from console.tui.views.status import footer_row, notice, notice_rows, status_line
from console.tui.widgets.canvas import Canvas
from console.tui.widgets.panel import Bar, Listing, Notice, Panel

if TYPE_CHECKING:
    from console.tui.app import QuarterdeckApp
    from console.tui.screens.copying import Copyable


class RoomScreen(Screen[None]):
    """A screen of the console. `room` is its name in commands and in the footer."""

    room: ClassVar[str] = ""
    follows_focus: ClassVar[bool] = False
    """Whether a panel gets its place by being given the keyboard."""

    def __init__(self) -> None:
        super().__init__()
        self.view: View | None = None
        self._keys: list[str] = []
        self._places: list[tuple[int, int]] = []
        self._notice_height = -1
        self._plan_layout = PlanLayout()
        self._opening = ExitStack()

    @property
    def quarterdeck(self) -> QuarterdeckApp:
        """The app, by its own type."""
        return cast("QuarterdeckApp", self.app)

    @property
    def layout(self) -> Layout:
        """Placed by the plan, not by a stylesheet."""
        return self._plan_layout

    def compose(self) -> ComposeResult:
        """Status line, notice, the screen's own panels, footer."""
        yield Bar("status", self._status, frozenset(("reason", "money", "node", "network", "time")))
        yield Notice("notice", self._notice, frozenset(("reason", "limits", "time")))
        yield from self.panels()
        yield Bar("footer", self._footer, frozenset(("switches",)))

    def panels(self) -> ComposeResult:
        """The screen's own."""
        yield from ()

    def step_back(self) -> bool:
        """Undo one thing that this screen has to undo, e.g. a filter; false when there is nothing."""
        return False

    def copyable(self) -> list[Copyable]:
        """What an operator may want to copy here, the likeliest first; a screen adds its own before it."""
        from console.tui.screens.copying import Copyable

        things: list[Copyable] = []
        listing = self.focused
        if isinstance(listing, Listing) and listing.cursor >= 0:
            job = getattr(listing.items[listing.cursor], "job", "")
            things += [Copyable("job", job)] if job else []
        state = self.quarterdeck.store.view().state
        named = (("node", state.node.id), ("network", state.network.coordinator), ("home", state.node.home))
        return [*things, *(Copyable(name, text) for name, text in named if text)]

    def perform(self, name: str) -> None:
        """Do what the command `name` of this screen asks: its method `do_<name>`."""
        deed: Callable[[], None] = getattr(self, f"do_{name}")
        deed()

    @property
    def focus_chain(self) -> list[Widget]:
        """Without panels that have no place at this size: nobody would see the keyboard there."""
        chain, placed = super().focus_chain, self.plan(self.size)
        return chain if self.follows_focus else [widget for widget in chain if widget.id in placed]

    @abc.abstractmethod
    def plan(self, size: Size) -> Plan:
        """Where everything stands at this size."""

    def on_mount(self) -> None:
        """Begin with all that is known."""
        self.take(self.quarterdeck.store.view(), EVERYTHING)

    def on_screen_resume(self) -> None:
        """Catch up with what happened while this screen was hidden; painted once, when all has its place."""
        self._opening.close()
        self._opening.enter_context(self.app.batch_update())
        self.call_after_refresh(self._opening.close)
        self.take(self.quarterdeck.store.view(), EVERYTHING)

    def _compositor_refresh(self) -> None:
        """Nothing in part while a repaint of everything is due: it would be written twice."""
        if not (self._repaint_required and self.is_current):
            super()._compositor_refresh()

    def on_screen_suspend(self) -> None:
        """Another screen opens: nothing of this one may hold it back."""
        self._opening.close()

    on_unmount = on_screen_suspend

    @property
    def has_panels(self) -> bool:
        """Whether its panels are there: not while it opens, and no more when it closes."""
        return self.is_mounted and bool(self.query("#footer"))

    def take(self, view: View, dirty: frozenset[Part]) -> None:
        """Show what changed; a screen that still opens takes everything once it has its panels."""
        if self.has_panels:
            self.taken(view, dirty)

    def taken(self, view: View, dirty: frozenset[Part]) -> None:
        """The same, with all panels there; a screen adds its own."""
        self.view = view
        height = len(notice_rows(view, self.size.width)) if self.size else 0
        if height != self._notice_height:
            self._notice_height = height
            self.replan()
        for panel in self.query(Panel):
            panel.take(view, dirty)

    def replan(self) -> None:
        """Place the panels anew; a child asks, since Textual forgets an arrangement for a child only."""
        self.query_one("#status").refresh(layout=True)

    def notice_height(self, size: Size) -> int:
        """Rows that the notice needs now."""
        if self.view is None:
            return 0
        return len(notice_rows(self.view, size.width))

    def edges(self, size: Size, room_for_notice: bool = True) -> tuple[Placed, int]:
        """Status line, notice and footer placed; and the first free row."""
        return edges_of(size, self.notice_height(size) if room_for_notice else 0)

    def _notice(self, view: View, frame: Frame) -> list[Row]:
        return notice(view, frame, key_word(BY_ID["why"], self.quarterdeck.keys))

    def _status(self, view: View, frame: Frame) -> list[Row]:
        return status_line(view, frame, self.quarterdeck.caption)

    def _footer(self, view: View, frame: Frame) -> list[Row]:
        app = self.quarterdeck
        commands = [command for command in on_screen(self.room) if command.footer]
        commands = [command for command in commands if not (command.changes and app.read_only)]
        here = BY_ID[self.room].label if self.room in BY_ID else ""
        keys = [(key_word(command, app.keys), command.words(app)[0]) for command in commands]
        rooms = [i for i, command in enumerate(commands) if command in SCREENS]
        small = frame.width <= SMALL_WIDTH
        # On a small page the way out and the help come first; leaving is always named where it ends a run.
        first = ("help", "detach") if small else ("pause", "drain", "help", "detach")
        needed = [key_word(BY_ID[name], app.keys) for name in first]
        spared = ("help",) if app.ends_run else ("help", "detach")
        terse = [i for i, command in enumerate(commands) if command.id in spared] + rooms[::-1]
        terse = [] if small else terse
        mute = rooms if self.room != "deck" else []
        line, self._places = footer_row(keys, frame.width, here, needed, mute, terse)
        self._keys = [command.id for command in commands]
        return [line]

    def on_click(self, event: events.Click) -> None:
        """A click on the footer is the key that stands there."""
        if event.widget is not None and event.widget.id == "footer":
            for name, (left, right) in zip(self._keys, self._places, strict=True):
                if left <= event.x < right:
                    self.quarterdeck.action_do(name)

    def repaint_all(self) -> None:
        """Everything anew: another theme."""
        for canvas in self.query(Canvas):
            canvas.repaint()
