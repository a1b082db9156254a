"""The lines of a streamed answer, as OpenAI's API shapes them. Pure."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec

from console.protocol.messages import FRAME_BYTES_LIMIT

LINE_MOST = 2 * FRAME_BYTES_LIMIT
"""Bytes of one line. The longest holds a draw's proof, which goes to its node in one frame."""


class DrawError(Exception):
    """An answer that is not to be believed: the text says what is wrong with its draw, or with its form."""


class Delta(msgspec.Struct, frozen=True):
    """What a chunk adds to the message."""

    content: str | None = None


class Logprobs(msgspec.Struct, frozen=True):
    """Log-probabilities of the tokens of a chunk."""

    content: list[dict[str, Any]] | None = None


class Choice(msgspec.Struct, frozen=True):
    """One of a chunk's choices; this network makes one."""

    delta: Delta
    finish_reason: str | None = None
    logprobs: Logprobs | None = None


class Chunk(msgspec.Struct, frozen=True):
    """One object of the stream."""

    id: str
    created: int
    model: str
    choices: tuple[Choice, ...] = ()
    usage: dict[str, Any] | None = None

    @property
    def says_nothing(self) -> bool:
        """Whether it only opens the stream: no text, no end, no counts."""
        silent = all(not (c.delta.content or c.finish_reason or c.logprobs) for c in self.choices)
        return silent and self.usage is None


class Line(msgspec.Struct, frozen=True):
    """One line that is passed on; a comment, or the stream's end, has neither of the last two."""

    text: str
    chunk: Chunk | None = None
    error: dict[str, Any] | None = None


class _Object(msgspec.Struct, frozen=True):
    """A chunk or an error; an error stands alone, so that it has no head."""

    id: str | None = None
    created: int | None = None
    model: str | None = None
    choices: tuple[Choice, ...] = ()
    usage: dict[str, Any] | None = None
    error: dict[str, Any] | None = None


_decoder = msgspec.json.Decoder(_Object)


async def split(parts: AsyncIterator[bytes]) -> AsyncIterator[str]:
    """The lines that make up `parts`, without their ends; empty ones are left out.

    Server-sent events are UTF-8, whatever their header says. `str.splitlines` and `httpx` also end a line at
    U+0085, U+2028 and U+2029, which JSON takes as they are. Raises DrawError: a line without end.
    """
    begun = bytearray()
    async for part in parts:
        *ends, rest = part.split(b"\n")
        for end in ends:
            if line := _longer(begun, end).rstrip(b"\r"):
                yield line.decode(errors="replace")
            begun = bytearray()
        _longer(begun, rest)
    if begun:
        yield begun.decode(errors="replace")


def _longer(begun: bytearray, part: bytes) -> bytearray:
    begun += part
    if len(begun) > LINE_MOST:
        raise DrawError(f"a line of it is longer than {LINE_MOST:,} bytes")
    return begun


def read_line(text: str) -> Line:
    """The line with what it carries. Raises ValueError, RecursionError for what is not understood."""
    if text.startswith(":"):
        return Line(text)
    if not text.startswith("data:"):
        raise ValueError("neither data nor a comment")
    data = text.removeprefix("data:").strip()
    if data == "[DONE]":
        return Line(text)
    told = _decoder.decode(data)
    if told.error is not None:
        return error_line(told.error)
    if told.id is None or told.created is None or told.model is None:
        raise ValueError("a chunk without its head")
    return Line(text, chunk=Chunk(told.id, told.created, told.model, told.choices, told.usage))


def error_line(error: dict[str, Any]) -> Line:
    """A line that carries an error, and nothing else."""
    return Line("data: " + msgspec.json.encode({"error": error}).decode(), error=error)
