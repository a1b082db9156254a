"""Draws won against what a fair draw gives: in figures, as a picture, and what it means."""

from __future__ import annotations

from console.control.network import NetworkView
from console.tui.rows import Role, Row, fit, row, wrap
from console.tui.store import View
from console.tui.views.frame import Frame, framed
from console.tui.views.network_picture import Standing, figure, picture, standing_of

PROOFS = 200
"""Of so many jobs the proofs are counted, the newest."""
FEW_MILLI = 5_000
"""Below so many expected wins (× 1000) the band is a rough one."""
FAR = 3.3
"""Standard deviations beyond which chance alone is no good answer: fewer than 1 of 1,000 cases."""


def draws(view: View, frame: Frame) -> list[Row]:
    """The panel."""
    if not view.known:
        return framed("Draws", [], frame)
    return framed("Draws", draws_content(view, frame.inner_width, frame.inner_height), frame)


def draws_content(view: View, width: int, height: int) -> list[Row]:
    """Figures, picture, meaning; with room for it the picture is a curve."""
    network = view.state.network
    if network.draws == 0:
        words = "No draw yet while this node was listed; the picture begins with the first."
        return [row((f" {line}", "text")) for line in wrap(words, width - 2, 3)]
    standing = standing_of(network)
    said = _said(view, width)
    if 0 < height < 4 + len(said) and network.variance_milli > 0:
        said = _in_short(view, network, standing, width)
    if network.variance_milli <= 0:
        head = row((f" {network.won:,} won", "strong"), f" of {network.draws:,} draws")
        return [fit(line, width) for line in (head, *said)]
    cases = " in 95 of 100 cases" if width >= 70 else " in 95 %"
    head = row(
        (f" {network.won:,} won", "strong"),
        (f" of {network.draws:,} draws", "text"),
        (f" · fair: {figure(standing.expected)}", "text"),
        (f", {figure(standing.low)} to {figure(standing.high)}{cases}", "dim"),
    )
    tall = max(0, height - 4 - len(said))
    rows = [head, *picture(standing, width, tall if tall >= 3 else 0), *said]
    return [fit(line, width) for line in rows]


def rows_wanted(view: View, width: int) -> int:
    """Rows without a curve: few while there is no draw, five when all is as it should be, else all words."""
    if not view.known or not view.state.network.draws:
        return 2
    said = len(_said(view, width))
    if view.state.network.variance_milli <= 0:
        return 1 + said
    calm = standing_of(view.state.network).place == "inside" and not checked(view)[1]
    return 5 if calm else 4 + said


def _said(view: View, width: int) -> list[Row]:
    network = view.state.network
    return [*_meaning(network, standing_of(network), width), *_proofs(view, width)]


def _meaning(network: NetworkView, standing: Standing, width: int) -> list[Row]:
    glyph, ink, words = _verdict(network, standing)
    lines = wrap(words, width - 4, 3)
    return [
        row((f" {glyph} ", ink), (line, "text")) if i == 0 else row(f"   {line}")
        for i, line in enumerate(lines)
    ]


def _verdict(network: NetworkView, standing: Standing) -> tuple[str, Role, str]:
    if network.variance_milli <= 0:
        return "·", "dim", "Every draw was among one node, this one: there was no chance in it."
    chance = f"fewer than 1 of {'1,000' if abs(standing.deviations) > FAR else '40'} cases"
    if standing.place == "below":
        below = "Far below" if abs(standing.deviations) > FAR else "Below"
        words = f"{below} the band: a fair draw gives so few in {chance}. Should it stay there, ask the "
        return ("✗" if abs(standing.deviations) > FAR else "!"), "warn", words + "network's operator why."
    if standing.place == "above":
        return "!", "warn", f"Above the band: a fair draw gives so many in {chance}."
    if network.expected_milli < FEW_MILLI:
        return "✓", "good", "Inside the band, which is a rough one: few draws so far."
    return "✓", "good", "Inside the band: what this node won agrees with a fair draw."


def checked(view: View) -> tuple[int, int]:
    """Draws that chose this node and were recomputed here, and how many of them were wrong."""
    seen = [job.draw_ok for job in view.jobs[:PROOFS] if job.draw_ok is not None]
    return len(seen), seen.count(False)


def _proofs(view: View, width: int) -> list[Row]:
    """What of it this machine has checked by itself."""
    seen, wrong = checked(view)
    if not seen:
        return []
    if wrong:
        words = f"{wrong} of the last {seen} draws that chose this node were proved wrong here: see Jobs."
        return [row((" ✗ ", "bad"), (line, "bad")) for line in wrap(words, width - 4, 1)]
    words = f"Of the last {seen} draws that chose this node each proof was recomputed here and is right."
    short = f"The last {seen} draws won were recomputed here: all right."
    return [row((" ✓ ", "good"), (words if len(words) <= width - 4 else short, "dim"))]


def _in_short(view: View, network: NetworkView, standing: Standing, width: int) -> list[Row]:
    """Meaning and proofs on one row, where there is no room for more."""
    glyph, ink, _ = _verdict(network, standing)
    seen, wrong = checked(view)
    if not seen:
        return _meaning(network, standing, width)[:1]
    proof: tuple[str, Role] = (f"✓ the last {seen} draw proofs are right", "good")
    if wrong:
        proof = (f"✗ {wrong} of the last {seen} draw proofs WRONG", "bad")
    return [fit(row((f" {glyph} ", ink), (f"{standing.place} the band", "text"), "   ", proof), width)]
