"""A model as the clients see it: what the disk has, what the machine can hold, what is under way. Pure."""

from __future__ import annotations

import msgspec

from console.control.machine import MachineView
from console.control.models import ModelView
from console.control.state import EngineView
from console.models.hashing import Progress
from console.models.inventory import Stock
from console.models.memory import fits
from console.models.quantisation import inexact, quantisation


class Room(msgspec.Struct, frozen=True):
    """Memory that a model could have after a restart; `free_bytes` None: not known."""

    free_bytes: int | None
    words: str = "free memory"


class Demand(msgspec.Struct, frozen=True):
    """What the engine will be started with: tokens of context for one sequence, and the sequences."""

    context: int
    sequences: int = 1


class Work(msgspec.Struct, frozen=True):
    """What is done with one model now."""

    name: str
    fetching: bool
    progress: Progress | None = None
    sentence: str = ""


def room_for(machine: MachineView, engine: EngineView, gpu_layers: int) -> Room:
    """The memory that counts: the GPUs' when all layers go there. What the engine holds now is free then."""
    cards = [gpu for gpu in machine.gpus if not gpu.lost and gpu.vram_total_bytes]
    if gpu_layers < 0 and cards:
        used = [gpu.vram_used_bytes for gpu in cards]
        if any(value is None for value in used):
            return Room(None)
        own = sum(p.memory_bytes or 0 for gpu in cards for p in gpu.processes or () if p.own)
        free = sum(gpu.vram_total_bytes or 0 for gpu in cards) - sum(value or 0 for value in used) + own
        return Room(free, "free GPU memory")
    if machine.ram_total_bytes is None or machine.ram_used_bytes is None:
        return Room(None)
    free = machine.ram_total_bytes - machine.ram_used_bytes + engine.rss_bytes
    return Room(min(free, machine.ram_total_bytes))


def model_view(
    stock: Stock, room: Room, demand: Demand, *, chosen: bool, serving: bool, work: Work | None, trouble: str
) -> ModelView:
    """`stock` with everything that an operator decides by. `trouble`: how the last work on it failed."""
    info, entry = stock.info, stock.entry
    types = tuple(info.tensor_types) if info is not None else entry.tensor_types if entry else ()
    fit, sentence = _fit(stock, room, demand)
    view = ModelView(
        name=stock.name,
        title=stock.title,
        state=stock.state,
        size_bytes=stock.size_bytes,
        sha256=stock.sha256,
        quantisation=quantisation(info) if info is not None else entry.quantisation if entry else "",
        parameters=info.parameter_count if info is not None else entry.parameters if entry else 0,
        context=(info.context_length if info is not None else 0) or (entry.context_length if entry else 0),
        licence=entry.licence if entry else "",
        path=str(stock.path) if stock.state not in ("absent", "partial") else "",
        serving=serving,
        chosen=chosen,
        fits=fit,
        fit_sentence=sentence,
        exact=not inexact(types) if types else None,
        done_bytes=stock.done_bytes,
        sentence=trouble or stock.sentence,
        tensor_types=types,
    )
    return view if work is None else _at_work(view, work)


def _at_work(view: ModelView, work: Work) -> ModelView:
    progress = work.progress
    checking = not work.fetching or (progress is not None and progress.stage == "checking")
    done = 0
    if progress is not None and progress.total_bytes:
        # A package is smaller than the model within it: its share counts.
        done = view.size_bytes * min(progress.done_bytes, progress.total_bytes) // progress.total_bytes
    return msgspec.structs.replace(
        view, state="checking" if checking else "fetching", done_bytes=done, sentence=work.sentence
    )


def _fit(stock: Stock, room: Room, demand: Demand) -> tuple[bool | None, str]:
    if room.free_bytes is None:
        return None, "How much memory is free is not known."
    free = gigabytes(room.free_bytes)
    if stock.info is None:
        if stock.entry is None:
            return None, ""
        if stock.size_bytes > room.free_bytes:
            return False, f"Its weights alone take {gigabytes(stock.size_bytes)} of {free} {room.words}"
        return None, "Told once its header is here."
    info = stock.info
    context = min(demand.context, info.context_length or demand.context)
    fit = fits(info, room.free_bytes, context * demand.sequences)
    sentence = f"{gigabytes(fit.needed_bytes)} of {free} {room.words}"
    if not fit.ok and (largest := fit.largest_n_ctx // demand.sequences):
        sentence += f"; with a context of {largest:,} it would fit"
    return fit.ok, sentence


def gigabytes(size: int) -> str:
    """`0.4 GB`, `21 GB`: binary, as everywhere in the console."""
    value = size / 2**30
    return f"{value:.1f} GB" if value < 20 else f"{value:,.0f} GB"
