"""The text that a program sees: never a stop string, never the start of one that may be completed. Pure."""

from __future__ import annotations


class VisibleText:
    """Text in as it is generated, text out as soon as it is certain."""

    def __init__(self, stop: tuple[str, ...]) -> None:
        """`stop`: strings that end the answer and are not part of it."""
        self._stop = stop
        self._held = ""
        self._ended = False

    def feed(self, text: str, final: bool = False) -> str:
        """What is certain now; `final`: nothing comes after."""
        if self._ended:
            return ""
        text = self._held + text
        cut = min((at for s in self._stop if (at := text.find(s)) >= 0), default=-1)
        if cut >= 0:
            self._ended = True
            return text[:cut]
        keep = 0 if final else self._open_start(text)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]

    def _open_start(self, text: str) -> int:
        """Characters at the end of `text` that may be the beginning of a stop string."""
        longest = max((len(s) for s in self._stop), default=1) - 1
        sizes = range(min(longest, len(text)), 0, -1)
        return next((size for size in sizes if any(s.startswith(text[-size:]) for s in self._stop)), 0)
