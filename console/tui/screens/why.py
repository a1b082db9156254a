"""Why: the one reason, and how the time was spent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.geometry import Region, Size

from console.control.timeline import Spell
from console.tui import explanations
from console.tui.commands import bindings
from console.tui.rows import Row
from console.tui.screens.plan_layout import Plan
from console.tui.screens.plans import is_roomy
from console.tui.screens.room import RoomScreen
from console.tui.store import Part, View
from console.tui.views import penalties, spells, timeline, why
from console.tui.views.frame import Frame
from console.tui.widgets.panel import Listing, Panel, Style

_RESTS_ON: frozenset[Part] = frozenset(("reason", "network", "money", "limits", "earnings", "engine", "time"))


class Why(RoomScreen):
    """Reason, remedy, the last day by minute, the last month by day, and every spell."""

    room: ClassVar[str] = "why"
    AUTO_FOCUS = "#spells"
    BINDINGS = bindings("why")

    def panels(self) -> ComposeResult:
        """In the order that Tab takes."""
        yield Listing(
            "spells", self._spells, frozenset(("timeline", "time")),
            lambda state: state.timeline.spells, lambda spell: spell.since_ms,
            help_text=explanations.SPELLS,
        )  # fmt: skip
        yield Panel(
            "why", self._why, _RESTS_ON,
            help_text=explanations.WHY, focusable=True,
        )  # fmt: skip
        yield Panel(
            "strip", self._strip, frozenset(("timeline",)), help_text=explanations.STRIP, focusable=True
        )
        yield Panel(
            "month", self._month, frozenset(("timeline",)), help_text=explanations.MONTH, focusable=True
        )

    def taken(self, view: View, dirty: frozenset[Part]) -> None:
        """A longer reason gets more room."""
        before = self._reason_rows(self.size)
        super().taken(view, dirty)
        if self.is_mounted and self._reason_rows(self.size) != before:
            self.replan()

    def plan(self, size: Size) -> Plan:
        """The notice would say the same again: it stands here only where there is no reason to tell."""
        untold = self.view is None or self.view.phase == "ended" or not self.view.known
        placed, top = self.edges(size, room_for_notice=untold)
        style = Style(roomy=is_roomy(*size))
        edge = 2 if style.roomy else 1
        free = max(0, size.height - top - 1)
        reason = min(free, self._reason_rows(size) + edge)
        strip = min(free - reason, 3 + edge)
        month = 5 + edge if free - reason - strip >= 9 + edge else 0
        at = top
        rest = free - reason - strip - month
        for name, high in (("why", reason), ("strip", strip), ("month", month), ("spells", rest)):
            if high > 0:
                placed[name] = (Region(0, at, size.width, high), style)
                at += high
        return placed

    def do_evidence(self) -> None:
        """Open the penalty that the reason names, or the screen that shows what it rests on."""
        from console.tui.screens.penalty import PenaltyScreen

        state = self.quarterdeck.store.view().state
        found = penalties.behind(state.reason, state.earnings)
        if found is not None:
            self.app.push_screen(PenaltyScreen(found))
        else:
            self.quarterdeck.show(why.room_of(state.reason.code))

    def on_listing_chosen(self, message: Listing.Chosen) -> None:
        """Say what the reason of that spell means."""
        from console.tui.screens.telling import Telling

        spell: Spell = message.item
        if self.view is not None:
            title, rows = spells.whole(spell, self.view, self.quarterdeck.zone_s)
            self.app.push_screen(Telling(title, rows))

    def _reason_rows(self, size: Size) -> int:
        if self.view is None:
            return 1
        return max(1, len(why.why_rows(self.view, size.width - 2, self.quarterdeck.zone_s)))

    def _why(self, view: View, frame: Frame) -> list[Row]:
        return why.why(view, frame, self.quarterdeck.zone_s)

    def _strip(self, view: View, frame: Frame) -> list[Row]:
        return timeline.strip(view, frame, self.quarterdeck.zone_s)

    def _month(self, view: View, frame: Frame) -> list[Row]:
        return spells.month(view, frame, self.quarterdeck.zone_s)

    def _spells(self, listed: Sequence[Spell], view: View, frame: Frame) -> list[Row]:
        return spells.listing(listed, view, frame, self.quarterdeck.zone_s)
