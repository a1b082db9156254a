"""What the engine serves now: model, speed, context, numerics, memory."""

from __future__ import annotations

from console.control.models import ModelView
from console.control.state import EngineView
from console.tui.charts import ceiling, columns, sparkline
from console.tui.figures import brief, gigabytes, rate
from console.tui.rows import Row, Span, ends, row, text_fit, wrap
from console.tui.store import View
from console.tui.views.frame import Frame, framed
from console.tui.views.machine import engine_state


def served(view: View, frame: Frame) -> list[Row]:
    """The engine as the weights see it; what comes at the next start, where that is something else."""
    if not view.known:
        return framed("Serving now", [], frame)
    now, wide, high = view.state.engine, frame.inner_width, frame.inner_height
    slots = f"{now.slots_busy}/{now.slots} {'slot' if now.slots == 1 else 'slots'} " if now.slots else ""
    name = row((" " + (text_fit(now.model, max(8, wide - 14)).rstrip() or "no model"), "strong"))
    rows: list[Row] = [ends(name, row(slots), wide)]
    coming = _coming(view, wide)
    if now.state != "ready":
        rows.append(engine_state(now, view.now_ms))
        room = max(1, high - len(rows) - len(coming))
        rows += [row(f" {line}") for line in wrap(now.sentence, wide - 2, room) if line]
        return framed("Serving now", [*rows, *coming], frame)
    facts = _facts(now, view, wide, frame.roomy)
    chart = _speed(now, wide, high - 1 - len(facts) - len(coming), first_token=not frame.roomy)
    # The self-test comes last: where all does not fit, it is what can be spared.
    return framed("Serving now", [*rows, *chart, *facts[:-1], *coming, facts[-1]], frame)


def _speed(now: EngineView, wide: int, room: int, *, first_token: bool) -> list[Row]:
    """Tokens per second, lately: as high as there is room. `first_token`: told in the same row."""
    top = ceiling(now.tokens_history, 10_000)
    speed = rate(now.tokens_per_s_milli)
    head = row((f" {speed}", "strong"), (" tok/s".ljust(13 - len(speed)), "dim"))
    if room < 3:
        tail = row((" first token ", "dim"), (f"{brief(now.first_token_ms)} ", "strong"))
        tail, space = (tail, max(0, wide - 36)) if first_token else ((), max(0, wide - 16))
        return [(*head, Span(sparkline(now.tokens_history, space, top), "bar"), *tail)]
    chart = columns(now.tokens_history, max(0, wide - 16), min(room, 12), top)
    heads = [row((" " * 14, "dim")) for _ in chart]
    heads[0] = row((f" top {rate(top)}".ljust(14), "dim"))
    heads[-1] = head
    return [(*start, Span(line, "bar")) for start, line in zip(heads, chart, strict=True)]


def _facts(now: EngineView, view: View, wide: int, roomy: bool) -> list[Row]:
    test = Span("✓ self-test passed", "good") if now.self_test else Span("! self-test not passed", "warn")
    memory = f"{gigabytes(now.rss_bytes)} GB of memory" if now.rss_bytes else "memory unknown"
    state = engine_state(now, view.now_ms)
    profile = text_fit(now.profile or "unknown", max(8, wide - 11)).rstrip()
    if roomy:
        return [
            (*state, *row(f"  {memory}")),
            row((" First token ", "dim"), (brief(now.first_token_ms), "strong"),
                ("   context ", "dim"), (f"{now.context:,}", "strong"), (" tokens", "dim")),
            row((" Profile  ", "dim"), profile),
            row(" ", test),
        ]  # fmt: skip
    return [
        (*state, *row(f" · context {now.context:,} · {memory}")),
        row(" ", test, (" · profile ", "dim"), text_fit(profile, max(8, wide - 36)).rstrip()),
    ]


def _coming(view: View, wide: int) -> list[Row]:
    """Another model that the configuration names, served after a restart."""
    coming: ModelView | None = next(
        (model for model in view.state.models.models if model.chosen and not model.serving), None
    )
    if coming is None:
        return []
    return [row((" → ", "accent"), (text_fit(coming.title, max(8, wide - 30)).rstrip(), "strong"),
                (" at the agent's next start", "dim"))]  # fmt: skip
