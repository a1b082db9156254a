"""The coordinator's two clocks: a wall clock that faults may set, and one for durations that never jumps."""

from __future__ import annotations

from simulation.loop import SimulatedLoop

_EPOCH_MS = 1_790_000_000_000


class SimulatedClock:
    """A `console.coordinator.clock.Clock` over the loop's time."""

    def __init__(self, loop: SimulatedLoop) -> None:
        self._loop = loop
        self._jumps = [(0.0, 0)]
        self._wall_ms = 0

    def jump(self, by_ms: int) -> None:
        """Somebody sets the clock."""
        self._wall_ms += by_ms
        # As `console.coordinator.clock.Stamps` has it: set back, time goes on from where it was.
        self._jumps.append((self._loop.time(), max(self._jumps[-1][1], self._wall_ms)))

    def now_ms(self) -> int:
        """Milliseconds since 1970, as this machine stamps."""
        return _EPOCH_MS + self._jumps[-1][1] + round(self._loop.time() * 1000)

    def not_before(self, at_ms: int) -> None:
        """It goes on over a restart by itself."""

    def shown_ms(self, start_s: float, end_s: float) -> tuple[int, int]:
        """The least and the most that it showed between two moments."""
        before = [by_ms for at_s, by_ms in self._jumps if at_s <= start_s][-1:]
        within = [by_ms for at_s, by_ms in self._jumps if start_s < at_s <= end_s]
        least, most = min(before + within), max(before + within)
        return _EPOCH_MS + least + round(start_s * 1000), _EPOCH_MS + most + round(end_s * 1000)

    def tick_s(self) -> float:
        """Seconds since the history began."""
        return self._loop.time()
