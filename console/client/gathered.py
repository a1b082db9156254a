"""A streamed answer gathered into a whole one, for programs that do not stream."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from starlette.responses import JSONResponse, Response

_DATA = "data: "


def gathered(lines: Sequence[str], headers: dict[str, str]) -> Response:
    """The answer as one object; an error in the stream becomes an HTTP error. Raises ValueError, KeyError."""
    chunks = [json.loads(line.removeprefix(_DATA)) for line in lines if _is_chunk(line)]
    for chunk in chunks:
        if "error" in chunk:
            return JSONResponse(chunk, 502, headers)
    if not chunks:
        raise ValueError("the answer was empty")
    return JSONResponse(_whole(chunks), headers=headers)


def _is_chunk(line: str) -> bool:
    return line.startswith(_DATA) and line != f"{_DATA}[DONE]"


def _whole(chunks: list[dict[str, Any]]) -> dict[str, Any]:
    choices = [choice for chunk in chunks for choice in chunk.get("choices", [])]
    text = "".join(choice["delta"].get("content") or "" for choice in choices)
    reasons = [choice["finish_reason"] for choice in choices if choice.get("finish_reason")]
    usage = next((chunk["usage"] for chunk in chunks if chunk.get("usage")), None)
    head = {name: chunks[0][name] for name in ("id", "created", "model")}
    logprobs = [choice["logprobs"] for choice in choices if choice.get("logprobs")]
    message = {"role": "assistant", "content": text, "refusal": None}
    choice = {
        "index": 0,
        "message": message,
        "logprobs": _joined(logprobs) if logprobs else None,
        "finish_reason": reasons[-1] if reasons else None,
    }
    return {**head, "object": "chat.completion", "choices": [choice], "usage": usage}


def _joined(logprobs: list[dict[str, Any]]) -> dict[str, Any]:
    return {"content": [token for part in logprobs for token in part["content"]], "refusal": None}
