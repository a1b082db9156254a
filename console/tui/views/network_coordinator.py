"""The coordinator's health from here: connection, trouble, latency, key."""

from __future__ import annotations

from console.control.network import NetworkView
from console.control.state import Note
from console.protocol.ids import short
from console.tui.charts import ceiling, columns, sparkline
from console.tui.figures import clock_time, duration
from console.tui.rows import Role, Row, Span, clean, ends, fit, row, text_fit, width_of, wrap
from console.tui.store import View
from console.tui.views.frame import Frame, framed

NAME_WIDTH = 10
CHART_ROWS = 4
PINNED = "another would be refused"
LATENCY_TOP_MS = 10
"""A latency below this is drawn as a low line, not as a mountain."""


def coordinator(view: View, frame: Frame, zone_s: int) -> list[Row]:
    """The panel; its title says where it is."""
    title = "Coordinator"
    if view.known:
        title += f" · {text_fit(where(view), max(8, frame.width - 22)).rstrip()}"
    return framed(title, coordinator_content(view, frame.inner_width, zone_s, frame.inner_height), frame)


_STATES: dict[str, tuple[str, Role]] = {
    "offline": ("○ not signed in", "dim"),
    "connecting": ("▲ no connection", "bad"),
    "connected": ("● connected", "good"),
    "refused": ("✗ sign-in refused", "bad"),
}


def coordinator_content(view: View, width: int, zone_s: int, height: int = 4) -> list[Row]:
    """Connection, trouble, latency, key; where there is height, the latency as a chart."""
    if not view.known:
        return []
    network = view.state.network
    trouble = _trouble(view, width, zone_s)
    spare = height - 3 - len(trouble)
    rows = [_state(view, width, with_key=spare < 0), *trouble]
    if spare >= CHART_ROWS and network.latency_history:
        rows += [
            named("Latency", *_latency_words(network)),
            _key(network, width),
            *_chart(network, width, spare),
        ]
    else:
        rows += [
            named("Latency", *_latency_words(network), chart=_trend(network, width)),
            _key(network, width),
        ]
    return [fit(line, width) for line in rows]


def _chart(network: NetworkView, width: int, high: int) -> list[Row]:
    top = ceiling(network.latency_history, LATENCY_TOP_MS)
    mark = f" {top:,} ms "
    drawn = columns(network.latency_history, width - len(mark) - 1, high, top)
    return [row((mark if i == 0 else " " * len(mark), "dim"), (line, "bar")) for i, line in enumerate(drawn)]


def _state(view: View, width: int, with_key: bool) -> Row:
    network = view.state.network
    word, ink = _STATES.get(network.state, (network.state, "text"))
    parts: list[str | tuple[str, Role]] = [(f" {word}", ink)]
    if network.since_ms:
        parts.append(f" for {duration(view.now_ms - network.since_ms)}")
    left_ms = network.next_try_ms - view.now_ms
    if network.state != "connected" and left_ms > 0:
        parts.append((f", next try in {duration(left_ms)}", "strong"))
    if network.sessions:
        times = "sign-in" if network.sessions == 1 else "sign-ins"
        parts.append((f" · {network.sessions:,} {times}", "dim"))
    key = short(clean(network.coordinator_key))
    right = row((f"key {key} " if key and with_key else "", "dim"))
    return ends(fit(row(*parts), width - width_of(right)), right, width)


def _trouble(view: View, width: int, zone_s: int) -> list[Row]:
    """What is wrong now; else the last thing that was."""
    network = view.state.network
    if network.state != "connected":
        words = network.sentence or ("No network is chosen." if not network.coordinator else "")
        lines = wrap(words, width - 4, 2) if words else []
        return [row("   ", (line, "text")) for line in lines]
    last = next((note for note in view.state.notes if _is_trouble(note)), None)
    if last is None:
        return [named("Trouble", "none in Events", "dim")]
    words = f"{clock_time(last.at_ms, zone_s)[:5]}, {duration(view.now_ms - last.at_ms)} ago: {last.text}"
    return [named("Trouble", text_fit(words, width - NAME_WIDTH - 1).rstrip(), "text")]


def _is_trouble(note: Note) -> bool:
    return note.room == "network" and note.level in ("warning", "error")


def _latency_words(network: NetworkView) -> tuple[str, Role]:
    now = "not measured" if network.latency_ms is None else f"{network.latency_ms:,} ms"
    history = network.latency_history
    if not history:
        return now, "strong" if network.latency_ms is not None else "dim"
    low, high = min(history), max(history)
    return f"{now}, {low:,} to {high:,} lately" if low < high else now, "strong"


def _trend(network: NetworkView, width: int) -> str:
    room = max(0, min(60, width - NAME_WIDTH - len(_latency_words(network)[0]) - 4))
    shown = network.latency_history[-room:] if room else ()
    return sparkline(shown, min(room, len(shown)), ceiling(network.latency_history, LATENCY_TOP_MS))


def where(view: View) -> str:
    """Name and address of the network."""
    network = view.state.network
    if not network.coordinator:
        return "none chosen"
    name = clean(network.name)
    here = " (this machine)" if view.state.node.practice else ""
    return f"{name + ', ' if name else ''}{clean(network.coordinator)}{here}"


def _key(network: NetworkView, width: int) -> Row:
    if not network.coordinator_key:
        return named("Key", "not seen yet", "dim")
    whole = clean(network.coordinator_key)
    key = whole if width > NAME_WIDTH + len(whole) else f"{short(whole)}…"
    fits = width > NAME_WIDTH + len(key) + len(PINNED) + 2
    return named("Key", key, "text", more=PINNED if fits else "")


def named(name: str, value: str, ink: Role, *, chart: str = "", more: str = "") -> Row:
    """A name and what belongs to it, a chart or dimmer words behind it."""
    line = row((text_fit(f" {name}", NAME_WIDTH), "dim"), (value, ink), (f"  {more}" if more else "", "dim"))
    return (*line, Span(f"  {chart}", "bar")) if chart else line
