"""JobTable: 10,000 jobs in a window; it looks at what changed, and draws what is seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual import events

from console.control.job_book import JobKey, key_of
from console.control.state import JobView
from console.tui.filters import Filter, parse
from console.tui.job_order import JobOrder
from console.tui.rows import Row
from console.tui.store import Part, View
from console.tui.views.frame import Frame
from console.tui.views.job_columns import shown_columns, sort_value
from console.tui.views.jobs import head_at
from console.tui.widgets.panel import Listing

RESORT_MS = 1000
"""Sorted by a figure that moves, rows change places no more often than this: nobody can read a dance."""
BuildTable = Callable[[Sequence[JobView], View, Frame], list[Row]]


class JobTable(Listing):
    """Jobs, live ones first and the newest first, or sorted by a column; those that fit a filter."""

    def __init__(
        self,
        name: str,
        build: BuildTable,
        parts: frozenset[Part],
        *,
        help_text: str = "",
        sortable: bool = False,
    ) -> None:
        super().__init__(name, build, parts, _nothing, key_of, help_text=help_text, heads=1)
        self._sortable = sortable
        self.chosen: JobKey | None = None
        self.sort = ""
        """Head of the column that is sorted by; empty: live ones first, the newest first."""
        self.reverse = False
        self.filter = Filter()
        self._order: JobOrder | None = None
        self._resorted_ms = 0
        self._mark = -1
        self._drawn_version = -1
        self._place = 0
        self._picked: JobKey | None = None
        """What the operator chose: a filter that is being typed may hide it for a moment."""
        self._seen: frozenset[JobKey] = frozenset()

    @property
    def order(self) -> JobOrder | None:
        """The jobs that are listed; None before there is a view."""
        if self.view is None:
            return None
        if self._order is None:
            self._order = self.view.jobs
            if self.sort or self.reverse or any(self.filter):
                value = sort_value(self.sort)
                self._order = JobOrder(self.view.book, value, self.filter, reverse=self.reverse)
            self._resorted_ms, self._drawn_version = 0, -1
        return self._order

    def take(self, view: View, dirty: frozenset[Part]) -> None:
        """Draw anew if something of what is seen changed; a hidden table looks when it is shown again."""
        if self.view is not None and self.view.book is not view.book:
            self._order = None
        first, self.view = self.view is None, view
        if not self.size or not (first or self.parts & dirty):
            return
        if first or dirty & (self.parts - {"jobs"}) or self._changed():
            self.redraw()

    def _changed(self) -> bool:
        """Whether a row that is seen looks another way now, or another job stands there."""
        order = self._caught_up()
        if order is None or order.version != self._drawn_version:
            return True
        _, changed = order.book.since(self._mark)
        return changed is None or not self._seen.isdisjoint(changed)

    def _caught_up(self) -> JobOrder | None:
        """The order with all that happened, but for moves that have to wait."""
        order = self.order
        if order is None or self.view is None:
            return None
        calm = not self.sort or abs(self.view.now_ms - self._resorted_ms) >= RESORT_MS
        if calm:
            self._resorted_ms = self.view.now_ms
        order.catch_up(move=calm)
        return order

    @property
    def cursor(self) -> int:
        """Place of the chosen job; when it is gone, the place where it was."""
        order = self.order
        if not order:
            return -1
        if self.chosen is None:
            return 0
        place = order.place_of(self.chosen)
        return place if place >= 0 else min(self._place, len(order) - 1)

    def _listed(self, view: View, frame: Frame) -> list[Row]:
        order = self._caught_up()
        self.items = order if order is not None else ()
        room = max(1, frame.inner_height - self._heads)
        place = self.cursor
        self._follow(place, room)
        if order is not None:
            if self.chosen is not None and place >= 0:
                self._place, self.chosen = place, order.key_at(place)
            self._drawn_version = order.version
            self._mark, _ = order.book.since(self._mark)
            last = min(len(order), self.top + room)
            self._seen = frozenset(order.key_at(index) for index in range(self.top, last))
        shown = place if self.has_focus else -1
        return self._build_list(self.items, view, frame._replace(cursor=shown, top=self.top))

    def _follow(self, place: int, room: int) -> None:
        """Keep the chosen job where it stands on the screen while others come and go above it."""
        if self.chosen is None:
            self.top = 0
            return
        if place != self._place:
            self.top += place - self._place
        self.top = min(max(self.top, place - room + 1), place)
        self.top = max(0, min(self.top, len(self.items) - room))

    def action_move(self, by: int) -> None:
        """Choose another job, `by` places away."""
        self.items = self._caught_up() or ()
        super().action_move(by)

    def choose_at(self, place: int) -> None:
        """Choose the job that stands at `place` now."""
        self._place = place
        super().choose_at(place)
        self._picked = self.chosen

    def action_choose(self) -> None:
        """Say that the job under the cursor was chosen, unless it has just gone."""
        self.items = self._caught_up() or ()
        super().action_choose()

    def sort_by(self, sort: str, reverse: bool) -> None:
        """Sort by the column with that head, or by none; the chosen job stays chosen."""
        self.sort, self.reverse = sort, reverse
        self._order = None
        self._anew()

    def sort_by_next(self) -> None:
        """The next column that is shown; after the last, live ones first again."""
        heads = ["", *(column.head for column in shown_columns(max(0, self.size.width - 1)))]
        at = heads.index(self.sort) if self.sort in heads else -1
        self.sort_by(heads[(at + 1) % len(heads)], False)

    def filter_by(self, text: str, zone_s: int = 0) -> None:
        """List only what fits; days are those of a calendar `zone_s` seconds ahead of UTC."""
        self.filter = parse(text, self.view.now_ms if self.view is not None else 0, zone_s)
        self._order = None
        order = self._caught_up()
        picked = self._picked
        self.chosen = picked if order and picked and order.place_of(picked) >= 0 else None
        self._anew()

    def _anew(self) -> None:
        self.redraw()
        self.post_message(self.Moved())

    def on_click(self, event: events.Click) -> None:
        """A click on a head sorts by it, another reverses; on a job it chooses, a double click opens."""
        if event.y != self._heads:
            super().on_click(event)
        elif self._sortable and (head := head_at(max(0, self.size.width - 1), event.x)):
            self.sort_by(head, self.sort == head and not self.reverse)


def _nothing(state: object) -> Sequence[JobView]:
    """Jobs come from the book, not from the state."""
    return ()
