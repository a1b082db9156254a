"""Models: the weights on this machine, which of them is served, and what can be done with one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.geometry import Region, Size

from console.control.models import ModelView
from console.control.state import NodeState
from console.tui.commands import bindings
from console.tui.model_orders import ModelOrders
from console.tui.rows import Row
from console.tui.screens import plans
from console.tui.screens.copying import Copyable
from console.tui.screens.plan_layout import Plan
from console.tui.screens.room import RoomScreen
from console.tui.store import Part, View
from console.tui.views import model_detail, models, served, verdicts
from console.tui.views.frame import Frame
from console.tui.widgets.panel import Listing, Panel, Style
from console.tui.widgets.scroll import Scroll

LIST_HELP = (
    "The catalogue's models, and GGUF files of your own: the one that the configuration names, and those "
    "in the models folder. ● is served, → comes with the agent's next start. MEMORY: whether it fits now. "
    "AUDIT: whether answers can be recomputed exactly. f fetches, v verifies, u uses the chosen one; Enter "
    "goes to all that is known of it."
)
DETAIL_HELP = (
    "All that is known of the chosen model. Its SHA-256 is what makes it the group's model; what fits is "
    "reckoned from its header, the configured context and the memory that is free now. Arrows scroll."
)
SERVED_HELP = (
    "What the engine holds now: speed lately against a fixed scale, time to the first token, context of one "
    "sequence, and the numerics profile by which audits compare. The self-test ran when the engine started."
)
LATELY_HELP = "What engine and weights reported, newest first; the screen Events has all of it."
LISTED_MOST = 12
DETAIL_LINES = 14
"""Of a box that holds all about a model with a path of usual length."""
SERVED_LINES = 10
SIDE_BY_SIDE = 160
"""Cells from which the engine stands beside the chosen model and not below it."""


class Models(RoomScreen):
    """The list, the chosen model, and what is served."""

    room: ClassVar[str] = "models"
    AUTO_FOCUS = "#models"
    BINDINGS = bindings("models")

    def panels(self) -> ComposeResult:
        """In the order that Tab takes."""
        yield Listing(
            "models", models.listing, frozenset(("models", "engine")), _listed, lambda model: model.name,
            help_text=LIST_HELP, heads=1,
        )  # fmt: skip
        yield Scroll(
            "detail", "Chosen model", self._detail, frozenset(("models", "engine")), help_text=DETAIL_HELP
        )
        yield Panel(
            "served", served.served, frozenset(("engine", "models", "time")), help_text=SERVED_HELP,
            focusable=True,
        )  # fmt: skip

        yield Panel("lately", self._lately, frozenset(("notes",)), help_text=LATELY_HELP, focusable=True)

    def _lately(self, view: View, frame: Frame) -> list[Row]:
        told = [note for note in view.state.notes if note.room in ("engine", "machine")]
        return verdicts.notes(told, view, frame, self.quarterdeck.zone_s, "Lately, of engine and weights")

    @property
    def listed(self) -> Listing:
        """The list."""
        return self.query_one("#models", Listing)

    @property
    def chosen(self) -> ModelView | None:
        """The model under the cursor."""
        listed = self.listed
        found: ModelView | None = listed.items[listed.cursor] if listed.cursor >= 0 else None
        return found

    def _detail(self, view: View, wide: int) -> list[Row]:
        return model_detail.detail(self.chosen, view, wide)

    def taken(self, view: View, dirty: frozenset[Part]) -> None:
        """Show what changed; the keys' words change with the work that is under way."""
        before = len(self.listed.items) if self.is_mounted else 0
        super().taken(view, dirty)
        if "models" in dirty and self.is_mounted:
            self.query_one("#footer", Panel).redraw()
            if len(self.listed.items) != before:
                self.replan()

    def plan(self, size: Size) -> Plan:
        """List above, the chosen model below it, the engine below or beside them."""
        wide, high = size
        placed, top = self.edges(size)
        room = max(0, high - top - 1)
        if plans.is_small(wide, high):
            return {**placed, **self._small(wide, top, room)}
        style = Style(roomy=plans.is_roomy(wide, high))
        rows = min(max(1, len(self.listed.items)), LISTED_MOST)
        lines = rows + (3 if style.roomy else 2)
        placed["models"] = (Region(0, top, wide, lines), style)
        below = _side_by_side if wide >= SIDE_BY_SIDE else _roomy if style.roomy else _compact
        for name, region in below(wide, room - lines).items():
            placed[name] = (region.translate((0, top + lines)), style)
        return placed

    def _small(self, wide: int, top: int, room: int) -> dict[str, tuple[Region, Style]]:
        """Two panels at most: the one with the keyboard gets the room."""
        name = self.focused.id if self.focused is not None else "models"
        if name == "served":
            return {"served": (Region(0, top, wide, room), Style())}
        lines = 0 if name == "detail" else min(len(self.listed.items) + 2, max(3, room // 2))
        placed = {"detail": (Region(0, top + lines, wide, room - lines), Style())}
        if lines:
            placed["models"] = (Region(0, top, wide, lines), Style())
        return placed

    def on_descendant_focus(self) -> None:
        """Where few panels are seen, the one with the keyboard is among them."""
        if plans.is_small(*self.size):
            self.replan()

    def on_listing_moved(self) -> None:
        """Show all about what is chosen now."""
        self.query_one("#detail", Scroll).action_scroll_by(-1_000_000)

    def on_listing_chosen(self) -> None:
        """Put the keyboard on the chosen model's facts."""
        self.query_one("#detail").focus()

    def step_back(self) -> bool:
        """From the facts back to the list; false if the keyboard is there."""
        if self.focused is self.listed:
            return False
        self.listed.focus()
        return True

    @property
    def orders(self) -> ModelOrders:
        """What is done with a model."""
        return ModelOrders(self.quarterdeck)

    def copyable(self) -> list[Copyable]:
        """The chosen model's hash and path first."""
        model = self.chosen
        mine = (("SHA-256", model.sha256), ("file", model.path), ("model", model.name)) if model else ()
        return [*(Copyable(name, text) for name, text in mine if text), *super().copyable()]

    def do_fetch(self) -> None:
        """Fetch what is chosen; or ask whether to stop what is being fetched."""
        self.orders.fetch(self.chosen)

    def do_verify(self) -> None:
        """Hash what is chosen; or stop the hashing."""
        self.orders.verify(self.chosen)

    def do_use(self) -> None:
        """Serve what is chosen, from the agent's next start on."""
        self.orders.use(self.chosen)


def _listed(state: NodeState) -> Sequence[ModelView]:
    return state.models.models


def _compact(wide: int, high: int) -> dict[str, Region]:
    served = min(5, high)
    return {
        "detail": Region(0, 0, wide, high - served),
        "served": Region(0, high - served, wide, served),
    }


def _roomy(wide: int, high: int) -> dict[str, Region]:
    """What engine and weights reported comes last, where there are three rows left for it."""
    detail = min(DETAIL_LINES, high)
    rest = high - detail
    served = SERVED_LINES if rest - SERVED_LINES >= 5 else rest
    placed = {
        "detail": Region(0, 0, wide, detail),
        "served": Region(0, detail, wide, served),
    }
    if rest > served:
        placed["lately"] = Region(0, detail + served, wide, rest - served)
    return placed


def _side_by_side(wide: int, high: int) -> dict[str, Region]:
    left, tall = wide // 2, min(DETAIL_LINES + 2, high)
    placed = {
        "detail": Region(0, 0, left, tall),
        "served": Region(left, 0, wide - left, tall),
    }
    if high - tall >= 5:
        placed["lately"] = Region(0, tall, wide, high - tall)
    return placed
