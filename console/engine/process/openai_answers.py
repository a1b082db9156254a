"""Answers in OpenAI's form, from the events of a generation. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from console.engine.port import Broken, EngineError, Generated, Tokens
from console.engine.process.sequence import Event
from console.verification.pieces import UntilStop

_encode = msgspec.json.Encoder().encode
DONE = b"data: [DONE]\n\n"
_TYPES = {
    "bad_request": "invalid_request_error",
    "context_exceeded": "invalid_request_error",
    "too_large": "invalid_request_error",
    "not_found": "invalid_request_error",
    "unauthorised": "authentication_error",
    "forbidden": "permission_error",
    "busy": "rate_limit_error",
}


class Shape:
    """The objects of one answer."""

    def __init__(
        self, request_id: str, model: str, created_s: int, chat: bool, stop: tuple[str, ...] = ()
    ) -> None:
        """`chat`: a message, or plain text; `stop`: strings that are not part of the answer."""
        self._visible = UntilStop(stop)
        self._chat = chat
        self._kind = "chat.completion" if chat else "text_completion"
        self._head = {
            "id": ("chatcmpl-" if chat else "cmpl-") + request_id,
            "created": created_s,
            "model": model,
        }
        self._begun = not chat

    def stream(self, include_usage: bool) -> Callable[[list[Event]], bytes]:
        """Events to server-sent ones. An answer that breaks off ends in an error, without `[DONE]`."""
        return lambda events: b"".join([self._lines(event, include_usage) for event in events])

    def whole(self, text: str, answer: Generated) -> bytes:
        """An answer that is not streamed."""
        text = self._visible.feed(text, final=True)
        body: dict[str, Any] = (
            {"message": {"role": "assistant", "content": text, "refusal": None}}
            if self._chat
            else {"text": text}
        )
        choice = {"index": 0, "logprobs": None, "finish_reason": answer.finish_reason} | body
        return _encode(self._head | {"object": self._kind, "choices": [choice], "usage": _usage(answer)})

    def _lines(self, event: Event, include_usage: bool) -> bytes:
        opening = b"" if self._begun else self._chunk({"role": "assistant", "content": ""}, None)
        self._begun = True
        if isinstance(event, Tokens):
            return opening + self._text(self._visible.feed(event.text))
        if isinstance(event, Broken):
            return opening + _sse(error_body(EngineError(event.code, event.sentence)))
        counts = self._object([]) | {"usage": _usage(event)}
        return b"".join(
            (
                opening,
                self._text(self._visible.feed("", final=True)),
                self._chunk({}, event.finish_reason),
                _sse(counts) if include_usage else b"",
                DONE,
            )
        )

    def _text(self, text: str) -> bytes:
        return self._chunk({"content": text}, None) if text else b""

    def _chunk(self, delta: dict[str, Any], finish_reason: str | None) -> bytes:
        body: dict[str, Any] = {"delta": delta} if self._chat else {"text": delta.get("content", "")}
        choice = {"index": 0, "logprobs": None, "finish_reason": finish_reason} | body
        return _sse(self._object([choice]))

    def _object(self, choices: list[dict[str, Any]]) -> dict[str, Any]:
        kind = "chat.completion.chunk" if self._chat else self._kind
        return self._head | {"object": kind, "choices": choices}


def error_body(error: EngineError) -> dict[str, Any]:
    """OpenAI's error object."""
    kind = _TYPES.get(error.code, "server_error")
    code = "context_length_exceeded" if error.code == "context_exceeded" else error.code
    return {"error": {"message": error.sentence, "type": kind, "param": None, "code": code}}


def _usage(answer: Generated) -> dict[str, int]:
    generated = len(answer.token_ids)
    return {
        "prompt_tokens": answer.prompt_tokens,
        "completion_tokens": generated,
        "total_tokens": answer.prompt_tokens + generated,
    }


def _sse(value: dict[str, Any]) -> bytes:
    return b"data: " + _encode(value) + b"\n\n"
