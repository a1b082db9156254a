"""The engine at work: its slots with what each of them reads or writes, and how fast both go."""

from __future__ import annotations

from console.control.engine import SequenceView
from console.control.state import EngineView
from console.tui.charts import ceiling, columns, gauge, sparkline
from console.tui.figures import brief, duration, gigabytes, percent, rate
from console.tui.rows import Role, Row, Span, ends, row, text_fit, wrap
from console.tui.store import View
from console.tui.views.frame import Frame, framed
from console.tui.views.launch_plan import plan_line, plan_rows
from console.tui.views.machine import engine_state

TITLE = "Engine and launch plan"
TIGHT = 8
"""Below so many rows, state and speeds share one, for the sake of the slots."""
TREND_LEAST = 8
CHART_MOST, CHART_ROWS = 6, 4
NARROW = 72
"""Below so many cells, the least of the figures are left out."""
BAR_MOST = 32
FOR = {"network": "network", "local": "you"}


def slots(view: View, frame: Frame) -> list[Row]:
    """State and speeds, a line for each slot at work, and the launch plan in a line."""
    now, wide, high = view.state.engine, frame.inner_width, frame.inner_height
    if not view.known:
        return framed("Engine", [], frame)
    title = f"Engine · {text_fit(now.model, max(8, wide - 20)).rstrip()}" if now.model else "Engine"
    plan = plan_line(view, wide)
    room = max(1, high - 1 - len(plan))
    if now.state != "ready":
        rows = _not_ready(now, view, wide, room)
    elif high < TIGHT and now.slots >= room:
        rows = [_one_line(now, view, wide), *_sequences(now, wide, room)]
    else:
        rows = [_head(now, view, wide), *_at_work(now, wide, room)]
    below: list[Row] = [()] * max(0, high - len(plan) - len(rows))
    return framed(title, [*rows, *below, *plan], frame)


def page(view: View, wide: int) -> list[Row]:
    """All of it, however high. The slots, whose number changes, come last: nothing else moves with them."""
    now = view.state.engine
    if not view.known:
        return []
    plan = plan_rows(view, wide)
    if now.state != "ready":
        return [*_not_ready(now, view, wide, 4), (), *plan]
    work = _sequences(now, wide, len(now.sequences) + 1)
    chart = _chart(now, wide, CHART_ROWS)
    if wide < NARROW:  # what this page is opened for comes first
        return [_head(now, view, wide), *plan, (), *chart, *work]
    return [_head(now, view, wide), *chart, (), *plan, (), *work]


def _not_ready(now: EngineView, view: View, wide: int, room: int) -> list[Row]:
    told = [row(f" {line}") for line in wrap(now.sentence, wide - 2, room) if line]
    return [_head(now, view, wide), *told]


def _busy(now: EngineView) -> str:
    return f"{now.slots_busy}/{now.slots} {'slot' if now.slots == 1 else 'slots'}" if now.slots else ""


def _head(now: EngineView, view: View, wide: int) -> Row:
    queue = f"{now.queued} queued  " if now.queued else ""
    held = now.rss_bytes if now.state == "ready" else 0
    memory = f"  {gigabytes(held)} GB resident" if held else ""
    left = (*engine_state(now, view.now_ms), *row((memory, "dim")))
    return ends(left, row((queue, "warn"), (f"{_busy(now)} ", "strong")), wide)


def _one_line(now: EngineView, view: View, wide: int) -> Row:
    queue = f"  {now.queued} queued" if now.queued else ""
    left = (*engine_state(now, view.now_ms), *row((f"  {_busy(now)}", "strong"), (queue, "warn")))
    speeds = row(
        ("decode ", "dim"), (rate(now.tokens_per_s_milli), "strong"),
        ("  prefill ", "dim"), (rate(now.prefill_per_s_milli), "strong"), (" tok/s", "dim"),
        ("  reused ", "dim"), (f"{_reused(now)} ", "strong"),
    )  # fmt: skip
    return ends(left, speeds, wide)


def _reused(now: EngineView) -> str:
    seen = now.prompt_tokens + now.reused_tokens
    return percent(now.reused_tokens, seen) if now.reused_tokens else "none"


def _at_work(now: EngineView, wide: int, room: int) -> list[Row]:
    """Speeds, then slots: a row for each that there is, so that charts do not move as jobs come and go."""
    chart = min(CHART_MOST, room - min(now.slots, room - 1))
    rows = _chart(now, wide, chart) if chart >= 3 else [_speeds(now, wide)]
    return [*rows, *_sequences(now, wide, max(0, room - len(rows)))]


def _figures(now: EngineView, wide: int) -> Row:
    first = brief(now.first_token_ms) if wide >= NARROW else ""
    return row(
        ("prefill ", "dim"), (rate(now.prefill_per_s_milli), "strong"), (" tok/s", "dim"),
        ("   first token " if first else "", "dim"), (first, "strong"),
        ("   reused ", "dim"), (f"{_reused(now)} ", "strong"),
    )  # fmt: skip


def _decode(now: EngineView) -> Row:
    return row((" decode ", "dim"), (rate(now.tokens_per_s_milli), "strong"), (" tok/s ", "dim"))


def _speeds(now: EngineView, wide: int) -> Row:
    left, right = _decode(now), _figures(now, wide)
    room = max(0, wide - sum(len(span.text) for span in (*left, *right)) - 2)
    trend = ""
    if room >= TREND_LEAST:
        trend = sparkline(now.tokens_history, min(room, 40), ceiling(now.tokens_history, 10_000))
    return ends((*left, Span(trend, "bar")), right, wide)


def _chart(now: EngineView, wide: int, high: int) -> list[Row]:
    top = ceiling(now.tokens_history, 10_000)
    width = max(0, min(120, wide - 18))
    lines = columns(now.tokens_history, width, high - 1, top)
    heads = [row(" " * 16) for _ in lines]
    heads[0] = row((f" top {rate(top)}".ljust(16), "dim"))
    chart: list[Row] = [(*head, Span(line, "bar")) for head, line in zip(heads, lines, strict=True)]
    return [ends(_decode(now), _figures(now, wide), wide), *chart]


def _sequences(now: EngineView, wide: int, room: int) -> list[Row]:
    if not room:
        return []
    shown = now.sequences if len(now.sequences) <= room else now.sequences[: room - 1]
    rows = [_sequence(item, wide) for item in shown]
    hidden = len(now.sequences) - len(shown)
    if hidden:
        rows.append(row((f"   … and {hidden} more at work; Enter shows them", "dim")))
    elif len(rows) < room:
        rows.append(_free(now))
    return rows


def _free(now: EngineView) -> Row:
    free = now.slots - max(now.slots_busy, len(now.sequences))
    if free <= 0:
        return ()
    return row(("   ○ ", "dim"), (f"{free} {'slot' if free == 1 else 'slots'} free", "dim"))


def _sequence(item: SequenceView, wide: int) -> Row:
    """Reads its prompt, or writes its answer: a bar of what it is at."""
    reading = item.prefilled < item.prompt_tokens
    done, whole = (item.prefilled, item.prompt_tokens) if reading else (item.tokens, item.max_tokens)
    word: tuple[str, Role] = ("◌ reads ", "accent") if reading else ("● writes", "good")
    age = f"{duration(item.age_ms)} "
    told = "" if reading or wide < NARROW else f"  prompt {item.prompt_tokens:,}"
    told += f"{',' if told else ' '} {item.reused:,} reused" if item.reused else ""
    head = row(
        (f" {item.slot:>2} ", "dim"), word, (f"  {FOR.get(item.source, '?'):<8}", "text"),
        (f"{done:,}/{whole:,} ".rjust(12), "strong"),
    )  # fmt: skip
    room = max(0, min(BAR_MOST, wide - 33 - 8 - (26 if wide >= NARROW else 15)))
    full, rest = gauge(done, whole, room)
    return ends((*head, Span(full, "bar"), Span(rest, "track"), *row((told, "dim"))), row((age, "dim")), wide)
