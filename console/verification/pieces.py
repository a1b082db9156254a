"""Token ids to text, from the table of the model's pieces: the network never believes a node's text.

A piece is the bytes that one token stands for; pieces may cut a UTF-8 character in two, so text comes out of
an incremental decoder.
"""

from __future__ import annotations

import codecs

from console.verification.judge import Ending


class Detokenizer:
    """Turns ids into text as they come."""

    def __init__(self, pieces: list[bytes]) -> None:
        """`pieces[i]`: the bytes of token i; control tokens have none."""
        self._pieces = pieces
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def feed(self, token_ids: tuple[int, ...], final: bool = False) -> str:
        """Text completed by `token_ids`; an id outside the vocabulary stands for nothing."""
        data = b"".join(self._pieces[i] for i in token_ids if 0 <= i < len(self._pieces))
        return self._decoder.decode(data, final)


class UntilStop:
    """Text in as it is generated, text out as soon as it is certain.

    Never a stop string, nor the start of one that may be completed.
    """

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


class StopWatch:
    """Notices the token whose text first completes one of the client's stop strings."""

    def __init__(self, pieces: list[bytes], stop: tuple[str, ...]) -> None:
        """`stop`: strings that end the answer; none: nothing is ever completed."""
        self._stop = stop
        self._text = Detokenizer(pieces)
        self._tail = ""
        self._keep = max((len(s) for s in stop), default=0) + 256

    def completes(self, token: int) -> bool:
        """Take the next token; whether a stop string stands in the text now."""
        if not self._stop:
            return False
        self._tail = (self._tail + self._text.feed((token,)))[-self._keep :]
        return any(s in self._tail for s in self._stop)


def ending_of(
    token_ids: tuple[int, ...], pieces: list[bytes], end_ids: frozenset[int], stop: tuple[str, ...]
) -> Ending:
    """How an answer ends: the facts that `check_structure` judges.

    It must end at its first end-of-generation token, or at the token that first completes a stop string.
    """
    watch = StopWatch(pieces, stop)
    last = len(token_ids) - 1
    for t, token in enumerate(token_ids):
        ends, completes = token in end_ids, watch.completes(token)
        if (ends or completes) and t < last:
            return Ending(False, False, stopped_early=t + 1)
        if t == last:
            return Ending(ends, completes)
    return Ending(False, False)
