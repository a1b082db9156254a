"""Network: draws against expectation, groups, roster, coordinator, evidence, prices and rules."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.geometry import Region, Size

from console.tui.commands import bindings
from console.tui.rows import Row
from console.tui.screens import network_plan, plans
from console.tui.screens.plan_layout import Plan
from console.tui.screens.room import RoomScreen
from console.tui.store import Part, View
from console.tui.views import (
    network,
    network_coordinator,
    network_draws,
    network_evidence,
    network_rules,
)
from console.tui.views.frame import Frame
from console.tui.widgets.panel import Panel, Style
from console.tui.widgets.scroll import Scroll

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
    "this node was listed, and if not, why: Says is that reason, in the network's own words."
)
EVIDENCE_HELP = (
    "Signed presence receipts and the commitments to each epoch's seeds, kept on this machine: a node that "
    "was left out, or was told two things, can prove it by them. `quarterdeck audit draws` recomputes all "
    "draws that the network publishes and holds them against it. o lists the draws won, each with its proof."
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
        yield Panel(
            "evidence", network_evidence.evidence, frozenset(("network", "jobs")),
            help_text=EVIDENCE_HELP, focusable=True,
        )  # fmt: skip
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
            roomy = network_plan.very_wide if wide >= network_plan.WIDE else network_plan.roomy
            return {**placed, **roomy(rest, self._draws_rows)}
        return {**placed, **network_plan.compact(rest, self._draws_rows)}

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
