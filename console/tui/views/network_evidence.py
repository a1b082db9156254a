"""What this node can hold its coordinator to: signed receipts, commitments, and draws that it recomputed."""

from __future__ import annotations

from console.control.network import NetworkView
from console.protocol.ids import short
from console.tui.rows import Role, Row, clean, fit, row
from console.tui.store import View
from console.tui.views.frame import Frame, framed
from console.tui.views.network_coordinator import named
from console.tui.views.network_draws import checked

COMMAND_FROM = 56
"""From this width on the command that holds all of it against the network stands in the title."""
WORDS_FROM = 44


def evidence(view: View, frame: Frame) -> list[Row]:
    """The panel."""
    title = "Evidence kept here"
    if frame.width >= COMMAND_FROM:
        title += " · quarterdeck audit draws"
    return framed(title, evidence_content(view, frame.inner_width, frame.inner_height), frame)


def evidence_content(view: View, width: int, height: int = 4) -> list[Row]:
    """A row each; where there is room for one, all that matters in it."""
    if not view.known:
        return []
    network = view.state.network
    if height < 4:
        return [fit(_brief(view), width)]
    wide = width >= WORDS_FROM
    rows = [named("Receipts", *_receipts(network, wide)), named("Seeds", *_seeds(network, wide))]
    rows += [named("Roster", *_roster(network)), named("Draws", *_draws(view))]
    return [fit(line, width) for line in rows]


def _brief(view: View) -> Row:
    network, (words, ink) = view.state.network, _draws(view)
    kept = network.kept
    told = [
        _receipts(network, False)[0].replace(" of ", " receipts of ", 1) if kept.receipts else "no receipt"
    ]
    if network.seeds_root:
        told.append(f"epoch {network.epoch:,} seeds {short(clean(network.seeds_root))}")
    return row((f" {words}", ink), *(f" · {one}" for one in told))


def _receipts(network: NetworkView, wide: bool) -> tuple[str, Role]:
    kept = network.kept
    if not kept.receipts:
        return ("none on the disk yet" if network.receipts else "none yet"), "dim"
    slots = kept.last_slot - kept.first_slot + 1
    return f"{kept.receipts:,} {'signed, ' if wide else ''}of {slots:,} slots", "text"


def _seeds(network: NetworkView, wide: bool) -> tuple[str, Role]:
    """The root that the epoch's draws were committed to by, and for how many epochs one is kept."""
    kept = network.kept
    if not network.seeds_root:
        return "no commitment told yet", "dim"
    root = f"epoch {network.epoch:,} root {short(clean(network.seeds_root))}"
    many = f", {kept.commitments:,} epochs kept" if kept.commitments > 1 and wide else ""
    return f"{root}{many}", "text"


def _roster(network: NetworkView) -> tuple[str, Role]:
    if not network.roster_root:
        return "none in a receipt yet", "dim"
    return f"slot {network.slot:,} root {short(clean(network.roster_root))}", "text"


def _draws(view: View) -> tuple[str, Role]:
    seen, wrong = checked(view)
    if not seen:
        return "none won yet", "dim"
    if wrong:
        return f"✗ {wrong:,} of {seen:,} proofs WRONG", "bad"
    return f"✓ {seen:,} proofs right", "good"
