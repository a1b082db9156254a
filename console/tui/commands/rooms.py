"""The screens, one key each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from console.tui.commands.base import Command

if TYPE_CHECKING:
    from console.tui.app import QuarterdeckApp


class ShowRoom(Command):
    """Shows the screen of its own id."""

    @classmethod
    def run(cls, app: QuarterdeckApp) -> None:
        app.show(cls.id)


class ShowDeck(ShowRoom):
    """Show the Deck: everything at a glance."""

    id, key, label = "deck", "1", "Deck"


class ShowJobs(ShowRoom):
    """Show Jobs: every job that came to this node, with the evidence behind it."""

    id, key, label = "jobs", "2", "Jobs"


class ShowVerification(ShowRoom):
    """Show Verification: how the answers were judged, and how near each limit is."""

    id, key, label = "verification", "3", "Verify"


class ShowEarnings(ShowRoom):
    """Show Earnings: what was claimed, accepted and settled, by day and by model."""

    id, key, label = "earnings", "4", "Earn"


class ShowMachine(ShowRoom):
    """Show Machine: every device's load, memory, heat and power, and who uses it."""

    id, key, label = "machine", "5", "Machine"


class ShowModels(ShowRoom):
    """Show Models: the weights on this machine, and which of them is served."""

    id, key, label = "models", "6", "Models"


class ShowNetwork(ShowRoom):
    """Show Network: draws against expectation, the roster, prices and rules."""

    id, key, label = "network", "7", "Net"


class ShowEvents(ShowRoom):
    """Show Events: what happened on this node, newest first."""

    id, key, label = "events", "8", "Events"


class ShowWhy(ShowRoom):
    """Show why the node is earning or not, what to do, and how it spent its time."""

    id, key, label = "why", "w", "why"
    footer = False


SCREENS: tuple[type[Command], ...] = (
    ShowDeck, ShowJobs, ShowVerification, ShowEarnings, ShowMachine, ShowModels, ShowNetwork, ShowEvents,
)  # fmt: skip
