"""`script/bench engine`: the engine with the starter model, in parts that can be asked for by name."""

from __future__ import annotations

import importlib

from benches.rows import Row
from console.engine.port import EngineError
from console.models import STARTER, fetch
from console.settings.paths import make_private, models_dir

PARTS = {
    "serving": "benches.serving",
    "sampling": "benches.sampling",
    "context": "benches.long_contexts",
    "lone": "benches.lone_stream",
    "soak": "benches.soak",
}
"""Each a module whose `measure` takes the model's file. The soak takes ten minutes, and only if asked for."""
DEFAULT = frozenset(PARTS) - {"soak"}


def measure(parts: frozenset[str] = DEFAULT) -> list[Row]:
    """Rows of the parts. Raises ValueError for one that does not exist."""
    unknown = parts - set(PARTS)
    if unknown:
        raise ValueError(f"there is no part {', '.join(sorted(unknown))}; there is {', '.join(PARTS)}")
    model = fetch(STARTER, make_private(models_dir()))
    rows: list[Row] = []
    for name in PARTS:
        if name in parts:
            try:
                rows += importlib.import_module(PARTS[name]).measure(model)
            except EngineError as error:
                raise RuntimeError(str(error)) from error
    return rows
