"""The Deck: all at a glance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.geometry import Size

from console.tui import explanations
from console.tui.rows import Row
from console.tui.screens import plans
from console.tui.screens.plan_layout import Plan
from console.tui.screens.room import RoomScreen
from console.tui.store import View
from console.tui.views import jobs, machine, money, small, timeline, verdicts
from console.tui.views.frame import Frame
from console.tui.widgets.job_table import JobTable
from console.tui.widgets.panel import Listing, Panel


class Deck(RoomScreen):
    """Earnings, machine, engine, jobs and verdicts on one screen."""

    room: ClassVar[str] = "deck"
    AUTO_FOCUS = "#live"

    def panels(self) -> ComposeResult:
        """In the order that Tab takes."""
        yield JobTable(
            "live", jobs.live, frozenset(("jobs", "engine", "network", "switches", "time")),
            help_text=explanations.LIVE,
        )  # fmt: skip
        yield Listing(
            "verdicts", verdicts.verdicts, frozenset(("verdicts", "time")), _verdicts, _verdict_key,
            help_text=explanations.VERDICTS,
        )  # fmt: skip
        yield Panel(
            "earnings",
            money.earnings,
            frozenset(("money", "network")),
            help_text=explanations.EARNINGS,
            focusable=True,
        )
        yield Panel(
            "standing",
            money.standing,
            frozenset(("money", "network", "time")),
            help_text=explanations.STANDING,
            focusable=True,
        )
        yield Panel(
            "machine",
            machine.machine,
            frozenset(("machine",)),
            help_text=explanations.MACHINE,
            focusable=True,
        )
        yield Panel(
            "engine",
            machine.engine,
            frozenset(("engine", "time")),
            help_text=explanations.ENGINE,
            focusable=True,
        )
        yield Listing(
            "notes", self._notes, frozenset(("notes",)), _notes, id, help_text="What happened, newest first."
        )
        yield Panel("strip", self._strip, frozenset(("timeline",)), help_text=explanations.STRIP)
        yield Panel(
            "page", small.status_page, frozenset(("money", "engine", "jobs", "reason", "machine", "time"))
        )

    def _strip(self, view: View, frame: Frame) -> list[Row]:
        return timeline.deck_strip(view, frame, self.quarterdeck.zone_s)

    def _notes(self, listed: Sequence[Any], view: View, frame: Frame) -> list[Row]:
        return verdicts.notes(listed, view, frame, self.quarterdeck.zone_s)

    def plan(self, size: Size) -> Plan:
        """One of three plans."""
        wide, high = size
        if plans.is_small(wide, high):
            placed, top = self.edges(size, room_for_notice=False)
            return {**placed, **plans.small(wide, high, top)}
        placed, top = self.edges(size)
        if plans.is_roomy(wide, high):
            return {**placed, **plans.roomy(wide, high, top)}
        return {**placed, **plans.compact(wide, high, top)}

    def on_listing_chosen(self, message: Listing.Chosen) -> None:
        """Open the job behind a row; the events have a screen of their own."""
        if message.panel == "notes":
            self.quarterdeck.show("events")
        else:
            self.quarterdeck.open_job(message.item.job, message.item.attempt)


def _verdicts(state: Any) -> Sequence[Any]:
    return tuple(state.verdicts)


def _notes(state: Any) -> Sequence[Any]:
    return tuple(state.notes)


def _verdict_key(verdict: Any) -> object:
    return verdict.job, verdict.attempt
