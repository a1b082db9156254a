"""The status line, the footer, and the notice that says what is wrong and what to do."""

from __future__ import annotations

from collections.abc import Sequence

from console.protocol.reasons import label
from console.tui.figures import ago, duration
from console.tui.rows import Role, Row, Span, clean, ends, fit, row, text_fit, together, width_of, wrap
from console.tui.store import View
from console.tui.views.frame import Frame
from console.tui.views.limits import warning_rows

NAME_LEAST = 8
"""A node's name in fewer cells would be none."""
_WAITING = frozenset(("no_demand", "lost_draws", "queue_full", "not_in_roster"))
_HELD = frozenset(("paused", "draining", "schedule", "user_active", "on_battery", "thermal", "power"))


def glyph_and_badge(code: str) -> tuple[str, Role]:
    """How a reason's kind is shown: working, waiting, held back by choice, starting, or broken."""
    if code == "earning":
        return "●", "badge_good"
    if code in _WAITING:
        return "○", "badge_calm"
    if code in _HELD:
        return "‖", "badge_warn"
    return ("◌", "badge_calm") if code == "model_loading" else ("▲", "badge_bad")


def state_badge(view: View) -> Span:
    """The one word for how things stand."""
    role: Role
    glyph, role = ("◌", "badge_calm") if view.phase in ("attaching", "recalled") else ("▲", "badge_bad")
    if view.phase == "attached":
        glyph, role = glyph_and_badge(view.state.reason.code)
        word = label(view.state.reason.code)
    elif view.phase == "ended":
        glyph, role, word = "‖", "badge_calm", "ENDED"
    elif view.phase == "silent":
        word = "SILENT"
    else:
        word = "NO AGENT" if view.trouble else "ATTACHING"
    return Span(f" {glyph} {clean(word)[:16]} ", role)


def status_line(view: View, frame: Frame, caption: str = "") -> list[Row]:
    """Who this is, how it stands, and when it was last paid; one row on a ground of its own. `caption`: what
    must be known of this console itself, e.g. that it is read-only."""
    badge = state_badge(view)
    money = view.state.money
    paid = f"  last paid {ago(view.now_ms, money.last_paid_ms)} " if view.known else "  "
    if view.stale and view.phase != "ended":
        paid = f"  last seen {duration(view.unseen_ms)} ago "
    right: Row = (badge, Span(paid, "bar_text"))
    room = frame.width - width_of(right) - 1
    left: Row = (Span(" quarterdeck ", "bar_strong"),)
    if caption:
        left = (*left, Span(f" {text_fit(caption, min(len(caption), 36))} ", "bar_key"))
    if room - width_of(left) > NAME_LEAST:
        left = (*left, *_who(view, room - width_of(left)))
    return [ends(fit(left, room, "bar_text"), right, frame.width, "bar_text")]


def _who(view: View, room: int) -> Row:
    node, network = view.state.node, view.state.network
    name = clean(node.name) or clean(node.id)[:6]
    parts: list[Span] = []
    if name:
        parts.append(Span(" " + text_fit(name, min(len(name), max(8, room // 2))), "bar_text"))
    place = "practice network" if node.practice else clean(network.name) or clean(network.coordinator)
    if place:
        parts.append(Span(f" · {place}", "bar_dim"))
    return tuple(parts)


def notice_rows(view: View, width: int) -> list[Row]:
    """What an operator must know before any figure: nothing while the node earns and no limit is near."""
    if view.phase == "attaching":
        return _attaching(view, width)
    if view.phase == "ended":
        words = f"{view.trouble} The figures below are its last ones."
        return [row((" ‖ ", "bar"), (line, "strong")) for line in wrap(words, width - 5, 1)]
    if view.stale:
        seen = f"Last seen {duration(view.unseen_ms)} ago; the figures below are from then. "
        words = view.trouble or "Attaching to the agent…"
        return [row((" ▲ ", "bad"), (line, "text")) if i == 0 else row("   " + line)
                for i, line in enumerate(wrap(seen + words, width - 5, 2))]  # fmt: skip
    return [*_reason(view, width), *warning_rows(view, width)]


def _reason(view: View, width: int) -> list[Row]:
    reason = view.state.reason
    if reason.code == "earning":
        return []
    glyph, badge = glyph_and_badge(reason.code)
    ink: Role = "bad" if badge == "badge_bad" else "warn" if badge == "badge_warn" else "bar"
    since = " " + together(f"· for {duration(view.now_ms - reason.since_ms)}") if reason.since_ms else ""
    word = "next try in" if badge == "badge_bad" and reason.code != "suspended" else "ends in"
    left_ms = reason.until_ms - view.now_ms
    until = ", " + together(f"{word} {duration(left_ms)}") if left_ms > 0 else ""
    rows = [row((f" {glyph} " if i == 0 else "   ", ink), (line, "strong"))
            for i, line in enumerate(_ending(reason.sentence, since + until, width - 5))]  # fmt: skip
    rows += [row("   ", (line, "text")) for line in wrap(reason.remedy, width - 5, 2) if line]
    return rows


def _ending(sentence: str, end: str, width: int) -> list[str]:
    """`sentence` and its `end` on two lines; where both are too long, the sentence gives way: Why has all of
    it, and the time stands in `end`."""
    lines = wrap(sentence, width, 2)
    if len(lines) < 2 or len(wrap(sentence + end, width, 3)) < 3:
        return wrap(sentence + end, width, 2)
    first, last = lines
    plain = f" {wrap(end, width, 1)[0]}"
    return [first, text_fit(last, max(0, width - len(plain))).rstrip() + plain]


def notice(view: View, frame: Frame, why_key: str = "") -> list[Row]:
    """`notice_rows`, for the panel of that name; `why_key` opens Why, and is named where it fits."""
    rows = notice_rows(view, frame.width)[: frame.height]
    last = len(_reason(view, frame.width)) - 1
    if not why_key or view.phase != "attached" or not 0 <= last < len(rows):
        return rows
    hint = row("   ", (why_key, "key"), (" why", "dim"))
    if width_of(rows[last]) + width_of(hint) < frame.width:
        rows[last] = (*rows[last], *hint)
    return rows


def _attaching(view: View, width: int) -> list[Row]:
    if not view.trouble:
        return [row((" ◌ ", "bar"), ("attaching to the agent…", "strong"))]
    return [row((" ◌ ", "bar"), (line, "strong")) if i == 0 else row("   " + line)
            for i, line in enumerate(wrap(view.trouble, width - 5, 2))] + [
        row("   ", ("Trying again by itself; nothing is shown until it answers.", "dim"))
    ]  # fmt: skip


def footer_row(
    keys: Sequence[tuple[str, str]],
    width: int,
    here: str = "",
    needed: Sequence[str] = (),
    mute: Sequence[int] = (),
    terse: Sequence[int] = (),
) -> tuple[Row, list[tuple[int, int]]]:
    """Keys with their words, and the columns that each one takes.

    Where it is narrow, the keys at the places `mute` stand without their words, but for the one that is
    `here`; then what stands behind all that are `needed` goes, then the words of those at the places `terse`,
    the first of them first. What does not fit even so is left to `?`, the last first, but for `needed`.
    """
    shown, keys = list(range(len(keys))), list(keys)
    if _footer_width(keys, shown, 2) > width:
        keys = [(key, "" if i in mute and word != here else word) for i, (key, word) in enumerate(keys)]
    while _footer_width(keys, shown, 1) > width and shown and needed and keys[shown[-1]][0] not in needed:
        shown.pop()
    for index in terse:
        if _footer_width(keys, shown, 1) > width and keys[index][1] != here:
            keys[index] = (keys[index][0], "")
    while _footer_width(keys, shown, 1) > width and len(shown) > 1:
        spare = [index for index in shown if keys[index][0] not in needed]
        shown.remove((spare or shown)[-1])
    gap = 2 if len(shown) == len(keys) and _footer_width(keys, shown, 2) <= width else 1
    spans: list[Span] = [Span(" ", "bar_text")]
    places = [(0, 0)] * len(keys)
    at = 1
    for index in shown:
        key, word = keys[index]
        size = len(key) + (1 + len(word) if word else 0)
        role: Role = "bar_strong" if word and word == here else "bar_text"
        spans += [Span(key, "bar_key"), Span(f" {word}" if word else "", role), Span(" " * gap, "bar_text")]
        places[index] = (at, at + size)
        at += size + gap
    return fit(tuple(spans[:-1]), width, "bar_text"), places


def _footer_width(keys: Sequence[tuple[str, str]], shown: Sequence[int], gap: int) -> int:
    words = [len(keys[index][1]) + 1 if keys[index][1] else 0 for index in shown]
    return 1 - gap + sum(len(keys[index][0]) + gap for index in shown) + sum(words)
