"""What the operator's own programs may ask in OpenAI's form: what is honoured, and what is refused by name.

Pure. A parameter that would change the answer and cannot be honoured is refused, never ignored.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from console.engine.port import ChatMessage, EngineError
from console.protocol.types import SamplingRules

STOPS = 4
MESSAGES = 1024
_ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
_NEUTRAL: dict[str, tuple[object, ...]] = {
    "n": (1,), "best_of": (1,),
    "logprobs": (False, 0), "top_logprobs": (0,), "logit_bias": ({},), "tools": ([],), "functions": ([],),
    "tool_choice": ("none", "auto"), "response_format": ({"type": "text"},), "modalities": (["text"],),
    "audio": (), "prediction": (), "suffix": ("",), "echo": (False,),
}  # fmt: skip
"""Parameters that change an answer and are not served, with the values that change nothing."""
_Kind = TypeVar("_Kind", bound="Asked")


class StreamOptions(msgspec.Struct, frozen=True):
    """`stream_options`."""

    include_usage: bool | None = None


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What both kinds of request have in common."""

    model: str
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    stop: str | list[str] | None = None
    seed: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None

    @property
    def wanted_tokens(self) -> int | None:
        """The longest answer that is wanted; None: as long as there is room."""
        return self.max_tokens

    @property
    def include_usage(self) -> bool:
        """Whether a stream ends with its counts."""
        return bool(self.stream_options and self.stream_options.include_usage)

    @property
    def temperature_milli(self) -> int:
        """The temperature × 1000. Raises EngineError."""
        return _scaled("temperature", self.temperature, 0, 2, 1, 1000)

    @property
    def rules(self) -> SamplingRules:
        """What beside the temperature shapes the answer. Raises EngineError."""
        return SamplingRules(
            top_p_ppm=_scaled("top_p", self.top_p, 0, 1, 1, 1_000_000),
            min_p_ppm=_scaled("min_p", self.min_p, 0, 1, 0, 1_000_000),
            frequency_milli=_scaled("frequency_penalty", self.frequency_penalty, -2, 2, 0, 1000),
            presence_milli=_scaled("presence_penalty", self.presence_penalty, -2, 2, 0, 1000),
        )

    @property
    def stops(self) -> tuple[str, ...]:
        """Strings that end the answer. Raises EngineError."""
        stops = [self.stop] if isinstance(self.stop, str) else self.stop or []
        if len(stops) > STOPS or not all(stops):
            raise EngineError(
                "bad_request", f"`stop` has to be a string or up to {STOPS} strings, none empty."
            )
        return tuple(dict.fromkeys(stops))


def _scaled(name: str, value: float | None, least: int, most: int, usual: int, scale: int) -> int:
    asked = usual if value is None else value
    if not least <= asked <= most:
        raise EngineError("bad_request", f"`{name}` has to be a number from {least} to {most}.")
    return round(asked * scale)


class Part(msgspec.Struct, frozen=True):
    """A piece of a message's content."""

    type: str
    text: str = ""


class Message(msgspec.Struct, frozen=True):
    """A message of a conversation."""

    role: str
    content: str | list[Part]

    def plain(self) -> ChatMessage:
        """As the chat template takes it. Raises EngineError."""
        if self.role not in _ROLES:
            raise EngineError("bad_request", "`role` has to be system, user or assistant.")
        parts = [Part("text", self.content)] if isinstance(self.content, str) else self.content
        if any(part.type != "text" for part in parts):
            raise EngineError(
                "bad_request", "`content` has to be text; images, sound and tools are not served."
            )
        return ChatMessage(_ROLES[self.role], "".join(part.text for part in parts))


class ChatAsked(Asked, frozen=True, kw_only=True):
    """Body of `/v1/chat/completions`."""

    messages: list[Message]
    max_completion_tokens: int | None = None

    @property
    def wanted_tokens(self) -> int | None:
        """The longest answer that is wanted; None: as long as there is room."""
        return self.max_tokens if self.max_completion_tokens is None else self.max_completion_tokens

    @property
    def conversation(self) -> tuple[ChatMessage, ...]:
        """As the chat template takes it. Raises EngineError."""
        if not 1 <= len(self.messages) <= MESSAGES:
            raise EngineError("bad_request", f"`messages` has to be a list of 1 to {MESSAGES} messages.")
        return tuple(message.plain() for message in self.messages)


class TextAsked(Asked, frozen=True, kw_only=True):
    """Body of `/v1/completions`: one text, or its token ids."""

    prompt: str | list[int | str]

    @property
    def text_or_ids(self) -> str | tuple[int, ...]:
        """The one prompt. Raises EngineError."""
        if isinstance(self.prompt, str):
            return self.prompt
        if len(self.prompt) == 1 and isinstance(self.prompt[0], str):
            return self.prompt[0]
        ids = tuple(item for item in self.prompt if isinstance(item, int))
        if len(ids) != len(self.prompt) or not ids:
            raise EngineError("bad_request", "`prompt` has to be one text or its token ids; ask one by one.")
        return ids


def parsed(body: bytes, kind: type[_Kind]) -> _Kind:
    """The request in `body`. Raises EngineError `bad_request` with what is wrong."""
    try:
        fields = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise EngineError("bad_request", "The body is not valid JSON.") from None
    if not isinstance(fields, dict):
        raise EngineError("bad_request", "The body has to be a JSON object.")
    for name, neutral in _NEUTRAL.items():
        if not _changes_nothing(fields.get(name), neutral):
            raise EngineError("bad_request", f"`{name}` is not served by this engine; leave it out.")
    try:
        return msgspec.convert(fields, kind)
    except msgspec.ValidationError as error:
        raise EngineError("bad_request", f"The request is not understood: {error}.") from None


def _changes_nothing(value: Any, neutral: tuple[object, ...]) -> bool:
    return value is None or value in neutral
