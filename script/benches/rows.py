"""Rows of a bench: a value, its unit, and the goal that DESIGN sets it, if any."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement; `goal` is the most that it may be, or with `least` the least; None: there is none."""

    name: str
    value: float
    unit: str
    goal: float | None = None
    least: bool = False

    @property
    def holds(self) -> bool | None:
        """Whether the goal is met."""
        if self.goal is None:
            return None
        return self.value >= self.goal if self.least else self.value <= self.goal

    @property
    def shown(self) -> float:
        """Three digits, as many as these measurements are good for; integers stay whole."""
        return self.value if isinstance(self.value, int) else float(f"{self.value:.3g}")


def report(rows: Iterable[Row], machine: dict[str, Any]) -> dict[str, Any]:
    """The answer for programs, as DESIGN §12 has it."""
    told = [asdict(one) | {"value": one.shown, "holds": one.holds} for one in rows]
    return {"schema_version": SCHEMA_VERSION, "machine": machine, "rows": told}


def table(rows: Sequence[Row]) -> str:
    """The answer for people."""
    words = {True: "yes", False: "NO", None: ""}
    cells = [("what", "value", "unit", "goal", "holds")] + [
        (
            one.name,
            _figure(one.shown),
            one.unit,
            "" if one.goal is None else f"{'≥' if one.least else '≤'} {one.goal:g}",
            words[one.holds],
        )
        for one in rows
    ]
    widths = [max(len(line[place]) for line in cells) for place in range(5)]
    form = f"{{:<{widths[0]}}}  {{:>{widths[1]}}} {{:<{widths[2]}}}  {{:<{widths[3]}}}  {{}}"
    return "\n".join(form.format(*line).rstrip() for line in cells)


def percentile(values: Iterable[float], percent: int) -> float:
    """The smallest value that `percent` of all do not exceed. Raises ValueError when there are none."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("nothing was measured")
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def this_machine() -> dict[str, Any]:
    """What the figures depend on; `load_1min` tells whether it had other work."""
    return {
        "cpu": _cpu_name(),
        "logical_cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "load_1min": round(os.getloadavg()[0], 2),
    }


def say(text: str) -> None:
    """Progress."""
    print(f"bench: {text}", file=sys.stderr, flush=True)


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _figure(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.10g}"
