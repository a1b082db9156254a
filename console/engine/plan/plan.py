"""The plan: GPU layers, context, slots, threads and rows of a batch, each with the reason for it."""

from __future__ import annotations

from typing import Literal

import msgspec

from console.engine.plan.facts import Learned, Machine, Weights, Wishes
from console.engine.plan.memory import Need, Room, Shape, fits, need, room, size_words, slot_bytes
from console.engine.plan.steps import CONTEXT_LEAST, steps
from console.engine.plan.threads import threads
from console.models.memory import BATCH_TOKENS

Subject = Literal["layers", "context", "slots", "threads", "rows"]


class Why(msgspec.Struct, frozen=True):
    """Why one number of the plan is what it is: one sentence for the operator."""

    subject: Subject
    sentence: str


class Plan(msgspec.Struct, frozen=True):
    """How to start. `reasons`: one for each subject, in their order."""

    gpu_layers: int
    context: int
    """Tokens of each slot."""
    slots: int
    threads: int
    rows: int
    """Of a batch (llama.cpp's n_batch and n_ubatch)."""
    ram_bytes: int
    """Of the machine's memory, estimated."""
    vram_bytes: int
    fits: bool
    """Whether the memory known to be free holds it; False only where nothing smaller can be planned."""
    reasons: tuple[Why, ...]
    taken: tuple[str, ...] = ()
    """Step-downs taken because memory ran out, in words."""
    next_step: str = ""
    """What the next one would be; empty: there is none left."""


def make_plan(
    machine: Machine, weights: Weights, wishes: Wishes, learned: Learned, queue_limit: int = 8
) -> Plan:
    """The plan. `queue_limit`: jobs that the network sends one node at once; more slots would stay empty."""
    within = room(machine)
    layers, layers_why = _layers(machine, weights, wishes, within)
    context, context_why = _context(weights, wishes, layers, within)
    slots, slots_why = _slots(weights, Shape(context, 1, layers), wishes, learned, within, queue_limit)
    count, threads_why = threads(machine, wishes.threads, learned)
    shape = Shape(context, slots, layers)
    way = steps(shape)
    taken, left = way[: learned.steps], way[learned.steps :]
    final = taken[-1].shape if taken else shape
    needed = need(weights, final)
    return Plan(
        gpu_layers=final.gpu_layers,
        context=final.context,
        slots=final.slots,
        threads=count,
        rows=BATCH_TOKENS,
        ram_bytes=needed.ram,
        vram_bytes=needed.vram,
        fits=fits(needed, within),
        reasons=(
            Why("layers", _stepped(shape.gpu_layers, final.gpu_layers, "layers", layers_why)),
            Why("context", _stepped(shape.context, final.context, "tokens", context_why)),
            Why("slots", _stepped(shape.slots, final.slots, "slots", slots_why)),
            Why("threads", threads_why),
            Why("rows", _rows_why(final.gpu_layers)),
        ),
        taken=tuple(step.words for step in taken),
        next_step=left[0].words if left else "",
    )


def _layers(machine: Machine, weights: Weights, wishes: Wishes, within: Room) -> tuple[int, str]:
    """llama.cpp counts the output as one layer more."""
    whole = weights.layers + 1
    if wishes.gpu_layers == 0:
        return 0, "The processor computes, as configured."
    if not machine.cards:
        return 0, "The processor computes: no GPU was found."
    if not machine.offload:
        return (
            0,
            "The processor computes: this build of llama.cpp cannot use a GPU; `doctor` says how to get one.",
        )
    asked = whole if wishes.gpu_layers < 0 else min(wishes.gpu_layers, whole)
    names = ", ".join(card.name for card in machine.cards)
    if within.vram is None:
        return asked, f"{asked} of {whole} layers on {names}, whose driver does not say what is free."
    context = _asked(weights, wishes)
    held = (n for n in range(asked + 1) if fits(_on_gpu(weights, context, n, within), within))
    most = max(held, default=0)
    free = f"{size_words(within.vram)} that may be used of {names}"
    if most == whole:
        return most, f"All {whole} layers: they fit the {free}."
    if most == asked:
        return most, f"{most} of {whole} layers on {names}, as configured."
    return most, f"{most} of {whole} layers: no more fit the {free}."


def _on_gpu(weights: Weights, context: int, layers: int, within: Room) -> Need:
    """What counts for `layers`: the GPU's memory, and the machine's too where both are one."""
    whole = need(weights, Shape(context, 1, layers))
    return whole if within.shared else Need(0, whole.vram)


def _asked(weights: Weights, wishes: Wishes) -> int:
    """The operator's context, within what the model was trained for."""
    return min(wishes.context, weights.trained_context or wishes.context)


def _context(weights: Weights, wishes: Wishes, layers: int, within: Room) -> tuple[int, str]:
    asked = context = _asked(weights, wishes)
    while context >= 2 * CONTEXT_LEAST and not fits(need(weights, Shape(context, 1, layers)), within):
        context //= 2
    if context < asked:
        short = f"{asked:,} do not fit the {_free_words(within)}"
        if not fits(need(weights, Shape(context, 1, layers)), within):
            return context, f"{context:,} tokens: {short}, and this may not either."
        return context, f"{context:,} tokens: {short}."
    if asked < wishes.context:
        return (
            asked,
            f"{asked:,} tokens: the model was trained for no more ({wishes.context:,} are configured).",
        )
    return asked, f"{asked:,} tokens for each slot, as configured."


def _slots(
    weights: Weights, one: Shape, wishes: Wishes, learned: Learned, within: Room, limit: int
) -> tuple[int, str]:
    if one.context < _asked(weights, wishes):
        return 1, "1 slot: there is not even room for one of the configured context."
    if within.ram is None and not wishes.slots:
        return 1, "1 slot: how much memory is free is not known."
    most = wishes.slots or max(1, limit)
    held = max(
        (n for n in range(1, most + 1) if fits(_with(weights, one, n), within)),
        default=1,
    )
    each = f"each takes {size_words(slot_bytes(weights, one.context))}"
    if held < most:
        return held, f"{_count(held)}: {each}, and the {_free_words(within)} hold no more."
    if wishes.slots:
        return held, f"{_count(held)}, as configured; {each}."
    if learned.slots and learned.slots < held:
        return learned.slots, f"{_count(learned.slots)}: {learned.slots_because}."
    because = f"; {learned.slots_because}" if learned.slots_because else ""
    return held, f"{_count(held)}: the network sends a node no more at once, and {each}{because}."


def _with(weights: Weights, one: Shape, slots: int) -> Need:
    return need(weights, msgspec.structs.replace(one, slots=slots))


def _free_words(within: Room) -> str:
    parts = [f"{size_words(within.ram)} of memory"] if within.ram is not None else []
    if within.vram and not within.shared:
        parts.append(f"{size_words(within.vram)} of GPU memory")
    return f"{' and '.join(parts)} that may be used" if parts else "memory"


def _rows_why(gpu_layers: int) -> str:
    if gpu_layers:
        return f"{BATCH_TOKENS} rows a batch, llama.cpp's own default: fewer cost speed."
    return f"{BATCH_TOKENS} rows a batch: exact answers do not depend on it, and fewer cost speed."


def _stepped(planned: int, final: int, unit: str, why: str) -> str:
    if planned == final:
        return why
    return f"{final:,} {unit[:-1] if final == 1 else unit}: memory ran out with {planned:,}."


def _count(slots: int) -> str:
    return f"{slots} {'slot' if slots == 1 else 'slots'}"
