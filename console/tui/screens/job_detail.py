"""One job's evidence, asked of the agent when it is opened."""

from __future__ import annotations

from typing import ClassVar

import msgspec
from textual.app import ComposeResult
from textual.geometry import Region, Size

from console.control.wire import JobDetail
from console.protocol.ids import JobId, short
from console.tui.commands import bindings
from console.tui.rows import Row, fit, row, rule, wrap
from console.tui.screens.room import Plan, RoomScreen
from console.tui.views.detail import detail_rows
from console.tui.widgets.page import Page
from console.tui.widgets.panel import Style


class JobScreen(RoomScreen):
    """Timeline, draw proof, verdict, receipt and ledger entries of one attempt."""

    room: ClassVar[str] = "job"
    AUTO_FOCUS = "#page"
    BINDINGS = bindings("job")

    def __init__(self, job: JobId, attempt: int) -> None:
        super().__init__()
        self.job = job
        self.attempt = attempt
        self.detail: JobDetail | None = None
        self.sentence = "asking the agent…"

    def panels(self) -> ComposeResult:
        """One page."""
        yield Page(self._page_rows)

    def plan(self, size: Size) -> Plan:
        """The page fills the screen."""
        placed, top = self.edges(size)
        placed["page"] = (Region(0, top, size.width, max(0, size.height - top - 1)), Style())
        return placed

    def on_mount(self) -> None:
        """Ask for the evidence."""
        super().on_mount()
        self.run_worker(self.load(), exclusive=True, exit_on_error=False)

    async def load(self) -> None:
        """Ask the agent, and show what it says."""
        answer = await self.quarterdeck.source.command("job", {"job": self.job, "attempt": self.attempt})
        self.sentence = answer.sentence
        if answer.ok:
            try:
                self.detail = msgspec.json.decode(answer.result, type=JobDetail)
            except msgspec.MsgspecError as error:
                self.sentence = f"The agent's answer is not understood ({error}). Is it of another version?"
        self.query_one(Page).redraw()

    def _page_rows(self, width: int) -> list[Row]:
        title = rule(f"Job {short(self.job)}, attempt {self.attempt}", width, focus=True)
        if self.detail is None:
            return [title, (), *(row(f"   {line}") for line in wrap(self.sentence, width - 6))]
        return [fit(title, width), *detail_rows(self.detail, width, self.quarterdeck.zone_s)]
