"""Jobs: every job that came to this node, filtered by words; and Events, the node's log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.geometry import Region, Size

from console.control.state import JobView, NodeState, Note
from console.tui.commands import Back, Filter
from console.tui.rows import Row
from console.tui.screens.room import Plan, RoomScreen
from console.tui.store import View
from console.tui.views import jobs, verdicts
from console.tui.views.frame import Frame
from console.tui.widgets.page import FilterLine
from console.tui.widgets.panel import Listing, Panel, Style

WHOLE_ROWS = 4
JOBS_HELP = (
    "Every attempt of a job at this node, live ones first. / filters, Enter opens a job with the evidence "
    "behind it, Escape drops the filter and then goes back."
)


class Jobs(RoomScreen):
    """The list, and the line to filter it."""

    room: ClassVar[str] = "jobs"
    AUTO_FOCUS = "#list"
    BINDINGS = [Filter.binding(), Back.binding()]  # noqa: RUF012

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

    def start_filter(self) -> None:
        """Put the keyboard on the filter line."""
        self.filter_line.focus()

    def on_descendant_focus(self) -> None:
        """The filter line comes with the keyboard."""
        self.replan()

    def on_descendant_blur(self) -> None:
        """And goes with it, unless something was typed."""
        self.replan()

    def drop_filter(self) -> bool:
        """Clear the filter; false if there was none."""
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


class Events(RoomScreen):
    """What happened, newest first, and the whole of the chosen one."""

    room: ClassVar[str] = "events"
    AUTO_FOCUS = "#list"
    BINDINGS = [Back.binding()]  # noqa: RUF012

    def panels(self) -> ComposeResult:
        """The log."""
        yield Listing(
            "list", self._list, frozenset(("notes",)), lambda state: state.notes, id,
            help_text="What happened on this node, newest first: · news, ✓ good, ! needs a look, ✗ an error.",
        )  # fmt: skip
        yield Panel("whole", self._whole, frozenset(("notes",)))

    def _whole(self, view: View, frame: Frame) -> list[Row]:
        listed = self.query_one("#list", Listing)
        chosen = listed.items[listed.cursor] if listed.cursor >= 0 else None
        return verdicts.whole_note(chosen, frame, self.quarterdeck.zone_s)

    def on_listing_moved(self) -> None:
        """Show the whole text of what is chosen now."""
        self.query_one("#whole", Panel).redraw()

    def _list(self, listed: Sequence[Note], view: View, frame: Frame) -> list[Row]:
        return verdicts.notes(listed, view, frame, self.quarterdeck.zone_s, f"Events {len(listed):,}")

    def plan(self, size: Size) -> Plan:
        """The log fills the screen."""
        placed, top = self.edges(size)
        high = max(0, size.height - top - 1)
        whole = WHOLE_ROWS if high >= 2 * WHOLE_ROWS else 0
        placed["list"] = (Region(0, top, size.width, high - whole), Style())
        if whole:
            placed["whole"] = (Region(0, top + high - whole, size.width, whole), Style())
        return placed
