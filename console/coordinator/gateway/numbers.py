"""Numbers as they stand in an address."""

from __future__ import annotations

from console.coordinator.gateway.errors import ApiError

_MOST_DIGITS = 15
"""Every such number fits a database's column."""


def number_of(text: str, name: str, sentence: str) -> int:
    """A whole number of zero or more.

    Raises:
        ApiError: 400, `text` is none; `name`: of the field, `sentence`: what has to stand there.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise ApiError(400, "invalid_value", sentence, name)
    return int(text)
