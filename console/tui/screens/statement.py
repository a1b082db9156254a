"""One epoch's statement, asked of the agent when it is opened and whenever something of it changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import msgspec
from textual.app import ComposeResult
from textual.geometry import Region, Size

from console.control.statement_detail import StatedReceipt, StatementDetail
from console.tui import explanations
from console.tui.commands import bindings
from console.tui.rows import Row, row, rule, wrap
from console.tui.screens.copying import Copyable
from console.tui.screens.job_detail import EvidencePage
from console.tui.screens.plan_layout import Plan
from console.tui.screens.room import RoomScreen
from console.tui.store import Part, View
from console.tui.views import statement
from console.tui.views.frame import Frame
from console.tui.widgets.panel import Listing, Style

BESIDE_FROM, BESIDE_WIDTH = 116, 40
"""From this width on the receipts stand beside the statement."""
PAGE_LEAST = 8


class StatementScreen(RoomScreen):
    """Columns, checks and accounts of one epoch; Enter opens a job whose receipt it counts."""

    room: ClassVar[str] = "statement"
    AUTO_FOCUS = "#counted"
    BINDINGS = bindings("statement")

    def __init__(self, epoch: int) -> None:
        super().__init__()
        self.epoch = epoch
        self.detail: StatementDetail | None = None
        self.sentence = "Asking the agent…"

    def panels(self) -> ComposeResult:
        """The receipts, and the page."""
        yield Listing(
            "counted", self._counted, frozenset(("earnings",)),
            lambda _: () if self.detail is None else self.detail.receipts,
            lambda one: (one.job, one.attempt), help_text=explanations.COUNTED,
        )  # fmt: skip
        page = EvidencePage(self._page_rows, lambda: self.view is not None and self.view.stale)
        page.help_text = explanations.STATEMENT
        yield page

    @property
    def page(self) -> EvidencePage:
        """What is read here."""
        return self.query_one(EvidencePage)

    def plan(self, size: Size) -> Plan:
        """The page, and the receipts beside or below it."""
        placed, top = self.edges(size)
        wide, free = size.width, max(0, size.height - top - 1)
        if wide >= BESIDE_FROM:
            edge = wide - BESIDE_WIDTH
            placed["page"] = (Region(0, top, edge, free), Style())
            placed["counted"] = (Region(edge, top, BESIDE_WIDTH, free), Style(roomy=True))
            return placed
        below = max(0, min(5, free - PAGE_LEAST))
        placed["page"] = (Region(0, top, wide, free - below), Style())
        if below:
            placed["counted"] = (Region(0, top + free - below, wide, below), Style())
        return placed

    def on_mount(self) -> None:
        """Ask for it."""
        super().on_mount()
        self.reload()

    def reload(self) -> None:
        """Ask the agent anew."""
        self.run_worker(self._load(), group="evidence", exclusive=True, exit_on_error=False)

    async def _load(self) -> None:
        answer = await self.quarterdeck.source.command("statement", {"epoch": self.epoch})
        self.sentence = answer.sentence
        if answer.ok:
            try:
                self.detail = msgspec.json.decode(answer.result, type=StatementDetail)
            except msgspec.MsgspecError as error:
                self.sentence = f"The agent's answer is not understood ({error}). Is it of another version?"
        if self.has_panels:
            self.query_one("#counted", Listing).repick()
            self.page.redraw()

    def taken(self, view: View, dirty: frozenset[Part]) -> None:
        """Ask again when what is told of this epoch has changed."""
        super().taken(view, dirty)
        if not dirty & {"earnings", "link"}:
            return
        told = [one for one in view.state.earnings.statements.statements if one.epoch == self.epoch]
        if "link" in dirty or (self.detail is not None and told and told[0] != self.detail.view):
            self.reload()

    def copyable(self) -> list[Copyable]:
        """The names that others know it by."""
        things: list[Copyable] = []
        if self.detail is not None:
            one, name = self.detail.statement, self.detail.view.digest
            roots = (("accounts root", one.accounts_root), ("receipts root", one.receipts_root))
            things = [Copyable("statement", name), *(Copyable(*root) for root in roots)]
        return [*(thing for thing in things if thing.text), *super().copyable()]

    def on_listing_chosen(self, message: Listing.Chosen) -> None:
        """Open the job."""
        self.quarterdeck.open_job(message.item.job, message.item.attempt)

    def _counted(self, listed: Sequence[StatedReceipt], view: View, frame: Frame) -> list[Row]:
        return statement.counted(listed, self.detail, frame)

    def _page_rows(self, width: int) -> list[Row]:
        title = f"Statement of epoch {self.epoch:,}"
        if self.detail is None or self.view is None:
            waiting = (row(f"   {line}") for line in wrap(self.sentence, width - 6))
            return [rule(title, width, focus=self.page.has_focus), (), *waiting]
        rows = statement.statement_rows(self.detail, self.view, width, self.quarterdeck.zone_s)
        below = 1 + len(rows) - self.page.size.height
        title += f" · {below} more below" if below > 0 else ""
        return [rule(title, width, focus=self.page.has_focus), *rows]
