"""Electricity: what is drawn now, how that is known, and how much it came to. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from console.control.earnings import PowerView
from console.control.machine import GpuView
from console.settings.config import PowerConfig

Source = Literal["unknown", "measured", "given"]
_MICROJOULES_PER_MWH = 3_600_000
WATTS_LIMIT = 1_000_000


class Draw(msgspec.Struct, frozen=True):
    """What is drawn while a job runs and while none does, milliwatts; None: not known."""

    busy: int | None = None
    idle: int | None = None


def draw(power: PowerConfig, gpus: Sequence[GpuView]) -> Draw:
    """The operator's figures where there are any, else the sum of what the GPUs' drivers measure now."""
    if power.watts > 0:
        return Draw(_milli(power.watts), _milli(power.idle_watts))
    known = [gpu.power_w for gpu in gpus if gpu.power_w is not None]
    measured = 1000 * sum(known) if known else None
    return Draw(measured, measured)


def energy(drawn: Draw, elapsed_ms: int, worked_ms: int, rest_uj: int) -> tuple[int, int]:
    """Milliwatt hours in `elapsed_ms`, of which a job ran `worked_ms`, and the microjoules left over.

    `rest_uj`: what was left over last time, so that no fraction is lost.
    """
    if drawn.busy is None or drawn.idle is None:
        return 0, rest_uj
    busy_ms = min(max(0, worked_ms), elapsed_ms)
    total = rest_uj + drawn.busy * busy_ms + drawn.idle * (elapsed_ms - busy_ms)
    return total // _MICROJOULES_PER_MWH, total % _MICROJOULES_PER_MWH


def view(power: PowerConfig, drawn: Draw, works: bool) -> PowerView:
    """As clients see it. Price and worth are the operator's, also where nothing is measured."""
    now = drawn.busy if works else drawn.idle
    source: Source = "given" if power.watts > 0 else "unknown" if now is None else "measured"
    return PowerView(
        source=source,
        watts_milli=now or 0,
        price_micro=_micro(power.price_per_kwh),
        currency=power.currency,
        credit_micro=_micro(power.credit_price),
    )


def _milli(watts: float) -> int:
    return round(1000 * min(max(0.0, watts), WATTS_LIMIT))


def _micro(price: float) -> int:
    return round(1_000_000 * min(max(0.0, price), 1e9))
