"""One penalty, or one job whose three columns differ: all that is known, and the way to its evidence."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.geometry import Region, Size

from console.control.earnings import PenaltyView
from console.protocol.ids import short
from console.tui.commands import bindings
from console.tui.rows import Row, fit, rule
from console.tui.screens.copying import Copyable
from console.tui.screens.plan_layout import Plan
from console.tui.screens.room import RoomScreen
from console.tui.views.penalties import Finding, whole
from console.tui.widgets.page import Page
from console.tui.widgets.panel import Style


class PenaltyScreen(RoomScreen):
    """What was taken and why; Enter opens the job."""

    room: ClassVar[str] = "penalty"
    AUTO_FOCUS = "#page"
    BINDINGS: ClassVar[list[object]] = [  # type: ignore[assignment]
        *bindings("penalty"),
        Binding("enter", "evidence", "The job's evidence", show=False),
    ]

    def __init__(self, found: Finding) -> None:
        super().__init__()
        self.found = found

    def panels(self) -> ComposeResult:
        """One page."""
        yield Page(self._page_rows)

    def plan(self, size: Size) -> Plan:
        """The page fills the screen."""
        placed, top = self.edges(size)
        placed["page"] = (Region(0, top, size.width, max(0, size.height - top - 1)), Style())
        return placed

    def copyable(self) -> list[Copyable]:
        """The job and the evidence first."""
        evidence = self.found.evidence if isinstance(self.found, PenaltyView) else ""
        own = (("job", self.found.job), ("evidence", evidence))
        return [*(Copyable(name, text) for name, text in own if text), *super().copyable()]

    def action_evidence(self) -> None:
        """Open the job."""
        self.quarterdeck.open_job(self.found.job, self.found.attempt)

    def _page_rows(self, width: int) -> list[Row]:
        kind = "Penalty" if isinstance(self.found, PenaltyView) else "Difference"
        title = rule(f"{kind} of job {short(self.found.job)}", width, focus=True)
        if self.view is None:
            return [fit(title, width)]
        return [fit(title, width), *whole(self.found, self.view, min(width, 110), self.quarterdeck.zone_s)]
