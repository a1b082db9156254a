"""A newcomer is given its place: the slot is chosen, and the decoder's memory made to fit."""

from __future__ import annotations

from collections.abc import Sequence

from console.engine.port import Source
from console.engine.process.decoding import Decoder
from console.engine.process.slots import Slots


def move_in(slots: Slots, decoder: Decoder, ids: Sequence[int], source: Source, most: int) -> tuple[int, int]:
    """The slot for `ids`, and how many of them are computed in it already, at most `most`.

    There must be a free slot. A model that cannot drop a part of what it holds begins anew.
    """
    place = slots.take(ids, source, most)
    if place.copied_from is not None:
        decoder.copy(place.copied_from, place.slot)
    if decoder.forget(place.slot, place.reused):
        return place.slot, place.reused
    decoder.forget(place.slot)
    slots.lose(place.slot)
    return place.slot, 0
