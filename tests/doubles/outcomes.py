"""What each command must be seen to do: one entry per command id, asked after its key was pressed.

A command without an entry fails the walk over all bindings; so does an entry without a command.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from console.tui.app import QuarterdeckApp
from console.tui.screens.choices import Choose
from console.tui.screens.copying import CopyScreen
from console.tui.screens.dialogs import Confirm, HelpScreen
from console.tui.screens.jump import JumpScreen
from console.tui.widgets.panel import Panel
from doubles.console_double import text_of

App = QuarterdeckApp
Outcome = Callable[[App, dict[str, Any]], bool]
"""Given the app, and what was true before the key: `theme`, `room`, and the list `suspended`."""


def toasts(app: App) -> str:
    """Every toast so far, as one text."""
    return " / ".join(note.message for note in app._notifications)


def _room(name: str) -> Outcome:
    return lambda app, before: app.room == name


def _told(words: str) -> Outcome:
    return lambda app, before: words in text_of(app)


OUTCOMES: dict[str, Outcome] = {
    "deck": _room("deck"),
    "jobs": _room("jobs"),
    "verification": _room("verification"),
    "earnings": _room("earnings"),
    "machine": _room("machine"),
    "models": _room("models"),
    "network": _room("network"),
    "events": _room("events"),
    "why": _room("why"),
    "settings": _room("settings"),
    "default_setting": lambda app, before: "takes effect" in toasts(app),
    "jump": lambda app, before: isinstance(app.screen, JumpScreen),
    "copy": lambda app, before: isinstance(app.screen, CopyScreen),
    "fetch": lambda app, before: isinstance(app.screen, Confirm),
    "verify": lambda app, before: "no node to command" in toasts(app),
    "use": lambda app, before: "is served already" in toasts(app),
    "pause": lambda app, before: "Paused" in toasts(app),
    "pause_until": lambda app, before: isinstance(app.screen, Choose) and app.screen.answers.chosen == 0,
    "rules": _told("Paid out"),
    "proofs": _room("jobs"),
    "drain": lambda app, before: isinstance(app.screen, Confirm) and not app.screen.question.agreed,
    "filter": lambda app, before: app.focused is not None and app.focused.id == "filter",
    "evidence": _room("jobs"),
    "range": lambda app, before: app.screen.days == 7,
    "open_statement": _told("Checks made on this machine"),
    "export": lambda app, before: type(app.screen).__name__ == "Choose",
    "sort": _told("JOB▾"),
    "sort_reverse": _told("· reversed"),
    "level": _told("· warnings and errors"),
    "follow": lambda app, before: "following" in text_of(app) and not app.screen.events.paused,
    "probe_machine": lambda app, before: "Probing the machine" in toasts(app),
    "enlarge": lambda app, before: (
        {panel.id for panel in app.screen.query(Panel) if panel.region.area} == {"status", "gauges", "footer"}
    ),
    "show_only": _told("rejected only"),
    "recompute": lambda app, before: (
        app.room == "job" and bool(app.screen.again.checks or "recording" in app.screen.again.sentence)
    ),
    "next_section": lambda app, before: app.screen.page.top > 0,
    "back": _room("deck"),
    "help": lambda app, before: isinstance(app.screen, HelpScreen),
    "palette": lambda app, before: type(app.screen).__name__ == "StillPalette",
    "theme": lambda app, before: app.look.theme.name != before["theme"],
    "restart_engine": lambda app, before: isinstance(app.screen, Confirm),
    "suspend": lambda app, before: before["suspended"] == [True],
    "detach": lambda app, before: app.return_value == "detached",
}
