"""The screens, one key each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from console.tui.commands.base import Command

if TYPE_CHECKING:
    from console.tui.app import QuarterdeckApp


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


class ShowVerification(Command):
    """Show Verification: how the answers were judged, and how near each limit is."""

    id, key, label = "verification", "3", "Verify"

    @classmethod
    def run(cls, app: QuarterdeckApp) -> None:
        app.show("verification")


class ShowEarnings(Command):
    """Show Earnings: what was claimed, accepted and settled, by day and by model."""

    id, key, label = "earnings", "4", "Earn"

    @classmethod
    def run(cls, app: QuarterdeckApp) -> None:
        app.show("earnings")


class ShowMachine(Command):
    """Show Machine: every device's load, memory, heat and power, and who uses it."""

    id, key, label = "machine", "5", "Machine"

    @classmethod
    def run(cls, app: QuarterdeckApp) -> None:
        app.show("machine")


class ShowModels(Command):
    """Show Models: the weights on this machine, and which of them is served."""

    id, key, label = "models", "6", "Models"

    @classmethod
    def run(cls, app: QuarterdeckApp) -> None:
        app.show("models")


class ShowNetwork(Command):
    """Show Network: draws against expectation, the roster, prices and rules."""

    id, key, label = "network", "7", "Net"

    @classmethod
    def run(cls, app: QuarterdeckApp) -> None:
        app.show("network")


class ShowEvents(Command):
    """Show Events: what happened on this node, newest first."""

    id, key, label = "events", "8", "Events"

    @classmethod
    def run(cls, app: QuarterdeckApp) -> None:
        app.show("events")


class ShowWhy(Command):
    """Show why the node is earning or not, what to do, and how it spent its time."""

    id, key, label = "why", "w", "why"
    footer = False

    @classmethod
    def run(cls, app: QuarterdeckApp) -> None:
        app.show("why")


SCREENS: tuple[type[Command], ...] = (
    ShowDeck, ShowJobs, ShowVerification, ShowEarnings, ShowMachine, ShowModels, ShowNetwork, ShowEvents,
)  # fmt: skip
