"""Jobs: every job that came to this node, filtered by words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.geometry import Region, Size

from console.control.state import JobView, NodeState
from console.tui.commands import bindings
from console.tui.rows import Row
from console.tui.screens.room import Plan, RoomScreen
from console.tui.store import View
from console.tui.views import jobs
from console.tui.views.frame import Frame
from console.tui.widgets.page import FilterLine
from console.tui.widgets.panel import Listing, Style

JOBS_HELP = (
    "Every attempt of a job at this node, live ones first. / filters, Enter opens a job with the evidence "
    "behind it, Escape drops the filter and then goes back."
)


class Jobs(RoomScreen):
    """The list, and the line to filter it."""

    room: ClassVar[str] = "jobs"
    AUTO_FOCUS = "#list"
    BINDINGS = bindings("jobs")

    def panels(self) -> ComposeResult:
        """The list; the filter line is placed only while it is used."""
        yield Listing(
            "list", self._list, frozenset(("jobs", "time")), self._pick, lambda job: (job.job, job.attempt),
            help_text=JOBS_HELP, heads=1,
        )  # fmt: skip
        yield FilterLine()

    @property
    def filter_line(self) -> FilterLine:
        """Where the filter is typed."""
        return self.query_one(FilterLine)

    @property
    def filtering(self) -> bool:
        """Whether the filter line is in use."""
        return bool(self.filter_line.text) or self.filter_line.has_focus

    def _pick(self, state: NodeState) -> Sequence[JobView]:
        words = self.filter_line.text
        return jobs.in_order([job for job in state.jobs if jobs.matches(job, words)])

    def _list(self, listed: Sequence[JobView], view: View, frame: Frame) -> list[Row]:
        total = len(view.state.jobs)
        title = f"Jobs {len(listed):,} of {total:,}" if len(listed) != total else f"Jobs {total:,}"
        empty = "No job fits the filter." if total else "No job yet."
        return jobs.listing(listed, view, frame, title, empty)

    def plan(self, size: Size) -> Plan:
        """The list fills what the lines leave."""
        placed, top = self.edges(size)
        wide, high = size
        line = 1 if self.filtering else 0
        placed["list"] = (Region(0, top, wide, max(0, high - top - 1 - line)), Style())
        if line:
            placed["filter"] = (Region(0, high - 2, wide, 1), Style())
        return placed

    def do_filter(self) -> None:
        """Put the keyboard on the filter line."""
        self.filter_line.focus()

    def on_descendant_focus(self) -> None:
        """The filter line comes with the keyboard."""
        self.replan()

    def on_descendant_blur(self) -> None:
        """And goes with it, unless something was typed."""
        self.replan()

    def step_back(self) -> bool:
        """Drop the filter; false if there was none."""
        had = bool(self.filter_line.text)
        self.filter_line.change("")
        return had

    def on_filter_line_changed(self) -> None:
        """List what fits now."""
        self.query_one("#list", Listing).repick()
        self.replan()

    def on_filter_line_done(self) -> None:
        """Back to the list."""
        self.query_one("#list", Listing).focus()

    def on_listing_chosen(self, message: Listing.Chosen) -> None:
        """Open the job."""
        self.quarterdeck.open_job(message.item.job, message.item.attempt)
