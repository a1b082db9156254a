"""Jobs: every job that came to this node, sorted by a column, filtered by words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult

from console.control.state import JobView
from console.tui.commands import bindings
from console.tui.rows import Row
from console.tui.screens.filtered import FilteredScreen
from console.tui.store import View
from console.tui.views import jobs
from console.tui.views.frame import Frame
from console.tui.views.job_columns import shown_columns
from console.tui.widgets.job_table import JobTable
from console.tui.widgets.page import FilterLine
from console.tui.widgets.panel import Listing

JOBS_HELP = (
    "Every attempt of a job at this node, live ones first and the newest first. s sorts by the next column, "
    "S turns the order round; / filters by words; Enter opens a job with the evidence behind it. Escape "
    "drops the filter and then goes back. Of the jobs that are over, the last 500 are kept here; "
    "`quarterdeck jobs` lists them all."
)
SEARCHED = "a job's id, state, verdict, fault or sentence"


class Jobs(FilteredScreen):
    """The table, and the line to filter it."""

    room: ClassVar[str] = "jobs"
    BINDINGS = bindings("jobs")

    def panels(self) -> ComposeResult:
        """The table; the filter line is placed only while it is used."""
        yield JobTable(
            "list",
            self._list,
            frozenset(("jobs", "engine", "network", "switches", "time")),
            help_text=JOBS_HELP,
            sortable=True,
        )
        yield FilterLine(SEARCHED)

    @property
    def table(self) -> JobTable:
        """The jobs."""
        return self.query_one("#list", JobTable)

    def _list(self, listed: Sequence[JobView], view: View, frame: Frame) -> list[Row]:
        total, table = len(view.book), self.table
        title = f"Jobs {total:,}" if view.known else "Jobs"
        if any(table.filter):
            title = f"Jobs {len(listed):,} of {total:,}"
        elif view.book.live_count:
            title += f" · {view.book.live_count:,} live"
        title += _hidden_sort(table, frame.inner_width)
        empty = "No job fits the filter. Escape drops it." if total else jobs.why_empty(view)
        sort = (table.sort, table.reverse)
        return jobs.listing(listed, view, frame, title, empty, sort=sort, position=True)

    def filter_by(self, text: str) -> None:
        """List the jobs that fit."""
        self.table.filter_by(text, self.quarterdeck.zone_s)

    def do_sort(self) -> None:
        """Sort by the next column."""
        self.table.sort_by_next()

    def do_sort_reverse(self) -> None:
        """The other way round."""
        self.table.sort_by(self.table.sort, not self.table.reverse)

    def on_listing_chosen(self, message: Listing.Chosen) -> None:
        """Open the job."""
        self.quarterdeck.open_job(message.item.job, message.item.attempt)


def _hidden_sort(table: JobTable, width: int) -> str:
    """The order of the rows, where no head of a column shows it."""
    if table.sort in {column.head for column in shown_columns(width)}:
        return ""
    words = f" · by {table.sort.lower()}" if table.sort else ""
    return words + (" · reversed" if table.reverse else "")
