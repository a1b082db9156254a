"""The text that a client sees of the ids that come. Pure."""

from __future__ import annotations

from console.verification.pieces import Detokenizer, UntilStop


class VisibleText:
    """Token ids in, text for the client out: no end token, no stop string."""

    def __init__(self, pieces: list[bytes], end_ids: frozenset[int], stop: tuple[str, ...]) -> None:
        """`end_ids` give no text; `stop`: strings that end the answer and are not part of it."""
        self._text = Detokenizer(pieces)
        self._end_ids = end_ids
        self._until = UntilStop(stop)

    def feed(self, token_ids: tuple[int, ...], final: bool = False) -> str:
        """Text that is certain now; `final`: nothing comes after these ids."""
        seen = tuple(i for i in token_ids if i not in self._end_ids)
        return self._until.feed(self._text.feed(seen, final), final)
