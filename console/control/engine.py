"""What the engine does at this moment and how it was started, as the clients see it. Frozen; counts only."""

from __future__ import annotations

from typing import Literal

import msgspec


class SequenceView(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What one slot does."""

    slot: int
    source: Literal["network", "local"] = "network"
    """`local`: the operator's own programs."""
    prompt_tokens: int = 0
    prefilled: int = 0
    """Of the prompt, computed or taken over."""
    reused: int = 0
    """Of the prompt, taken over from an earlier one that began alike."""
    tokens: int = 0
    max_tokens: int = 0
    age_ms: int = 0


class WhyView(msgspec.Struct, frozen=True):
    """Why one number of the launch plan is what it is."""

    subject: str
    """layers, context, slots, threads, rows."""
    sentence: str


class PlanView(msgspec.Struct, frozen=True, omit_defaults=True):
    """The plan that the engine was started with."""

    made_ms: int = 0
    """0: none was made yet."""
    gpu_layers: int = 0
    context: int = 0
    slots: int = 0
    slots_used: int = 0
    """Jobs that are given to it at once: fewer than its slots where more were measured not to help."""
    threads: int = 0
    rows: int = 0
    ram_bytes: int = 0
    """Estimated need of memory."""
    vram_bytes: int = 0
    fits: bool = True
    reasons: tuple[WhyView, ...] = ()
    taken: tuple[str, ...] = ()
    """Step-downs taken because memory ran out, each in words."""
    next_step: str = ""
    """What the next one would be; empty: there is none left."""


def plan_words(plan: PlanView, *, device: bool = True) -> str:
    """The plan's numbers in a line: `4 threads · 8 × 2,048 tokens · on the processor`."""
    threads = f"{plan.threads} {'thread' if plan.threads == 1 else 'threads'}"
    words = f"{threads} · {plan.slots} × {plan.context:,} tokens"
    where = f"{plan.gpu_layers} layers on the GPU" if plan.gpu_layers else "on the processor"
    return f"{words} · {where}" if device else words


def step_words(plan: PlanView) -> str:
    """How often memory ran out, and what that came to; empty when it never did."""
    count = len(plan.taken)
    if not count:
        return ""
    times = "once" if count == 1 else "twice" if count == 2 else f"{count} times"
    return f"memory ran out: stepped down {times}, last to {plan.taken[-1]}"
