"""A streamed answer gathered into a whole one, for programs that do not stream."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.responses import JSONResponse, Response

from console.client.chunks import Chunk, Line, Logprobs
from console.client.upstream import EMPTY, DrawError


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
