"""What the coordinator caught, logged and did not expect: a fault that no invariant may show."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from console.coordinator.store import ConflictError, StoreError


class _Errors(logging.Handler):
    """Exceptions that the coordinator caught and did not expect."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and not isinstance(error, StoreError | ConflictError):
            self.found.append(f"{record.getMessage()}: {error!r}")
        elif record.getMessage().startswith("a task ended"):
            self.found.append(record.getMessage())


@contextmanager
def unexpected_errors() -> Iterator[list[str]]:
    """Filled while one history runs."""
    log, handler = logging.getLogger("console.coordinator"), _Errors()
    was = (log.level, log.propagate)
    log.addHandler(handler)
    log.setLevel(logging.ERROR)
    log.propagate = False
    try:
        yield handler.found
    finally:
        log.removeHandler(handler)
        log.level, log.propagate = was
