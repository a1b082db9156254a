"""The app of first-run setup: one screen, a menu, a form."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar, cast

import msgspec
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from console.control.setup import Choices, MachineFound, ModelChoice, Reached, SetupHost
from console.settings.config import ScreenConfig
from console.settings.paths import user_themes_dir
from console.settings.terminal import speaks_utf8
from console.tui.look import Wardrobe
from console.tui.rows import Row, Span, clean, fit
from console.tui.screens.ask import Ask
from console.tui.setup import fields, views
from console.tui.themes import Look
from console.tui.widgets.canvas import Canvas
from console.tui.widgets.display import GlassApp
from console.tui.widgets.menu import Menu


class Drawn(Canvas):
    """Rows that the app gives for a width and a height."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id)

    def draw(self, width: int, height: int) -> tuple[Sequence[Row], bool]:
        """Whatever the app says."""
        app = self.app
        assert isinstance(app, SetupApp)
        return app.rows_of(self.id or "", width, height), False


class SetupApp(GlassApp):
    """Collects choices; `chosen` holds them when it has ended well."""

    CSS = """
    Screen { background: $background; overflow: hidden; }
    ModalScreen { align: center middle; background: $background 55%; }
    #bar, #foot { height: 1; dock: top; }
    #foot { dock: bottom; }
    #machine { height: 9; }
    #menu { height: 9; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,ctrl+c,ctrl+q", "leave", "Leave", show=False, priority=False),
        Binding("escape", "first_question", "Back", show=False),
    ]
    ENABLE_COMMAND_PALETTE = False
    TITLE = "quarterdeck"

    def __init__(self, host: SetupHost, screen: ScreenConfig) -> None:
        super().__init__()
        self.animation_level = "none"
        self.host = host
        self.ascii_only = screen.ascii or not speaks_utf8()
        self.choices = Choices()
        self.found: MachineFound | None = None
        self.models: tuple[ModelChoice, ...] = ()
        self.reached: Reached | None = None
        self.reaching = False
        self.joining = False
        self.chosen: Choices | None = None
        self.wardrobe = Wardrobe(
            cast("Any", self), (user_themes_dir(),), screen.theme, colourless=self.no_color
        )

    @property
    def look(self) -> Look:
        """The theme in force."""
        return self.wardrobe.look

    def say(self, text: str, severity: str = "information") -> None:
        """A toast; its text is data."""
        self.notify(clean(text), severity=severity, timeout=6, markup=False)  # type: ignore[arg-type]

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield Drawn("bar")
        yield Drawn("machine")
        yield Menu("What would you like?", views.WAYS, id="menu")
        yield Drawn("words")
        yield Drawn("foot")

    def on_mount(self) -> None:
        """Look at the machine beside the first question."""
        self.query_one(Menu).focus()
        self.run_worker(self._look, thread=True, exit_on_error=False)

    def _look(self) -> None:
        models = self.host.models()
        self.call_from_thread(self._learned, None, models)
        self.call_from_thread(self._learned, self.host.look(), models)

    def _learned(self, found: MachineFound | None, models: tuple[ModelChoice, ...]) -> None:
        self.found, self.models = found, models
        self._redraw()

    def rows_of(self, name: str, width: int, height: int) -> list[Row]:
        """The rows of the part `name`."""
        if name == "machine":
            return views.machine_rows(self.found, width, height)
        if name == "words":
            if not self.joining:
                return []
            return views.word_rows(self.reached, self.reaching, self.host.config_path, width)
        keys = " ↑↓ move  enter choose  esc back  q leave"
        text = " quarterdeck  first run" if name == "bar" else keys
        return [fit((Span(text, "bar_strong" if name == "bar" else "bar_text"),), width, "bar_text")]

    def _redraw(self) -> None:
        if self.joining:
            items = views.form_items(self.choices, self.reached, self.reaching, self.models)
            self.query_one(Menu).show(items, "Join a network")
        else:
            self.query_one(Menu).show(views.WAYS, "What would you like?")
        for part in self.query(Drawn):
            part.redraw()

    def on_menu_chosen(self, message: Menu.Chosen) -> None:
        """Go on with what was chosen."""
        match message.name:
            case "practice":
                self._end(msgspec.structs.replace(self.choices, purpose="practice"))
            case "join":
                self.joining = True
                self._redraw()
            case "start":
                self._end(msgspec.structs.replace(self.choices, purpose="join"))
            case "leave":
                self.action_leave()
            case "back":
                self.action_first_question()
            case "model":
                self._next_model()
            case name:
                self._ask(name)

    def _next_model(self) -> None:
        if self.models:
            self._choose(fields.with_next_model(self.choices, self.models))

    def _ask(self, field: str) -> None:
        setting = fields.setting_of(field)

        def answered(typed: str | None) -> None:
            if typed is not None:
                self._choose(fields.with_typed(self.choices, setting, typed))
                if field == "coordinator":
                    self._reach(self.choices.coordinator)

        initial, check = fields.initial(self.choices, setting), partial(fields.wrong_with, setting)
        self.push_screen(Ask(setting.title, setting.explanation, initial, check), answered)

    def _choose(self, choices: Choices) -> None:
        self.choices = choices
        self._redraw()

    def _reach(self, address: str) -> None:
        self.reached, self.reaching = None, bool(address)
        self._redraw()
        if address:
            self.run_worker(
                lambda: self._asked(address), thread=True, exclusive=True, group="reach", exit_on_error=False
            )

    def _asked(self, address: str) -> None:
        reached = self.host.reach(address)
        self.call_from_thread(self._answered, address, reached)

    def _answered(self, address: str, reached: Reached) -> None:
        if address == self.choices.coordinator:
            self.reached, self.reaching = reached, False
            self._redraw()

    def _end(self, choices: Choices) -> None:
        self.chosen = choices
        self.exit("chosen")

    def action_first_question(self) -> None:
        """From the form to the first question; from there, nowhere."""
        self.joining = False
        self._redraw()

    def action_leave(self) -> None:
        """Nothing was written."""
        self.exit("left")
