"""Earnings: what the work came to, by range, by day and by model; statements; penalties; and CSV."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.geometry import Region, Size

from console.control.earnings import PenaltyView
from console.tui import explanations
from console.tui.commands import bindings
from console.tui.exporting import Export
from console.tui.rows import Row
from console.tui.screens.earnings_plan import compact, roomy
from console.tui.screens.plan_layout import Plan
from console.tui.screens.plans import is_roomy
from console.tui.screens.room import RoomScreen
from console.tui.store import Part, View
from console.tui.views import days, earnings, model_earnings, penalties, rates, statements
from console.tui.views.frame import Frame
from console.tui.widgets.panel import Listing, Panel

_FIGURES: frozenset[Part] = frozenset(("earnings", "money", "network"))


class Earnings(RoomScreen):
    """Money by range of days and by model, the epochs' statements, and what was taken away."""

    room: ClassVar[str] = "earnings"
    AUTO_FOCUS = "#penalties"
    BINDINGS = bindings("earnings")

    def __init__(self) -> None:
        super().__init__()
        self.days = days.RANGES[0]
        """Days of the range that is shown."""

    def panels(self) -> ComposeResult:
        """In the order that Tab takes."""
        yield Listing(
            "penalties", self._penalties, frozenset(("earnings", "time")),
            lambda state: penalties.findings(state.earnings),
            lambda found: (type(found) is PenaltyView, found.job, found.attempt),
            help_text=explanations.PENALTIES,
        )  # fmt: skip
        yield Listing(
            "statements", self._statements, frozenset(("earnings",)),
            lambda state: statements.items(state.earnings.statements), statements.key_of,
            help_text=explanations.STATEMENTS, boxed_heads=1,
        )  # fmt: skip
        for name, build, text in (
            ("summary", self._summary, explanations.COLUMNS),
            ("earned", self._earned, explanations.COLUMNS),
            ("accounts", self._accounts, explanations.ACCOUNTS),
            ("today", self._today, explanations.DAYS),
            ("days", self._days, explanations.DAYS),
            ("rates", self._rates, explanations.RATES),
            ("models", model_earnings.models, explanations.MODEL_EARNINGS),
        ):
            yield Panel(name, build, _FIGURES, help_text=text, focusable=True)

    def plan(self, size: Size) -> Plan:
        """One of two plans."""
        placed, top = self.edges(size)
        free = Region(0, top, size.width, max(0, size.height - top - 1))
        if is_roomy(*size):
            return {**placed, **roomy(free)}
        return {**placed, **compact(free, self._lines(size))}

    def taken(self, view: View, dirty: frozenset[Part]) -> None:
        """More figures get more room."""
        changed = bool(dirty & (_FIGURES | {"link"}))
        before = self._lines(self.size) if changed else 0
        super().taken(view, dirty)
        if changed:
            self._make_room(before)

    def _lines(self, size: Size) -> int:
        if self.view is None:
            return 1
        zone_s = self.quarterdeck.zone_s
        return len(earnings.summary_rows(self.view, size.width - 1, zone_s, self.days))

    def _make_room(self, before: int) -> None:
        if self.is_mounted and self._lines(self.size) != before:
            self.replan()

    def do_range(self) -> None:
        """The next range."""
        places, before = days.RANGES, self._lines(self.size)
        self.days = places[(places.index(self.days) + 1) % len(places)]
        for name in ("summary", "earned", "days", "rates"):
            self.query_one(f"#{name}", Panel).redraw()
        self._make_room(before)

    def do_export(self) -> None:
        """Ask for month and file, and write it."""
        Export(self.quarterdeck).begin()

    def do_open_statement(self) -> None:
        """The chosen statement; the first one while none is."""
        listing = self.query_one("#statements", Listing)
        if listing.cursor < 0:
            self.quarterdeck.say("No epoch has been stated yet, so there is nothing to open.")
        else:
            self._open_statement(listing.items[listing.cursor])

    def _open_statement(self, item: statements.Item) -> None:
        from console.tui.screens.statement import StatementScreen

        self.app.push_screen(StatementScreen(item.epoch))

    def on_listing_chosen(self, message: Listing.Chosen) -> None:
        """Open the statement, the penalty or the difference; from there it goes on to the job."""
        if message.panel == "statements":
            self._open_statement(message.item)
            return
        from console.tui.screens.penalty import PenaltyScreen

        self.app.push_screen(PenaltyScreen(message.item))

    def _summary(self, view: View, frame: Frame) -> list[Row]:
        return earnings.summary(view, frame, self.quarterdeck.zone_s, self.days)

    def _earned(self, view: View, frame: Frame) -> list[Row]:
        return earnings.earned(view, frame, self.quarterdeck.zone_s, self.days)

    def _accounts(self, view: View, frame: Frame) -> list[Row]:
        return earnings.accounts(view, frame, self.quarterdeck.zone_s)

    def _days(self, view: View, frame: Frame) -> list[Row]:
        alone = is_roomy(*self.size) and self.days == days.RANGES[0]
        return days.bars(view, frame, self.quarterdeck.zone_s, days.RANGES[-1] if alone else self.days)

    def _today(self, view: View, frame: Frame) -> list[Row]:
        return days.today(view, frame, self.quarterdeck.zone_s)

    def _rates(self, view: View, frame: Frame) -> list[Row]:
        return rates.rates(view, frame, self.quarterdeck.zone_s, self.days)

    def _statements(self, listed: Sequence[statements.Item], view: View, frame: Frame) -> list[Row]:
        return statements.listing(listed, view, frame, self.quarterdeck.zone_s)

    def _penalties(self, listed: Sequence[penalties.Finding], view: View, frame: Frame) -> list[Row]:
        return penalties.listing(listed, view, frame, self.quarterdeck.zone_s)
