"""Turn what a driver said into something that can be believed and shown, or into a named doubt."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence

TEXT_LIMIT = 200
"""Longest string of a driver that is kept, characters. Names of devices are below 100."""

DOUBT_LIMIT = 12
"""Most doubts kept per answer: a driver that lies about everything needs no longer list."""


def clean_text(value: object, limit: int = TEXT_LIMIT) -> str:
    """`value` as one printable line: no control, format, surrogate or unassigned characters.

    Bidirectional overrides and zero-width characters go too (category Cf): they let a name pose as
    another one. Runs of white space become one space.
    """
    raw = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    spaced = "".join(" " if c.isspace() else c for c in raw[: limit * 8])
    kept = "".join(c for c in spaced if unicodedata.category(c)[0] != "C")
    return " ".join(kept.split())[:limit].rstrip()


class Sieve:
    """Reads one raw answer field by field; what cannot be true is left out and noted in `doubts`."""

    def __init__(self, raw: Mapping[str, object]) -> None:
        self._raw = raw
        self.doubts: list[str] = []

    def doubt(self, key: str, why: object) -> None:
        """Note that `key` is not believed; the reason is shown to people, so it is cleaned."""
        if len(self.doubts) < DOUBT_LIMIT:
            self.doubts.append(f"{clean_text(key, 40)} = {clean_text(why, 40) or 'nothing'}")

    def number(self, key: str, low: float, high: float) -> float | None:
        """A finite number within [low, high], or None; anything else is a doubt."""
        value = self._raw.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.doubt(key, value)
            return None
        # NaN compares false with everything, so it is caught here too.
        if not low <= value <= high:
            self.doubt(key, value if isinstance(value, float) else _short(value))
            return None
        return float(value)

    def whole(self, key: str, low: int, high: int) -> int | None:
        """An integer within [low, high], or None; a fraction is a doubt."""
        number = self.number(key, low, high)
        if number is None:
            return None
        value = self._raw[key]
        if isinstance(value, int):
            return value
        if not number.is_integer():
            self.doubt(key, value)
            return None
        return int(number)

    def text(self, key: str, limit: int = TEXT_LIMIT) -> str | None:
        """A cleaned, non-empty string, or None."""
        value = self._raw.get(key)
        if value is None:
            return None
        if not isinstance(value, str | bytes):
            self.doubt(key, type(value).__name__)
            return None
        return clean_text(value, limit) or None

    def flag(self, key: str) -> bool | None:
        """True or False as given, or None."""
        value = self._raw.get(key)
        if value is None or isinstance(value, bool):
            return value
        self.doubt(key, value)
        return None

    def texts(self, key: str, most: int = 64) -> tuple[str, ...]:
        """The cleaned strings of a list; a missing list is empty."""
        value = self._raw.get(key)
        if value is None:
            return ()
        if not isinstance(value, Sequence) or isinstance(value, str | bytes):
            self.doubt(key, value)
            return ()
        cleaned = (clean_text(item, 64) for item in value[:most] if isinstance(item, str))
        return tuple(item for item in cleaned if item)

    def rows(self, key: str, most: int = 64) -> tuple[Mapping[str, object], ...]:
        """The objects of a list; what is not an object is a doubt."""
        value = self._raw.get(key)
        if value is None:
            return ()
        if not isinstance(value, list):
            self.doubt(key, value)
            return ()
        found = tuple(item for item in value[:most] if isinstance(item, dict))
        if len(found) < len(value):
            self.doubt(key, f"{len(value)} entries, {len(found)} usable")
        return found


def _short(value: int | float) -> str:
    """A number that may have thousands of digits, in few characters."""
    if isinstance(value, int) and value.bit_length() > 128:
        return f"a number of {value.bit_length()} bits"
    return str(value)
