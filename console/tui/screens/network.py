"""Network: draws against expectation, groups, roster, coordinator, prices and rules."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.geometry import Region, Size

from console.tui.commands import bindings
from console.tui.rows import Row
from console.tui.screens import plans
from console.tui.screens.room import Plan, RoomScreen
from console.tui.store import Part, View
from console.tui.views import network, network_coordinator, network_draws, network_rules
from console.tui.views.frame import Frame
from console.tui.widgets.panel import Panel, Style
from console.tui.widgets.scroll import Scroll

WIDE = 160
EDGES = frozenset(("status", "notice", "footer"))
DRAWS_HELP = (
    "The scale shows how many draws a fair draw gives this node: ├ and ┤ enclose 95 of 100 cases, ┼ is what "
    "is expected, ● is what it won. Counted since the agent started, from the coordinator's signed receipts."
)
GROUPS_HELP = (
    "A group is the nodes that serve one model. Each request goes to one listed node of its group, drawn "
    "with equal chances. ▸ marks the group of this node. Requests are those of the last minute."
)
ROSTER_HELP = (
    "Only nodes in the roster are drawn. Every heartbeat is answered with a signed receipt that says whether "
    "this node was listed; a node that was left out can prove it."
)
COORDINATOR_HELP = (
    "The coordinator as seen from here. Its key was remembered when it was first met; should another key "
    "answer there, this node does not sign in."
)
RULES_HELP = (
    "The network's public prices and rules, as told at sign-in. r shows them on the whole screen. "
    "Arrow keys, Page up and Page down move."
)


class Network(RoomScreen):
    """Everything that an operator needs in order to trust the network, or not to."""

    room: ClassVar[str] = "network"
    AUTO_FOCUS = ""
    BINDINGS = bindings("network")

    def __init__(self) -> None:
        super().__init__()
        self._rules_only = False
        self._draws_rows = 2

    def panels(self) -> ComposeResult:
        """In the order that Tab takes."""
        seen: frozenset[Part] = frozenset(("network", "reason", "time"))
        jobs: frozenset[Part] = frozenset(("jobs",))
        notes: frozenset[Part] = frozenset(("notes",))
        yield Scroll(
            "rules",
            "Prices and rules",
            network_rules.rules_content,
            frozenset(("network",)),
            help_text=RULES_HELP,
        )
        yield Panel(
            "draws", network_draws.draws, frozenset(("network",)), help_text=DRAWS_HELP, focusable=True
        )
        yield Scroll("groups", "Groups", network.groups_content, seen, help_text=GROUPS_HELP)
        yield Panel("roster", network.roster, seen | jobs, help_text=ROSTER_HELP, focusable=True)
        yield Panel(
            "coordinator", self._coordinator, seen | notes, help_text=COORDINATOR_HELP, focusable=True
        )
        yield Scroll("network", "Network", self._page, seen | jobs | notes, help_text=DRAWS_HELP)

    def _coordinator(self, view: View, frame: Frame) -> list[Row]:
        return network_coordinator.coordinator(view, frame, self.quarterdeck.zone_s)

    def _page(self, view: View, width: int) -> list[Row]:
        return network.page_content(view, width, self.quarterdeck.zone_s)

    def plan(self, size: Size) -> Plan:
        """One of four plans, or the rules alone."""
        wide, high = size
        placed, top = self.edges(size)
        rest = Region(0, top, wide, max(0, high - top - 1))
        if self._rules_only:
            return {**placed, "rules": (rest, Style(roomy=plans.is_roomy(wide, high)))}
        if plans.is_small(wide, high):
            return {**placed, "network": (rest, Style())}
        if plans.is_roomy(wide, high):
            return {**placed, **(_very_wide if wide >= WIDE else _roomy)(rest, self._draws_rows)}
        return {**placed, **_compact(rest, self._draws_rows)}

    def taken(self, view: View, dirty: frozenset[Part]) -> None:
        """Show what changed; the draws take the rows that their picture and words need."""
        rows = network_draws.rows_wanted(view, self.size.width - 2) if self.size.width else self._draws_rows
        if rows != self._draws_rows and self.is_mounted:
            self._draws_rows = rows
            self.replan()
        super().taken(view, dirty)

    def on_resize(self) -> None:
        """Another plan shows other panels."""
        self._tend_focus()

    def _tend_focus(self) -> None:
        """Only what is shown can have the keyboard."""
        placed = self.plan(self.size)
        for panel in self.query(Panel):
            panel.can_focus = panel.id in placed and panel.id not in EDGES
        if self.focused is None or self.focused.id not in placed:
            self.query_one("#network" if "network" in placed else "#rules").focus()

    def do_rules(self) -> None:
        """The rules on the whole screen, or back."""
        self._rules_only = not self._rules_only
        self.replan()
        self._tend_focus()

    def do_proofs(self) -> None:
        """The jobs that were won, where each has its proof."""
        self.quarterdeck.show("jobs")

    def step_back(self) -> bool:
        """From the rules alone to everything."""
        if self._rules_only:
            self.do_rules()
            return True
        return False


def _compact(rest: Region, rows: int) -> plans.Placed:
    """80×24: rules instead of boxes; what a notice takes, the prices and rules give."""
    wide, left = rest.width, rest.width * 9 // 16
    picture = 1 + rows
    at = rest.y + picture
    joints = ((left - 1, "┬"),)
    return {
        "draws": (Region(0, rest.y, wide, picture), Style()),
        "groups": (Region(0, at, left, 6), Style(joints=joints, divider=True)),
        "roster": (Region(left, at, wide - left, 6), Style()),
        "coordinator": (Region(0, at + 6, wide, 4), Style(joints=((left - 1, "┴"),))),
        "rules": (Region(0, at + 10, wide, max(0, rest.bottom - at - 10)), Style()),
    }


def _roomy(rest: Region, rows: int) -> plans.Placed:
    """120×40: boxes, and the draws as a curve."""
    wide, left, style = rest.width, rest.width // 2, Style(roomy=True)
    curve = _curve_rows(rows, rest.height - 27)
    at = rest.y + curve
    return {
        "draws": (Region(0, rest.y, wide, curve), style),
        "groups": (Region(0, at, left, 7), style),
        "roster": (Region(left, at, wide - left, 7), style),
        "coordinator": (Region(0, at + 7, wide, 6), style),
        "rules": (Region(0, at + 13, wide, max(0, rest.bottom - at - 13)), style),
    }


def _curve_rows(rows: int, spare: int) -> int:
    """Rows of the draws in a box: with a curve where it can be of some height, else what is needed."""
    if rows < 5:
        return rows + 2
    least = max(rows, 6) + 2
    return min(14, spare) if spare >= least + 3 else least


def _very_wide(rest: Region, rows: int) -> plans.Placed:
    """Two columns: what is, with charts as tall as there is room; and what holds."""
    left, style = rest.width * 11 // 20, Style(roomy=True)
    right, at = rest.width - left, rest.y
    curve = _curve_rows(rows, rest.height * 2 // 5)
    tall = min(16, max(6, rest.height - curve - 7))
    table = max(0, rest.height - curve - tall)
    return {
        "draws": (Region(0, at, left, curve), style),
        "groups": (Region(0, at + curve, left, table), style),
        "coordinator": (Region(0, at + curve + table, left, tall), style),
        "roster": (Region(left, at, right, 7), style),
        "rules": (Region(left, at + 7, right, max(0, rest.height - 7)), style),
    }
