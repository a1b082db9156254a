"""The answers' JSON, as OpenAI's API shapes it. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from console.coordinator.live import Done


class Shape:
    """Objects of one answer."""

    def __init__(self, job: str, model: str, created_s: int) -> None:
        self._id = f"chatcmpl-{job}"
        self._model = model
        self._created = created_s

    def whole(self, text: str, done: Done) -> dict[str, Any]:
        """An answer that is not streamed."""
        message = {"role": "assistant", "content": text, "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": done.finish_reason}
        return self._object("chat.completion", [choice]) | {"usage": usage(done)}

    def first(self) -> bytes:
        """The chunk that opens a stream."""
        return self._chunk({"role": "assistant", "content": ""}, None)

    def text(self, text: str) -> bytes:
        """A chunk of text."""
        return self._chunk({"content": text}, None)

    def last(self, done: Done) -> bytes:
        """The chunk that says how it ended."""
        return self._chunk({}, done.finish_reason)

    def usage(self, done: Done) -> bytes:
        """The extra chunk of `include_usage`."""
        return event(self._object("chat.completion.chunk", []) | {"usage": usage(done)})

    def _chunk(self, delta: dict[str, str], finish_reason: str | None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return event(self._object("chat.completion.chunk", [choice]))

    def _object(self, kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
        head = {"id": self._id, "object": kind, "created": self._created, "model": self._model}
        return head | {"choices": choices}


def usage(done: Done) -> dict[str, int]:
    """Token counts."""
    return {
        "prompt_tokens": done.prompt_tokens,
        "completion_tokens": done.completion_tokens,
        "total_tokens": done.prompt_tokens + done.completion_tokens,
    }


def event(value: dict[str, Any]) -> bytes:
    """One server-sent event."""
    return b"data: " + msgspec.json.encode(value) + b"\n\n"


QUEUED = b": queued\n\n"
"""A comment: keeps a waiting stream alive and means nothing."""
DONE = b"data: [DONE]\n\n"
