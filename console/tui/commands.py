"""Commands: one class is the key, the palette's entry, the footer's word, the tooltip and the help.

A command's docstring is its explanation everywhere. Its id is what `[screen.keys]` of the configuration
names to give it another key.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding

if TYPE_CHECKING:
    from textual.command import Provider

    from console.tui.app import QuarterdeckApp


class Command(abc.ABC):
    """Something that an operator can do."""

    id: ClassVar[str]
    key: ClassVar[str]
    label: ClassVar[str]
    """The footer's word."""
    footer: ClassVar[bool] = True
    screens: ClassVar[frozenset[str]] = frozenset()
    """Where it exists; empty: everywhere."""

    @classmethod
    def explanation(cls) -> str:
        """What it does, in one sentence."""
        return " ".join((cls.__doc__ or "").split())

    @classmethod
    def words(cls, app: QuarterdeckApp) -> tuple[str, str]:
        """The footer's word and the explanation, as things stand now."""
        return cls.label, cls.explanation()

    @classmethod
    def binding(cls) -> Binding:
        """Its key, for Textual."""
        return Binding(
            cls.key, f"app.do('{cls.id}')", cls.label, show=cls.footer, id=cls.id, tooltip=cls.explanation()
        )

    @classmethod
    @abc.abstractmethod
    def run(cls, app: QuarterdeckApp) -> None:
        """Do it."""


class ShowDeck(Command):
    """Show the Deck: everything at a glance."""

    id, key, label = "deck", "1", "Deck"

    @classmethod
    def run(cls, app: QuarterdeckApp) -> None:
        app.show("deck")


class ShowJobs(Command):
    """Show Jobs: every job that came to this node, with the evidence behind it."""

    id, key, label = "jobs", "2", "Jobs"

    @classmethod
    def run(cls, app: QuarterdeckApp) -> None:
        app.show("jobs")


class ShowEvents(Command):
    """Show Events: what happened on this node, newest first."""

    id, key, label = "events", "8", "Events"

    @classmethod
    def run(cls, app: QuarterdeckApp) -> None:
        app.show("events")


class PauseOrResume(Command):
    """Pause the node, so that it takes no new work; or resume it. Jobs that run are finished either way."""

    id, key, label = "pause", "p", "pause"

    @classmethod
    def words(cls, app: QuarterdeckApp) -> tuple[str, str]:
        switches = app.store.view().state.switches
        return "resume" if switches.paused or switches.draining else cls.label, cls.explanation()

    @classmethod
    def run(cls, app: QuarterdeckApp) -> None:
        app.orders.pause_or_resume()


class Drain(Command):
    """Drain the node: it finishes what runs, takes nothing new, and stops then. Asks first."""

    id, key, label = "drain", "d", "drain"

    @classmethod
    def run(cls, app: QuarterdeckApp) -> None:
        app.orders.drain()


class Filter(Command):
    """Filter the jobs by words; a word after ! must not be there."""

    id, key, label = "filter", "slash", "filter"
    screens = frozenset(("jobs",))

    @classmethod
    def run(cls, app: QuarterdeckApp) -> None:
        app.start_filter()


class Back(Command):
    """Go back to where you came from."""

    id, key, label = "back", "escape", "back"
    screens = frozenset(("jobs", "job", "events"))

    @classmethod
    def run(cls, app: QuarterdeckApp) -> None:
        app.go_back()


class Help(Command):
    """Explain what has the keyboard now, and list every key."""

    id, key, label = "help", "question_mark,f1", "help"

    @classmethod
    def run(cls, app: QuarterdeckApp) -> None:
        app.show_help()


class Palette(Command):
    """Open the palette: every command, found by typing a part of its name."""

    id, key, label = "palette", "ctrl+p", "palette"

    @classmethod
    def run(cls, app: QuarterdeckApp) -> None:
        app.action_command_palette()


class NextTheme(Command):
    """Change to the next theme."""

    id, key, label, footer = "theme", "t", "theme", False

    @classmethod
    def run(cls, app: QuarterdeckApp) -> None:
        app.wardrobe.wear_next()


class Suspend(Command):
    """Put the console aside and go to the shell; `fg` brings it back. The node keeps working."""

    id, key, label, footer = "suspend", "ctrl+z", "to the shell", False

    @classmethod
    def run(cls, app: QuarterdeckApp) -> None:
        app.action_suspend_process()


class RestartEngine(Command):
    """Restart the engine. A job that runs goes to another attempt. Asks first."""

    id, key, label, footer = "restart_engine", "ctrl+r", "restart engine", False

    @classmethod
    def run(cls, app: QuarterdeckApp) -> None:
        app.orders.restart_engine()


class Detach(Command):
    """Leave the console. The node keeps working; `quarterdeck` attaches again."""

    id, key, label = "detach", "q", "detach"

    @classmethod
    def words(cls, app: QuarterdeckApp) -> tuple[str, str]:
        if app.ends_run:
            text = "End the practice run: what is under way is finished and paid, then you get the report."
            return "end run", text
        return cls.label, cls.explanation()

    @classmethod
    def run(cls, app: QuarterdeckApp) -> None:
        app.detach()


COMMANDS: tuple[type[Command], ...] = (
    ShowDeck, ShowJobs, ShowEvents, PauseOrResume, Drain, Filter, Back, Help, Detach, Palette, NextTheme,
    RestartEngine, Suspend,
)  # fmt: skip
BY_ID = {command.id: command for command in COMMANDS}
_KEY_WORDS = {"question_mark": "?", "slash": "/", "escape": "esc", "ctrl+p": "^p", "ctrl+r": "^r"}


def on_screen(name: str) -> list[type[Command]]:
    """The commands that exist on the screen `name`."""
    return [command for command in COMMANDS if not command.screens or name in command.screens]


def key_word(command: type[Command], keymap: Mapping[str, str]) -> str:
    """The key as it is written on screen."""
    key = keymap.get(command.id, command.key).split(",")[0]
    return _KEY_WORDS.get(key, key.replace("ctrl+", "^"))


def unknown_ids(keymap: Mapping[str, str]) -> list[str]:
    """Ids of a configuration that name no command."""
    return [name for name in keymap if name not in BY_ID]


def palette() -> type[Provider]:
    """What the palette searches, loaded when it is first opened."""
    from console.tui.palette import CommandsProvider

    return CommandsProvider
