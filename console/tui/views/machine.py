"""The machine's gauges and the engine's."""

from __future__ import annotations

from console.control.machine import GpuView, MachineView
from console.control.state import EngineView
from console.tui.charts import ceiling, columns, gauge, sparkline
from console.tui.figures import brief, duration, gigabytes, of_cent, rate
from console.tui.rows import Role, Row, Span, ends, fit, row, text_fit, wrap
from console.tui.store import View
from console.tui.views.frame import Frame, framed


def machine(view: View, frame: Frame) -> list[Row]:
    """Processor, memory and accelerators, each with what it did lately."""
    now = view.state.machine
    if not view.known or now.at_ms == 0:
        waiting = [row((" no reading yet", "dim"))] if view.known else []
        return framed("Machine", waiting, frame)
    wide = frame.inner_width
    rows = _roomy_machine(now, wide, frame.inner_height) if frame.roomy else _compact_machine(now, wide)
    return framed("Machine", rows, frame)


def _compact_machine(now: MachineView, wide: int) -> list[Row]:
    head = row((" CPU ", "dim"), (f"{of_cent(now.cpu_percent):<6} ", "strong"))
    trend = sparkline(now.cpu_history, max(0, wide - 14), 100)
    return [(*head, Span(trend, "bar")), _memory(now, wide), *_gpu_rows(now, wide)]


def _memory(now: MachineView, wide: int) -> Row:
    used, total = now.ram_used_bytes, now.ram_total_bytes
    text = f" {gigabytes(used)} of {gigabytes(total)} GB "
    room = max(0, wide - 6 - len(text))
    bar, rest = gauge(used or 0, total or 0, room)
    return (*row((" RAM", "dim"), (text, "strong")), Span(bar, "bar"), Span(rest, "track"))


def _gpu_rows(now: MachineView, wide: int) -> list[Row]:
    if not now.gpus:
        return [row((" GPU ", "dim"), "no GPU found")]
    rows = []
    for gpu in now.gpus:
        trend = sparkline(now.gpu_history, max(0, wide - 40), 100) if gpu is now.gpus[0] else ""
        rows.append((*_gpu(gpu), Span(f" {trend}", "bar")))
    return rows


def _gpu(gpu: GpuView) -> Row:
    if gpu.lost:
        return row((" GPU ", "dim"), (f"LOST {text_fit(gpu.name, 20).rstrip()}", "bad"))
    parts = [of_cent(gpu.load_percent)]
    if gpu.temperature_c is not None:
        parts.append(f"{gpu.temperature_c} °C")
    if gpu.power_w is not None:
        parts.append(f"{gpu.power_w} W")
    memory = ""
    if gpu.vram_total_bytes:
        memory = f" VRAM {gigabytes(gpu.vram_used_bytes)}/{gigabytes(gpu.vram_total_bytes)}"
    throttle = f" {gpu.throttle}" if gpu.throttle else ""
    return row((" GPU ", "dim"), ("  ".join(parts), "strong"), (memory, "text"), (throttle, "warn"))


def _roomy_machine(now: MachineView, wide: int, high: int) -> list[Row]:
    chart_rows = max(1, high - 3 - max(1, len(now.gpus)))
    chart = columns(now.cpu_history, wide - 14, chart_rows, 100)
    name = row((" " + text_fit(now.cpu_model or "processor", 40).rstrip(), "text"),
               (f" · {now.cores} cores" if now.cores else "", "dim"))  # fmt: skip
    rows: list[Row] = [ends(name, _load(now), wide)]
    for index, line in enumerate(chart):
        head: Row = row(("             ", "dim"))
        if index == len(chart) - 1:
            head = row((" CPU ", "dim"), (f"{of_cent(now.cpu_percent):<6}  ", "strong"))
        rows.append((*head, Span(line, "bar")))
    return [*rows, _memory(now, wide), *_gpu_rows(now, wide), _disk(now)]


def _load(now: MachineView) -> Row:
    parts = []
    if now.temperature_c is not None:
        parts.append(f"{now.temperature_c} °C")
    if now.load_milli is not None:
        parts.append(f"load {now.load_milli / 1000:.1f}")
    return row(("  ".join(parts) + " ", "dim"))


def _disk(now: MachineView) -> Row:
    free = f"{gigabytes(now.disk_free_bytes)} GB free of {gigabytes(now.disk_total_bytes)}"
    return row((" Disk ", "dim"), free)


_ENGINE_WORDS: dict[str, tuple[str, Role]] = {
    "stopped": ("○ stopped", "warn"),
    "starting": ("◌ starting", "accent"),
    "loading": ("◌ loading the model", "accent"),
    "probing": ("◌ proving itself", "accent"),
    "ready": ("● ready", "good"),
    "waiting": ("▲ down", "bad"),
    "failed": ("✗ given up", "bad"),
}


def engine_state(engine: EngineView, now_ms: int) -> Row:
    """State as glyph and word, with restarts and the next try."""
    word, ink = _ENGINE_WORDS.get(engine.state, (engine.state, "text"))
    parts: list[str | tuple[str, Role]] = [(f" {word}", ink)]
    if engine.state == "waiting" and engine.next_try_ms:
        left_ms = engine.next_try_ms - now_ms
        parts.append((f", next try in {duration(left_ms)}" if left_ms >= 1000 else ", trying now", "strong"))
    if engine.restarts:
        times = "restart" if engine.restarts == 1 else "restarts"
        parts.append((f" · {engine.restarts} {times}", "warn"))
    return row(*parts)


def engine(view: View, frame: Frame) -> list[Row]:
    """The model server: what it serves, how fast, and whether it does."""
    now = view.state.engine
    if not view.known:
        return framed("Engine", [], frame)
    wide = frame.inner_width
    slots = row((f"{now.slots_busy}/{now.slots} {'slot' if now.slots == 1 else 'slots'} ", "text"))
    model = row((" " + (text_fit(now.model, max(8, wide - 12)).rstrip() or "no model"), "strong"))
    rows = [ends(model, slots if now.slots else (), wide)]
    if now.state == "ready":
        rows += _speed(now, wide, frame)
        rows.append(_proof(now, view.now_ms, wide, frame.roomy))
    else:
        rows.append(engine_state(now, view.now_ms))
        rows += [
            row((f" {line}", "text")) for line in wrap(now.sentence, wide - 2, max(1, frame.inner_height - 2))
        ]
    if frame.roomy and now.state == "ready":
        rows.append(_facts(now, wide))
    return framed("Engine", rows, frame)


def _speed(now: EngineView, wide: int, frame: Frame) -> list[Row]:
    top = ceiling(now.tokens_history, 10_000)
    speed = rate(now.tokens_per_s_milli)
    head = row((f" {speed}", "strong"), (" tok/s".ljust(13 - len(speed)), "dim"))
    tail = row((" first ", "dim"), (brief(now.first_token_ms), "strong"))
    if not frame.roomy:
        room = max(0, wide - 14 - 15)
        return [(*head, Span(sparkline(now.tokens_history, room, top), "bar"), *tail)]
    chart = columns(now.tokens_history, wide - 16, max(1, frame.inner_height - 3), top)
    heads = [row(("              ", "dim")) for _ in chart]
    heads[0] = row((f" top {rate(top)}".ljust(14), "dim"))
    heads[-1] = head
    return [(*start, Span(line, "bar")) for start, line in zip(heads, chart, strict=True)]


def _proof(now: EngineView, now_ms: int, wide: int, roomy: bool) -> Row:
    """Whether it computes exactly, and how fast it reads prompts; where both do not fit, what is wrong."""
    exact: tuple[str, Role] = ("self-test passed", "good") if now.self_test else ("no self-test", "dim")
    queue = f"{now.queued} queued " if now.queued else ""
    if now.prefill_per_s_milli and now.self_test and not roomy:
        exact = (f"prefill {rate(now.prefill_per_s_milli)} tok/s", "text")
    return ends((*engine_state(now, now_ms), *row(("  ", "dim"), exact)), row((queue, "text")), wide)


def _facts(now: EngineView, wide: int) -> Row:
    parts = [f"first token {brief(now.first_token_ms)}", f"context {now.context:,}"]
    if now.prefill_per_s_milli:
        parts = [f"prefill {rate(now.prefill_per_s_milli)} tok/s", f"first {brief(now.first_token_ms)}"]
    if now.rss_bytes:
        parts.append(f"{gigabytes(now.rss_bytes)} GB resident")
    return fit(row((" " + "  ·  ".join(parts), "dim")), wide)
