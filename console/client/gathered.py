"""A streamed answer gathered into a whole one, for programs that do not stream."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from starlette.responses import JSONResponse, Response

from console.client.chunks import Chunk, DrawError, Line, Logprobs
from console.client.upstream import EMPTY

ANSWER_MOST = 32 << 20
"""Characters of the lines of one answer: far above what the tokens of one and their logprobs come to."""


async def collected(lines: AsyncIterator[Line]) -> list[Line]:
    """The lines that carry something. Raises DrawError: an answer without end, or what `lines` raises."""
    kept, held = [], 0
    async for line in lines:
        if line.chunk is None and line.error is None:
            continue
        kept.append(line)
        held += len(line.text)
        if held > ANSWER_MOST:
            raise DrawError(f"it is longer than {ANSWER_MOST:,} characters")
    return kept


def gathered(lines: Sequence[Line], headers: dict[str, str]) -> Response:
    """The answer as one object; an error in the stream becomes an HTTP error. Raises DrawError."""
    for line in lines:
        if line.error is not None:
            return JSONResponse({"error": line.error}, 502, headers)
    chunks = [line.chunk for line in lines if line.chunk is not None]
    if not chunks:
        raise DrawError(EMPTY)
    return JSONResponse(_whole(chunks), headers=headers)


def _whole(chunks: list[Chunk]) -> dict[str, Any]:
    choices = [choice for chunk in chunks for choice in chunk.choices]
    reasons = [choice.finish_reason for choice in choices if choice.finish_reason]
    logprobs = [choice.logprobs for choice in choices if choice.logprobs is not None]
    text = "".join(choice.delta.content or "" for choice in choices)
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text, "refusal": None},
        "logprobs": _joined(logprobs) if logprobs else None,
        "finish_reason": reasons[-1] if reasons else None,
    }
    first, usage = chunks[0], next((chunk.usage for chunk in chunks if chunk.usage), None)
    head = {"id": first.id, "created": first.created, "model": first.model}
    return {**head, "object": "chat.completion", "choices": [choice], "usage": usage}


def _joined(logprobs: list[Logprobs]) -> dict[str, Any]:
    return {"content": [token for part in logprobs for token in part.content or ()], "refusal": None}
