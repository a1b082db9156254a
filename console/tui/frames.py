"""The FrameClock: one timer that flushes what changed, a few times a second at most."""

from __future__ import annotations

from collections.abc import Callable, Mapping

SLOWEST_HZ, USUAL_HZ, REMOTE_HZ, FASTEST_HZ = 0.2, 2.0, 1.0, 5.0


def frames_per_second(wanted: float, environment: Mapping[str, str]) -> float:
    """`wanted` within bounds; 0 means 2 Hz, or 1 Hz when the terminal is at the far end of SSH."""
    if wanted <= 0:
        wanted = REMOTE_HZ if environment.get("SSH_CONNECTION") else USUAL_HZ
    return min(FASTEST_HZ, max(SLOWEST_HZ, wanted))


class FrameClock:
    """Calls `flush` every 1/hz seconds once started; without `schedule` only when told (tests, pictures)."""

    def __init__(
        self,
        hz: float,
        flush: Callable[[], None],
        schedule: Callable[[float, Callable[[], None]], object] | None,
    ) -> None:
        self.hz = hz
        self._flush = flush
        self._schedule = schedule

    def start(self) -> None:
        """Begin to tick."""
        if self._schedule is not None:
            self._schedule(1 / self.hz, self._flush)

    def now(self) -> None:
        """Flush at once: a key was pressed, or a test says so."""
        self._flush()
