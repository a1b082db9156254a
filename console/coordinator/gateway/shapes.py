"""The answers' JSON, as OpenAI's API shapes it. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from console.coordinator.jobs.live import Done


class Shape:
    """Objects of one answer."""

    def __init__(self, job: str, model: str, created_s: int, include_usage: bool = False) -> None:
        """`include_usage`: every chunk has a `usage`, which is null in all but the last one."""
        self._usage: dict[str, Any] = {"usage": None} if include_usage else {}
        self._id = f"chatcmpl-{job}"
        self._model = model
        self._created = created_s

    def whole(self, text: str, done: Done, logprobs: dict[str, Any] | None = None) -> dict[str, Any]:
        """An answer that is not streamed."""
        message = {"role": "assistant", "content": text, "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": logprobs, "finish_reason": done.finish_reason}
        return self._object("chat.completion", [choice]) | {"usage": usage(done)}

    def first(self) -> bytes:
        """The chunk that opens a stream."""
        return self._chunk({"role": "assistant", "content": ""}, None)

    def text(self, text: str, logprobs: dict[str, Any] | None = None) -> bytes:
        """A chunk of text."""
        return self._chunk({"content": text}, None, logprobs)

    def last(self, done: Done) -> bytes:
        """The chunk that says how it ended."""
        return self._chunk({}, done.finish_reason)

    def usage(self, done: Done) -> bytes:
        """The extra chunk of `include_usage`; nothing where that was not asked for."""
        if not self._usage:
            return b""
        return event(self._object("chat.completion.chunk", []) | {"usage": usage(done)})

    def _chunk(
        self, delta: dict[str, str], finish_reason: str | None, logprobs: dict[str, Any] | None = None
    ) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": finish_reason}
        return event(self._object("chat.completion.chunk", [choice]) | self._usage)

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


def waiting(ahead: int | None) -> bytes:
    """A comment, which keeps a waiting stream alive: how many jobs come first, None once it runs."""
    return b": running\n\n" if ahead is None else b": queued, %d ahead\n\n" % ahead


DONE = b"data: [DONE]\n\n"
