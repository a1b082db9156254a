"""Health and metrics, made from the gauges. Prometheus text format 0.0.4; no text of anybody."""

from __future__ import annotations

import os
import time
from typing import Literal

import psutil

from console.engine.port import Health
from console.engine.process.worker import Worker

_process = psutil.Process()


def health_of(worker: Worker) -> Health:
    """The present state, from memory."""
    gauges, loaded = worker.gauges, worker.loaded
    state, sentence = _state(worker)
    return Health(
        state=state,
        sentence=sentence,
        pid=os.getpid(),
        model=loaded.facts if loaded is not None else None,
        profile=loaded.profile if loaded is not None else None,
        slots=gauges.slots,
        slots_busy=gauges.slots_busy,
        queued=gauges.queued,
        generated_tokens=gauges.generated_tokens,
        tokens_per_s_milli=gauges.tokens_per_s_milli,
        first_token_ms=gauges.first_token_ms,
        idle_ms=gauges.idle_ms(time.monotonic()),
        rss_bytes=int(_process.memory_info().rss),
        sequences=gauges.sequences,
        prefill_per_s_milli=gauges.prefill_per_s_milli,
        prompt_tokens=gauges.prompt_tokens,
        reused_tokens=gauges.reused_tokens,
        reused_prompts=gauges.reused_prompts,
    )


def _state(worker: Worker) -> tuple[Literal["loading", "ready", "failed"], str]:
    if worker.failure is not None:
        return "failed", worker.failure.sentence
    return ("loading", worker.doing) if worker.loaded is None else ("ready", "Ready.")


def metrics_of(worker: Worker) -> str:
    """The same and a few counters more, for Prometheus."""
    health, gauges = health_of(worker), worker.gauges
    lines: list[str] = []
    _metric(lines, "generated_tokens_total", "counter", "Tokens generated.", health.generated_tokens)
    _metric(lines, "prompt_tokens_total", "counter", "Rows of prompts computed.", gauges.prompt_tokens)
    _metric(lines, "reused_tokens_total", "counter", "Prompt tokens taken over.", gauges.reused_tokens)
    _metric(lines, "reused_prompts_total", "counter", "Prompts partly taken over.", gauges.reused_prompts)
    lines.append("# HELP quarterdeck_engine_requests_total Requests that ended, by outcome.")
    lines.append("# TYPE quarterdeck_engine_requests_total counter")
    for outcome, count in sorted(gauges.outcomes.copy().items()):
        lines.append(f'quarterdeck_engine_requests_total{{outcome="{outcome}"}} {count}')
    rate, first = health.tokens_per_s_milli / 1000, health.first_token_ms / 1000
    prefill = health.prefill_per_s_milli / 1000
    _metric(lines, "prefill_tokens_per_second", "gauge", "Over the last 10 s of prefill.", prefill)
    _metric(lines, "tokens_per_second", "gauge", "Over the last 10 s of generation.", rate)
    _metric(lines, "first_token_seconds", "gauge", "Time to first token, last generation.", first)
    _metric(lines, "slots", "gauge", "Sequences that can run at once.", health.slots)
    _metric(lines, "slots_busy", "gauge", "Sequences that run.", health.slots_busy)
    _metric(lines, "queued", "gauge", "Generations that wait for a slot.", health.queued)
    _metric(lines, "scores", "gauge", "Scores that are not done.", gauges.scores)
    _metric(lines, "idle_seconds", "gauge", "Without progress in spite of work.", health.idle_ms / 1000)
    _metric(lines, "resident_bytes", "gauge", "Resident memory.", health.rss_bytes)
    _metric(lines, "ready", "gauge", "Whether the model is loaded.", int(health.state == "ready"))
    if health.profile is not None:
        exact = str(health.profile.self_test).lower()
        labels = f'build="{_label(health.profile.build)}",device="{_label(health.profile.device)}"'
        lines.append("# HELP quarterdeck_engine_build_info What computes here.")
        lines.append("# TYPE quarterdeck_engine_build_info gauge")
        lines.append(f'quarterdeck_engine_build_info{{{labels},exact="{exact}"}} 1')
    return "\n".join(lines) + "\n"


def _metric(lines: list[str], name: str, kind: str, meaning: str, value: float) -> None:
    full = f"quarterdeck_engine_{name}"
    lines.extend((f"# HELP {full} {meaning}", f"# TYPE {full} {kind}", f"{full} {value}"))


def _label(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
