"""Verification: how the answers were judged, by what margin, and how near each limit is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.geometry import Region, Size

from console.control.state import NodeState, VerdictView
from console.tui import explanations
from console.tui.commands import bindings
from console.tui.rows import Row
from console.tui.screens.plan_layout import Plan
from console.tui.screens.plans import is_roomy, is_small
from console.tui.screens.room import RoomScreen
from console.tui.store import View
from console.tui.views import limits, margins, verdict_card, verification
from console.tui.views.frame import Frame
from console.tui.widgets.panel import Listing, Panel, Style

WIDE = 150
"""From this width on the panels stand in a column of their own beside the list."""
CARD_ROWS = 11


class Verification(RoomScreen):
    """Acceptance, margins and limits above the stream of verdicts."""

    room: ClassVar[str] = "verification"
    AUTO_FOCUS = "#verdicts"
    BINDINGS = bindings("verification")

    def __init__(self) -> None:
        super().__init__()
        self.only: verification.Only = "all"

    def panels(self) -> ComposeResult:
        """In the order that Tab takes."""
        yield Listing(
            "verdicts", self._verdicts, frozenset(("verdicts", "time")), self._pick,
            lambda verdict: (verdict.job, verdict.attempt), help_text=explanations.JUDGED, heads=1,
        )  # fmt: skip
        for name, build, parts, text in (
            ("acceptance", verification.acceptance, ("money", "network", "verdicts", "time"),
             explanations.ACCEPTANCE),
            ("margins", margins.margins, ("verdicts",), explanations.MARGINS),
            ("limits", limits.limits, ("limits", "network", "reason", "time"), explanations.LIMITS),
        ):  # fmt: skip
            yield Panel(name, build, frozenset(parts), help_text=text, focusable=True)  # type: ignore[arg-type]
        yield Panel("card", self._card, frozenset(("verdicts", "jobs", "time")))
        yield Panel("summary", verification.summary, frozenset(("money", "verdicts", "limits", "network")))

    def plan(self, size: Size) -> Plan:
        """One of four plans."""
        placed, top = self.edges(size)
        free = Region(0, top, size.width, max(0, size.height - top - 1))
        if is_small(*size):
            return {**placed, **_small(free)}
        if not is_roomy(*size):
            return {**placed, **_compact(free)}
        return {**placed, **(_wide(free) if size.width >= WIDE else _roomy(free))}

    def _pick(self, state: NodeState) -> Sequence[VerdictView]:
        return verification.confined(state.verdicts, self.only)

    def _verdicts(self, listed: Sequence[VerdictView], view: View, frame: Frame) -> list[Row]:
        return verification.verdicts(listed, view, frame, self.only)

    @property
    def listing(self) -> Listing:
        """The verdicts."""
        return self.query_one("#verdicts", Listing)

    @property
    def chosen(self) -> VerdictView | None:
        """The verdict under the cursor."""
        place = self.listing.cursor
        return None if place < 0 else self.listing.items[place]

    def _card(self, view: View, frame: Frame) -> list[Row]:
        return verdict_card.card(self.chosen, view, frame)

    def on_listing_moved(self) -> None:
        """Tell of what is chosen now."""
        self.query_one("#card", Panel).redraw()

    def on_listing_chosen(self, message: Listing.Chosen) -> None:
        """Open the evidence."""
        self.quarterdeck.open_job(message.item.job, message.item.attempt)

    def do_show_only(self) -> None:
        """The next of all, rejected, audited."""
        self._confine(verification.ONLY[(verification.ONLY.index(self.only) + 1) % len(verification.ONLY)])

    def do_recompute(self) -> None:
        """Open the chosen verdict's evidence, and judge the answer again there."""
        if self.chosen is None:
            self.quarterdeck.say("No verdict is chosen, so there is nothing to judge again.", "warning")
            return
        from console.tui.screens.job_detail import JobScreen

        self.app.push_screen(JobScreen(self.chosen.job, self.chosen.attempt, again=True))

    def step_back(self) -> bool:
        """Show all verdicts again; false if all were shown."""
        confined = self.only != "all"
        self._confine("all")
        return confined

    def _confine(self, only: verification.Only) -> None:
        self.only = only
        self.listing.repick()
        self.on_listing_moved()


def _small(free: Region) -> Plan:
    rows = 4 if free.height >= 10 else 0
    placed = {"verdicts": (Region(0, free.y + rows, free.width, free.height - rows), Style())}
    if rows:
        placed["summary"] = (Region(0, free.y, free.width, rows), Style())
    return placed


def _compact(free: Region) -> Plan:
    left, at = free.width // 2, free.y
    joint = ((left - 1, "┬"),)
    placed = {
        "acceptance": (Region(0, at, left, 6), Style(joints=joint, divider=True)),
        "limits": (Region(left, at, free.width - left, 6), Style()),
    }
    at += 6
    chart = 5 if free.height >= 19 else 0
    if chart:
        placed["margins"] = (Region(0, at, free.width, chart), Style(joints=((left - 1, "┴"),)))
        at += chart
    below = Style() if chart else Style(joints=((left - 1, "┴"),))
    placed["verdicts"] = (Region(0, at, free.width, free.bottom - at), below)
    return placed


def _roomy(free: Region) -> Plan:
    style = Style(roomy=True)
    third = free.width // 3
    high = 14
    return {
        "acceptance": (Region(0, free.y, third, high // 2), style),
        "limits": (Region(0, free.y + high // 2, third, high - high // 2), style),
        "margins": (Region(third, free.y, third, high), style),
        "card": (Region(2 * third, free.y, free.width - 2 * third, high), style),
        "verdicts": (Region(0, free.y + high, free.width, free.height - high), style),
    }


def _wide(free: Region) -> Plan:
    style = Style(roomy=True)
    side = min(70, free.width * 2 // 5)
    list_wide = free.width - side
    at, heights = free.y, (8, 7, CARD_ROWS)
    placed = {"verdicts": (Region(0, at, list_wide, free.height), style)}
    for name, high in zip(("acceptance", "limits", "card"), heights, strict=True):
        placed[name] = (Region(list_wide, at, side, high), style)
        at += high
    placed["margins"] = (Region(list_wide, at, side, free.bottom - at), style)
    return placed
