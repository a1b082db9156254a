"""The text that a client sees: never a stop string, never the start of one that may be completed. Pure."""

from __future__ import annotations

from console.verification.pieces import Detokenizer


class VisibleText:
    """Token ids in, text for the client out."""

    def __init__(self, pieces: list[bytes], end_ids: frozenset[int], stop: tuple[str, ...]) -> None:
        """`end_ids` give no text; `stop`: strings that end the answer and are not part of it."""
        self._text = Detokenizer(pieces)
        self._end_ids = end_ids
        self._stop = stop
        self._held = ""
        self._ended = False

    def feed(self, token_ids: tuple[int, ...], final: bool = False) -> str:
        """Text that is certain now; `final`: nothing comes after these ids."""
        seen = tuple(i for i in token_ids if i not in self._end_ids)
        text = self._held + self._text.feed(seen, final)
        self._held = ""
        if self._ended:
            return ""
        cut = min((at for s in self._stop if (at := text.find(s)) >= 0), default=-1)
        if cut >= 0:
            self._ended = True
            return text[:cut]
        keep = 0 if final else self._open_start(text)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]

    def _open_start(self, text: str) -> int:
        """Characters at the end of `text` that could be the beginning of a stop string."""
        longest = max((len(s) for s in self._stop), default=1) - 1
        for size in range(min(longest, len(text)), 0, -1):
            if any(s.startswith(text[-size:]) for s in self._stop):
                return size
        return 0
