"""The served model's file while the engine is down: whether it is missing, and its coming back."""

from __future__ import annotations

from pathlib import Path

from console.agent.supervision.supervisor import Supervisor


class WeightsGone:
    """Asked for the reason, and looked after at each tick of the clock."""

    def __init__(self, path: Path, supervisor: Supervisor) -> None:
        self._path = path
        self._supervisor = supervisor
        self._missed = False

    def missing(self) -> str:
        """The path where the file should be and is not; empty while the engine is not down."""
        if not self._down() or self._path.is_file():
            return ""
        self._missed = True
        return str(self._path)

    def try_if_back(self) -> None:
        """Start the engine with a file that came back, at once: the wait was for a fault that is over."""
        if not self._missed or self.missing():
            return
        self._missed = False
        if self._down():
            self._supervisor.restart()

    def _down(self) -> bool:
        return self._supervisor.supervised.state in ("waiting", "failed")
