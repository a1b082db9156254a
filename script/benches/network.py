"""`script/bench network`: what the coordinator's own work costs. Parts, by `--only`: `crowd`, `stores`."""

from __future__ import annotations

from benches import crowd_of_nodes, stores
from benches.rows import Row

PARTS = ("crowd", "stores")


def measure(only: frozenset[str] = frozenset(PARTS)) -> list[Row]:
    """All rows. Raises ValueError for a part that there is not."""
    if unknown := only - set(PARTS):
        raise ValueError(f"there is no part {', '.join(sorted(unknown))}; there is {', '.join(PARTS)}")
    rows = crowd_of_nodes.measure() if "crowd" in only else []
    return rows + (stores.measure() if "stores" in only else [])
