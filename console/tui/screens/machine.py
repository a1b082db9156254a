"""Machine: every device's load, memory, heat and power, who uses it, and what llama.cpp can use of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.widget import Widget

from console.control.state import NodeState
from console.tui.commands import bindings
from console.tui.rows import Row
from console.tui.screens import machine_plan, plans
from console.tui.screens.plan_layout import Plan
from console.tui.screens.room import RoomScreen
from console.tui.store import Part, View
from console.tui.views import device_facts, device_gauges, device_users, device_words, devices, slots
from console.tui.views.devices import Device
from console.tui.views.frame import Frame
from console.tui.widgets.panel import Listing, Panel, Style
from console.tui.widgets.scroll import Scroll

_ORDER = {"devices": 0, "gauges": 1, "engine": 2, "users": 3, "facts": 4}


class Gauges(Panel):
    """The chosen device; the arrows choose another one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "screen.choose(-1)", "Up", show=False),
        Binding("down,j", "screen.choose(1)", "Down", show=False),
    ]


class EnginePanel(Scroll):
    """The engine's slots; Enter shows the launch plan with its reasons, and the arrows move through it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "screen.enlarge", "Launch plan", show=False),
    ]

    def _window(self, view: View, frame: Frame) -> list[Row]:
        large = isinstance(self.screen, Machine) and self.screen.large
        return super()._window(view, frame) if large else slots.slots(view, frame)


class Machine(RoomScreen):
    """Devices, the gauges of the chosen one, the engine's slots, who uses it, and driver beside runtime."""

    room: ClassVar[str] = "machine"
    follows_focus: ClassVar[bool] = True
    AUTO_FOCUS = "*"
    BINDINGS = bindings("machine")

    def __init__(self) -> None:
        super().__init__()
        self.large = False
        """Whether the panel with the keyboard has the whole screen."""

    def panels(self) -> ComposeResult:
        """In the order that Tab takes."""
        yield Listing(
            "devices", devices.listing, frozenset(("machine",)), _several, lambda device: device.place,
            help_text=device_words.LIST, heads=1,
        )  # fmt: skip
        yield Gauges(
            "gauges", self._gauges, frozenset(("machine",)), help_text=device_words.GAUGES, focusable=True
        )
        yield EnginePanel(
            "engine",
            slots.TITLE,
            slots.page,
            frozenset(("engine", "plan", "time")),
            help_text=device_words.ENGINE,
        )
        yield Panel(
            "users", self._users, frozenset(("machine",)), help_text=device_words.USERS, focusable=True
        )
        yield Scroll(
            "facts",
            device_facts.TITLE,
            device_facts.facts,
            frozenset(("facts", "time")),
            help_text=device_words.FACTS,
        )

    @property
    def focus_chain(self) -> list[Widget]:
        """In the order of the panels, wherever they stood last: where one is seen, the others are pages."""
        chain = sorted(super().focus_chain, key=lambda widget: _ORDER.get(widget.id or "", 0))
        return [widget for widget in chain if not (self.large and widget is self.listed)]

    @property
    def listed(self) -> Listing:
        """The list of devices."""
        return self.query_one("#devices", Listing)

    def _gauges(self, view: View, frame: Frame) -> list[Row]:
        return device_gauges.gauges(self._chosen(view), view, frame)

    def _users(self, view: View, frame: Frame) -> list[Row]:
        return device_users.users(self._chosen(view), view, frame)

    def _chosen(self, view: View) -> Device | None:
        found, listed = devices.devices(view.state.machine), self.listed
        if not found:
            return None
        return found[listed.cursor] if 0 <= listed.cursor < len(found) else found[-1]

    def taken(self, view: View, dirty: frozenset[Part]) -> None:
        """Show what changed; the list of devices is there only where there are several."""
        super().taken(view, dirty)
        several = bool(self.listed.items)
        if several != self.listed.can_focus:
            self.listed.can_focus = several
            if self.focused in (None, self.listed, self.query_one("#gauges")):
                self.set_focus(self.listed if several else self.query_one("#gauges"))
            self.replan()

    def plan(self, size: Size) -> Plan:
        """All panels where there is room; else the one that has the keyboard."""
        wide, high = size
        placed, top = self.edges(size)
        free = Region(0, top, wide, max(0, high - top - 1))
        style = Style(roomy=plans.is_roomy(wide, high))
        lines = machine_plan.listed_rows(len(self.listed.items), style)
        if not self.large and not plans.is_small(wide, high):
            return {**placed, **machine_plan.whole(free, lines, style)}
        seen = self.focused.id if self.focused is not None else None
        return {**placed, **machine_plan.one(seen or "gauges", free, 0 if self.large else lines, style)}

    def on_listing_moved(self) -> None:
        """Show the gauges and users of what is chosen now."""
        self.query_one("#gauges", Panel).redraw()
        self.query_one("#users", Panel).redraw()

    def on_listing_chosen(self) -> None:
        """Enlarge the gauges of what is chosen."""
        self.set_focus(self.query_one("#gauges"))
        self._enlarge(True)

    def action_choose(self, by: int) -> None:
        """Another device, while its gauges have the keyboard."""
        self.listed.action_move(by)

    def on_descendant_focus(self) -> None:
        """Where one panel alone is seen, it is the one with the keyboard."""
        if self.large or plans.is_small(*self.size):
            self.replan()

    def action_enlarge(self) -> None:
        """Enter on a panel that has more to tell."""
        self.do_enlarge()

    def do_enlarge(self) -> None:
        """The whole screen for the panel with the keyboard, or for all again."""
        if self.focused is self.listed:
            self.set_focus(self.query_one("#gauges"))
        self._enlarge(not self.large)

    def _enlarge(self, large: bool) -> None:
        self.large = large
        panel = self.query_one("#engine", EnginePanel)
        panel.top = 0
        panel.redraw()
        self.replan()

    def step_back(self) -> bool:
        """Give the screen back to all panels; false if they have it."""
        if not self.large:
            return False
        self._enlarge(False)
        return True

    def do_probe_machine(self) -> None:
        """Have the agent look at the machine again."""
        self.quarterdeck.orders.give("probe_machine")


def _several(state: NodeState) -> Sequence[Device]:
    """The devices, where there is a choice."""
    found = devices.devices(state.machine)
    return found if len(found) > 1 else ()
