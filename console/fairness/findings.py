"""What an audit objects to."""

from __future__ import annotations

import msgspec


class Finding(msgspec.Struct, frozen=True):
    """One objection, in a word for programs and in a sentence for people."""

    code: str
    epoch: int
    k: int
    """Number of the draw within its epoch; -1: the epoch as a whole."""
    sentence: str
