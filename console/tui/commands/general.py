"""What an operator can do on every screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from console.tui.commands.base import Command

if TYPE_CHECKING:
    from console.tui.app import QuarterdeckApp

BEYOND_THE_DECK = frozenset(
    (
        "jobs",
        "job",
        "verification",
        "earnings",
        "penalty",
        "statement",
        "machine",
        "models",
        "network",
        "events",
        "why",
        "settings",
    )
)


class PauseOrResume(Command):
    """Pause the node, so that it takes no new work; or resume it. Jobs that run are finished either way."""

    id, key, label = "pause", "p", "pause"
    changes = True

    @classmethod
    def words(cls, app: QuarterdeckApp) -> tuple[str, str]:
        switches = app.store.view().state.switches
        return "resume" if switches.paused or switches.draining else cls.label, cls.explanation()

    @classmethod
    def run(cls, app: QuarterdeckApp) -> None:
        app.orders.pause_or_resume()


class PauseUntil(Command):
    """Pause the node for an hour, until tomorrow morning, or until you resume. Asks which."""

    id, key, label, footer = "pause_until", "P", "pause until", False
    changes = True

    @classmethod
    def run(cls, app: QuarterdeckApp) -> None:
        app.orders.pause_until()


class Drain(Command):
    """Drain the node: it finishes what runs, takes nothing new, and stops then. Asks first."""

    id, key, label = "drain", "d", "drain"
    changes = True

    @classmethod
    def run(cls, app: QuarterdeckApp) -> None:
        app.orders.drain()


class Back(Command):
    """Go back to where you came from."""

    id, key, label = "back", "escape", "back"
    screens = BEYOND_THE_DECK

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
        from console.tui.screens.palette import open_palette

        open_palette(app)


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
    changes = True

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
