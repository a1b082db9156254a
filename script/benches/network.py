"""`script/bench network`: what a coordinator's work costs. By `--only`: `crowd`, `stores`, `settled`."""

from __future__ import annotations

from benches import crowd_of_nodes, settled, stores
from benches.rows import Row

PARTS = ("crowd", "stores", "settled")


def measure(only: frozenset[str] = frozenset(PARTS)) -> list[Row]:
    """All rows. Raises ValueError for a part that there is not."""
    if unknown := only - set(PARTS):
        raise ValueError(f"there is no part {', '.join(sorted(unknown))}; there is {', '.join(PARTS)}")
    rows = crowd_of_nodes.measure() if "crowd" in only else []
    rows += stores.measure() if "stores" in only else []
    return rows + (settled.measure() if "settled" in only else [])
