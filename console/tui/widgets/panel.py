"""Panels: canvases that draw from the view, and lists with a cursor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, NamedTuple

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from console.control.state import NodeState
from console.tui.rows import Row
from console.tui.store import Part, View
from console.tui.views.frame import Build, Frame
from console.tui.widgets.canvas import Canvas


class Style(NamedTuple):
    """How the screen's plan wants a panel drawn."""

    roomy: bool = False
    joints: tuple[tuple[int, str], ...] = ()
    divider: bool = False


class Panel(Canvas):
    """A part of a screen that depends on some parts of the state."""

    def __init__(
        self, name: str, build: Build, parts: frozenset[Part], *, help_text: str = "", focusable: bool = False
    ) -> None:
        super().__init__(id=name)
        self._draw_rows = build
        self.parts = parts | {"link"}
        self.help_text = help_text
        self.can_focus = focusable
        self.plan = Style()
        self.view: View | None = None

    def take(self, view: View, dirty: frozenset[Part]) -> None:
        """Show `view` if what changed is shown here."""
        if self.parts & dirty or self.view is None:
            self.view = view
            self.redraw()

    def frame(self, width: int, height: int) -> Frame:
        """The room to draw in."""
        return Frame(width, height, self.has_focus, *self.plan)

    def draw(self, width: int, height: int) -> tuple[Sequence[Row], bool]:
        """The panel's rows for this size."""
        if self.view is None or height == 0:
            return (), False
        return self._draw_rows(self.view, self.frame(width, height)), self.view.stale and self.fades

    fades = True
    """Whether old values look old here."""


class Bar(Panel):
    """A line of its own ground: status line and footer."""

    ground = "bar_text"
    fades = False


class Notice(Panel):
    """What is wrong and what to do: never faded, for it is about now."""

    fades = False


class Listing(Panel):
    """A panel that lists things and lets one be chosen; draws only the rows that are seen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", "move(-1000000)", "First", show=False),
        Binding("end", "move(1000000)", "Last", show=False),
        Binding("enter", "choose", "Open", show=False),
    ]

    class Chosen(Message):
        """Enter was pressed on a thing."""

        def __init__(self, panel: str, item: Any) -> None:
            super().__init__()
            self.panel = panel
            self.item = item

    class Moved(Message):
        """Another thing was chosen."""

    def __init__(
        self,
        name: str,
        build: Callable[[Sequence[Any], View, Frame], list[Row]],
        parts: frozenset[Part],
        pick: Callable[[NodeState], Sequence[Any]],
        key: Callable[[Any], object],
        *,
        help_text: str = "",
        heads: int = 0,
        boxed_heads: int = 0,
    ) -> None:
        """`heads`: rows above the list; `boxed_heads`: so many more where it stands in a box."""
        super().__init__(name, self._listed, parts, help_text=help_text, focusable=True)
        self._build_list = build
        self._pick = pick
        self._key = key
        self._least_heads, self._boxed_heads = heads, boxed_heads
        self.items: Sequence[Any] = ()
        self.chosen: object = None
        self.top = 0

    @property
    def _heads(self) -> int:
        return self._least_heads + (self._boxed_heads if self.plan.roomy else 0)

    @property
    def cursor(self) -> int:
        """Place of the chosen thing; it stays chosen while others come and go."""
        for index, item in enumerate(self.items):
            if self._key(item) == self.chosen:
                return index
        return 0 if self.items else -1

    def take(self, view: View, dirty: frozenset[Part]) -> None:
        """List anew if what is listed changed."""
        if self.view is None or (self.parts - {"time"}) & dirty:
            self.items = self._pick(view.state)
        super().take(view, dirty)

    def repick(self) -> None:
        """List anew because the filter changed."""
        if self.view is not None:
            self.items = self._pick(self.view.state)
            self.top = 0
            self.redraw()

    def _listed(self, view: View, frame: Frame) -> list[Row]:
        cursor = self.cursor
        room = max(1, frame.inner_height - self._heads)
        if self.chosen is None or cursor < 0:
            self.top = 0
        else:
            self.top = min(max(self.top, cursor - room + 1), cursor)
        self.top = max(0, min(self.top, len(self.items) - room))
        shown = cursor if self.has_focus else -1
        return self._build_list(self.items, view, frame._replace(cursor=shown, top=self.top))

    def action_move(self, by: int) -> None:
        """Choose another thing, `by` places away."""
        if self.items:
            self.choose_at(min(max(self.cursor + by, 0), len(self.items) - 1))

    def choose_at(self, place: int) -> None:
        """Choose what stands at `place`; the first is not held on to, so that the newest stays in view."""
        self.chosen = self._key(self.items[place]) if place else None
        self.redraw()
        self.post_message(self.Moved())

    def action_page(self, by: int) -> None:
        """A screenful up or down."""
        self.action_move(by * max(1, self.size.height - 3))

    def action_choose(self) -> None:
        """Say that the thing under the cursor was chosen."""
        if self.cursor >= 0:
            self.post_message(self.Chosen(self.id or "", self.items[self.cursor]))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel moves the cursor."""
        self.action_move(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel moves the cursor."""
        self.action_move(-3)

    def on_click(self, event: events.Click) -> None:
        """A click chooses, a double click opens."""
        row = event.y - 1 - self._heads
        place = self.top + row
        if row >= 0 and place < len(self.items) and event.y < self.size.height - self.plan.roomy:
            self.choose_at(place)
            if event.chain == 2:
                self.action_choose()
