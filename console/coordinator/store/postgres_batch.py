"""Units of work in one PostgreSQL transaction, in as few round trips as what they read allows.

Writes wait until somebody needs them: until a read of a table that they change, a look at how many rows one
changed, or the commit. Then all that wait go in one script, each unit's behind a savepoint of its own. Values
stand written out in the script, which executes statements that were prepared before; a write that must change
one row says so in the script, so that the server finds a conflict by itself, and undoes that unit alone.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import asyncpg

from console.coordinator.store.database import Values
from console.coordinator.store.dialect import checked, literals, statement
from console.coordinator.store.postgres_link import Link, of_the_unit
from console.coordinator.store.postgres_script import REFUSED, Part, Script, Step, meaning_of
from console.coordinator.store.postgres_view import View
from console.coordinator.store.postgres_words import Words
from console.coordinator.store.sql import SqlUnit
from console.coordinator.store.writer import Item

BEGIN = "BEGIN; SELECT pg_advisory_xact_lock(7237954620815361);"
"""Batches follow one another, whichever store they are of: a unit runs alone, and nothing deadlocks."""


class Batch:
    """An open transaction. Any error but a unit's own leaves it unusable, to be rolled back."""

    def __init__(self, link: Link, words: Words, token: int = 0) -> None:
        """`token`: the owner's that this is written by; 0: it is not asked who owns the database."""
        self._begin = f"{BEGIN} SELECT quarterdeck_owner({token});" if token else BEGIN
        self._link = link
        self._words = words
        self._waiting: list[Part] = []
        self._units = 0
        self._begun = False
        self._wrote = False
        self.broken: Exception | None = None
        """Why nothing of it can stand."""

    def run(self, item: Item) -> None:
        """One unit. Raises `broken` when the database failed."""
        part = Part(item, self._units)
        self._units += 1
        self._waiting.append(part)
        try:
            item.value = item.work(SqlUnit(View(self, part)))
        except Exception as error:  # the unit's own failure travels to whoever asked for it
            part.fail(part.failed or error)
        part.over = True
        if self.broken is not None:
            raise self.broken

    def commit(self, mark: str) -> bool:
        """Send what waits, `mark` with it, and commit. False: nothing was written, nothing had to be sent.

        Raises:
            LostError: no answer came: whether it stands must be asked of `mark`.
            asyncpg.PostgresError: it does not stand.
        """
        writes = self._wrote or any(part.steps for part in self._waiting)
        if writes or self._begun:
            self._flush(f"{mark if writes else ''} COMMIT")
        return writes

    def write(self, part: Part, sql: str, values: Values, error: Exception | None = None) -> Step:
        """Keep a write for later."""
        self._stands(part)
        step = Step(sql, values, literals(values), error)
        part.steps.append(step)
        return step

    def read(self, part: Part, sql: str, values: Values) -> list[tuple[Any, ...]]:
        """Rows, with every write before it in effect."""
        self._stands(part)
        changes = "RETURNING" in sql
        if changes:
            part.sent.append(Step(sql, values, ""))
        if changes or self._stale(part, sql, values):
            self._go(part, lambda: self._flush(opens=part if changes else None))
        elif not self._begun:
            self._go(part, lambda: self._flush())
        rows: list[tuple[Any, ...]] = self._go(part, lambda: self._rows(part, sql, checked(values)))
        return rows

    def changed(self, part: Part, step: Step) -> int:
        """How many rows a write changed. Raises RuntimeError when it is not the last that waits."""
        self._stands(part)
        if not part.steps or part.steps[-1] is not step:
            raise RuntimeError("look at `rowcount` once, and before the next statement")
        status: str = self._go(part, self._flush)
        return int(status.rsplit(" ", 1)[-1])

    def _stands(self, part: Part) -> None:
        if self.broken is not None or part.failed is not None:
            raise self.broken or part.failed or AssertionError

    def _go(self, part: Part, step: Callable[[], Any]) -> Any:
        """A step with the server, on behalf of a unit that may turn out to have failed."""
        try:
            done = step()
        except ValueError as error:
            part.fail(error)
        except Exception as error:
            self.broken = error
        self._stands(part)
        return done

    def _stale(self, reader: Part, sql: str, values: Values) -> bool:
        """Whether what waits may change what `reader` is to see.

        Of itself, what was not sent; of a unit before it that may yet turn out to be undone, everything.
        """
        for part in self._waiting:
            undecided = part is not reader and bool(part.steps or part.failed)
            steps = [*part.steps, *part.sent] if undecided else part.steps
            if any(step.touches(sql, values) for step in steps):
                return True
        return False

    def _rows(self, part: Part, sql: str, values: Values) -> list[tuple[Any, ...]]:
        try:
            return self._link.rows(statement(sql), values)
        except asyncpg.PostgresError as error:
            if error.severity is None:  # asyncpg itself: a value of the wrong kind, and nothing was sent
                raise ValueError(str(error)) from error
            if not (part.open and of_the_unit(error)):
                raise
            self._link.script(part.undo)
            part.fail(error)
            part.open = False
            return []

    def _flush(self, tail: str = "", opens: Part | None = None) -> str:
        """Send what waits; the last statement's status."""
        parts = [p for p in self._waiting if p.steps or p is opens or p.open]
        self._waiting = [p for p in self._waiting if not p.over]
        before = "" if self._begun else self._begin
        self._begun = True
        while True:
            script = Script(self._words, parts)
            text = before + script.text + tail
            try:
                status = self._link.script(text) if text else ""
            except asyncpg.PostgresError as error:
                if not of_the_unit(error):
                    raise
                refused, before = self._refused(script, error)
                after = parts.index(refused) + 1
                self._sent(parts[: after - 1])
                parts = parts[after:]
                continue
            script.speech.learn()
            self._sent(parts)
            return status

    def _sent(self, parts: list[Part]) -> None:
        for part in parts:
            self._wrote = True
            part.sent += part.steps
            part.steps, part.open = [], not part.over

    def _refused(self, script: Script, error: asyncpg.PostgresError) -> tuple[Part, str]:
        """The part that failed, and how to undo it. Those before it are done, those after it not begun."""
        said = str(error.args[0])
        number = said.removeprefix(REFUSED)
        if number != said:
            part, meaning = script.claims[int(number)]
            part.fail(meaning)
            part.open = False
            return part, part.undo
        for part in script.parts:  # the only savepoint that stands is the one of the part that failed
            with contextlib.suppress(asyncpg.PostgresError):
                self._link.script(part.undo)
                part.fail(meaning_of(error))
                part.open = False
                return part, ""
        raise error
