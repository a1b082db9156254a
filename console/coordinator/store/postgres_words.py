"""The statements that a connection knows by name."""

from __future__ import annotations

from console.coordinator.store.dialect import statement


class Words:
    """Of one connection: a new one knows nothing yet."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}
        self._last = 0

    def speech(self) -> Speech:
        """For one script."""
        return Speech(self)

    def fresh(self) -> str:
        """A name that was never used: what a script that failed has prepared is not known for sure."""
        self._last += 1
        return f"q{self._last}"


class Speech:
    """Names as one script uses them: what it prepares is known once it has gone through."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._new: dict[str, str] = {}

    def say(self, sql: str) -> str:
        """`EXECUTE name`, for values in parentheses to follow, with `PREPARE` before it where that is due."""
        name = self._words.known.get(sql) or self._new.get(sql)
        if name is not None:
            return f"EXECUTE {name}"
        name = self._new[sql] = self._words.fresh()
        return f"PREPARE {name} AS {statement(sql)}; EXECUTE {name}"

    def learn(self) -> None:
        """The script went through."""
        self._words.known |= self._new
