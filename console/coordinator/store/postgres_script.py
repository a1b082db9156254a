"""What a unit has to send, and how that is put into a script: its writes, its savepoint, what must be so."""

from __future__ import annotations

from typing import NamedTuple

import asyncpg

from console.coordinator.store.database import Values
from console.coordinator.store.dialect import touches
from console.coordinator.store.errors import ConflictError
from console.coordinator.store.postgres_words import Words
from console.coordinator.store.writer import Item

REFUSED = "quarterdeck_must:"
"""How the error begins by which the server says that a write did not change one row; its number follows."""


class Step(NamedTuple):
    """A write that waits. `error`: what it means when it does not change exactly one row."""

    sql: str
    values: Values
    written: str
    """The values, written out."""
    error: Exception | None = None

    def touches(self, read: str, wanted: Values) -> bool:
        """Whether a query may see it."""
        return touches(self.sql, self.values, read, wanted)


class Part:
    """What one unit has in the batch."""

    def __init__(self, item: Item, number: int) -> None:
        self.item = item
        self.savepoint = f"unit{number}"
        self.steps: list[Step] = []
        self.sent: list[Step] = []
        self.open = False
        """Its savepoint stands at the server."""
        self.over = False
        """Its work has returned."""

    @property
    def failed(self) -> Exception | None:
        """Why it cannot stand, whatever its work makes of that."""
        return self.item.error

    def fail(self, error: Exception) -> None:
        """Nothing more of it is sent."""
        self.item.error, self.steps = error, []

    @property
    def end(self) -> str:
        """Give up the savepoint."""
        return f"RELEASE SAVEPOINT {self.savepoint};"

    @property
    def undo(self) -> str:
        """Undo what was sent of it."""
        return f"ROLLBACK TO SAVEPOINT {self.savepoint}; {self.end}"


class Script:
    """What is sent in one round trip."""

    def __init__(self, words: Words, parts: list[Part]) -> None:
        self.parts = parts
        self.claims: list[tuple[Part, Exception]] = []
        """Writes that must change one row, by the number that the server is told."""
        self.speech = words.speech()
        self.text = "".join(map(self._of, parts))

    def _of(self, part: Part) -> str:
        """A unit that failed is undone, as far as it was sent; one that is over gives up its savepoint."""
        if part.failed is not None:
            return part.undo
        lines = [] if part.open else [f"SAVEPOINT {part.savepoint};"]
        lines += [self._write(part, step) for step in part.steps]
        return "".join([*lines, part.end if part.over else ""])

    def _write(self, part: Part, step: Step) -> str:
        if step.error is None:
            values = f"({step.written})" if step.written else ""
            return f"{self.speech.say(step.sql)}{values};"
        must = f"quarterdeck_must(count(*), ?{len(step.values) + 1})"
        told = self.speech.say(f"WITH done AS ({step.sql} RETURNING 1) SELECT {must} FROM done")
        self.claims.append((part, step.error))
        return f"{told}({step.written}, {len(self.claims) - 1});"


def meaning_of(error: Exception) -> Exception:
    """Without the error's details, which quote rows."""
    if isinstance(error, asyncpg.IntegrityConstraintViolationError):
        return ConflictError(f"the database holds against it: {error.args[0]}")
    return error
