"""What can go wrong with weights, told to the operator."""

from __future__ import annotations

import unicodedata


class ModelError(Exception):
    """Weights cannot be had or used.

    `code` is for programs (`wrong_hash`, `disk_full`, …), `sentence` says what happened and what it means,
    `remedy` what to do next.
    """

    def __init__(self, code: str, sentence: str, remedy: str) -> None:
        super().__init__(f"{sentence} {remedy}")
        self.code = code
        self.sentence = sentence
        self.remedy = remedy


class WrongHash(ModelError):  # noqa: N818
    """A file is not the model that it claims to be; `found` is its SHA-256."""

    def __init__(self, found: str, sentence: str, remedy: str) -> None:
        super().__init__("wrong_hash", sentence, remedy)
        self.found = found


class GgufError(ModelError):
    """A file is not a GGUF that can be used: `not_gguf`, `truncated`, `malformed` or `over_limit`."""


def plain(text: str, limit: int = 128) -> str:
    """Text from a file or a peer without control, format or unassigned characters, cut to `limit`.

    Such text ends up on terminals, where an escape sequence or a right-to-left override would act.
    """
    kept = "".join(" " if c.isspace() else c for c in text if c.isspace() or not _hidden(c))
    return " ".join(kept.split())[:limit]


def _hidden(char: str) -> bool:
    return unicodedata.category(char).startswith("C")
