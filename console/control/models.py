"""The weights of a node, as its clients see them. Frozen."""

from __future__ import annotations

from typing import Literal

import msgspec

ModelState = Literal["absent", "partial", "fetching", "checking", "unverified", "verified", "wrong"]
"""`partial`: a fetch was interrupted and goes on where it stopped; `wrong`: not the file it claims to be."""


class ModelView(msgspec.Struct, frozen=True, omit_defaults=True):
    """One model: of the catalogue, or a file that the operator named."""

    name: str
    """What `engine.model` calls it."""
    title: str
    state: ModelState
    size_bytes: int = 0
    sha256: str = ""
    quantisation: str = ""
    parameters: int = 0
    context: int = 0
    licence: str = ""
    path: str = ""
    serving: bool = False
    """Whether the engine runs it now."""
    chosen: bool = False
    """Whether the configuration names it: what the next start serves."""
    fits: bool | None = None
    """Whether this machine's memory holds it with the configured context; None: not known."""
    fit_sentence: str = ""
    exact: bool | None = None
    """Whether all its tensor types are on the exact list (DESIGN §5); None: its header was not read."""
    done_bytes: int = 0
    """Fetched or hashed so far."""
    sentence: str = ""
    """What is wrong with it, or under way."""
    tensor_types: tuple[str, ...] = ()
    """Those of its tensors, by name: what `exact` rests on."""


class ModelsView(msgspec.Struct, frozen=True, omit_defaults=True):
    """All of them, and the folder that they lie in."""

    folder: str = ""
    free_bytes: int | None = None
    models: tuple[ModelView, ...] = ()
