"""Settings: every key of the configuration, explained, and changed in the file with its comments kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.geometry import Region, Size

from console.settings import edit
from console.settings.config import Config, ConfigError, load
from console.settings.paths import config_file
from console.settings.schema import SETTINGS, TAKES_WORDS, Setting, Value
from console.settings.themes import DEFAULT
from console.settings.values import understood, value_in, written
from console.tui.commands import bindings
from console.tui.rows import Row
from console.tui.screens.ask import Ask
from console.tui.screens.plan_layout import Plan
from console.tui.screens.room import RoomScreen
from console.tui.store import View
from console.tui.views import settings
from console.tui.views.frame import Frame
from console.tui.widgets.panel import Listing, Panel, Style

ABOUT_ROWS = 6


class Settings(RoomScreen):
    """The list, and all about the chosen one."""

    room: ClassVar[str] = "settings"
    AUTO_FOCUS = "#list"
    BINDINGS = bindings("settings")

    def __init__(self) -> None:
        super().__init__()
        self.path = config_file()
        self.config = Config()
        self.trouble = ""
        self._read()

    def panels(self) -> ComposeResult:
        """The list above, the chosen one below."""
        yield Listing(
            "list", self._list, frozenset(("node",)), lambda state: SETTINGS, lambda setting: setting.name,
            help_text=(
                "Every setting of the configuration; ● differs from its default. Enter changes the "
                "chosen one, u takes it back to its default. Comments and order in the file stay."
            ),
        )  # fmt: skip
        yield Panel("about", self._about, frozenset(("node",)))

    @property
    def locked(self) -> bool:
        """Whether the node shown belongs to a practice run, which chooses its settings itself."""
        return self.view is not None and self.view.state.node.practice

    @property
    def chosen(self) -> Setting:
        """The setting under the cursor."""
        return SETTINGS[max(0, self.query_one("#list", Listing).cursor)]

    def _read(self) -> None:
        try:
            self.config, self.trouble = load(self.path), ""
        except ConfigError as error:
            self.trouble = str(error)

    def _list(self, listed: Sequence[Setting], view: View, frame: Frame) -> list[Row]:
        return settings.listing(listed, self.config, frame, self.locked)

    def _about(self, view: View, frame: Frame) -> list[Row]:
        if self.trouble:
            return settings.trouble(self.trouble, frame)
        return settings.about(self.chosen, self.config, str(self.path), frame, self.locked)

    def plan(self, size: Size) -> Plan:
        """The explanation takes what it needs, the list the rest."""
        placed, top = self.edges(size)
        high = max(0, size.height - top - 1)
        below = ABOUT_ROWS if high >= 2 * ABOUT_ROWS else 0
        roomy = Style(roomy=size.width >= 100)
        placed["list"] = (Region(0, top, size.width, high - below), roomy)
        if below:
            placed["about"] = (Region(0, top + high - below, size.width, below), roomy)
        return placed

    def on_listing_moved(self) -> None:
        """Explain what is chosen now."""
        self.query_one("#about", Panel).redraw()

    def on_listing_chosen(self) -> None:
        """Change it: a switch turns, a choice goes on to the next, everything else is typed."""
        app, setting = self.quarterdeck, self.chosen
        if app.read_only:
            app.say("This console is read-only: settings are left to another.", "warning")
        elif self.trouble or setting.kind == "table":
            app.say(self.trouble or f"{setting.explanation} It is {self.path}.", "warning")
        elif setting.kind == "switch":
            self.write(setting, not value_in(self.config, setting))
        elif setting.kind == "choice":
            place = setting.choices.index(str(value_in(self.config, setting)))
            self.write(setting, setting.choices[(place + 1) % len(setting.choices)])
        else:
            self._ask(setting)

    def _ask(self, setting: Setting) -> None:
        def check(typed: str) -> str:
            try:
                understood(setting, typed)
            except ValueError as error:
                return str(error)
            return ""

        def answered(typed: str | None) -> None:
            if typed is not None:
                self.write(setting, understood(setting, typed))

        now = value_in(self.config, setting)
        initial = f"{now:g}" if isinstance(now, float) else str(now)
        self.app.push_screen(Ask(setting.title, setting.explanation, initial, check), answered)

    def write(self, setting: Setting, value: Value) -> None:
        """Have it in the file, and say when it takes effect."""
        self._changed(setting, lambda: edit.set_value(self.path, setting.section, setting.key, value))

    def do_default_setting(self) -> None:
        """Take the chosen one out of the file."""
        setting = self.chosen
        self._changed(setting, lambda: edit.unset(self.path, setting.section, setting.key))

    def _changed(self, setting: Setting, change: Callable[[], Config]) -> None:
        app = self.quarterdeck
        try:
            self.config = change()
        except ConfigError as error:
            app.say(str(error), "error")
            return
        value = value_in(self.config, setting)
        if setting.name == "screen.theme" and (value or DEFAULT) in app.wardrobe.themes:
            app.wardrobe.wear(str(value or DEFAULT))
        app.say(f"{setting.title}: {written(value)}. It {TAKES_WORDS[setting.takes]}.")
        for panel in self.query(Panel):
            panel.redraw()
