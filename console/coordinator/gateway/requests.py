"""A chat request's body, checked and put into the network's terms. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from console.coordinator.gateway.errors import ApiError
from console.coordinator.gateway.fields import BODY, MESSAGE, STREAM_OPTIONS, check_names
from console.engine.port import ChatMessage
from console.protocol.types import SamplingRules

_STOPS_LIMIT = 4
_TOP_LOGPROBS_LIMIT = 20
_STOP_LIMIT = 256
_MESSAGES_LIMIT = 1024
_ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}


class ChatRequest(msgspec.Struct, frozen=True):
    """What a client asks for, checked."""

    model: str
    messages: tuple[ChatMessage, ...]
    stream: bool
    include_usage: bool
    max_tokens: int | None
    temperature_milli: int
    stop: tuple[str, ...]
    seed_given: bool
    rules: SamplingRules = SamplingRules()
    top_logprobs: int | None = None
    """None: no log-probabilities at all."""


def parse_chat(body: bytes) -> ChatRequest:
    """The request in `body`. Raises ApiError (400) naming the field."""
    try:
        fields = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ApiError(400, "invalid_json", "The body is not valid JSON.") from error
    if not isinstance(fields, dict):
        raise ApiError(400, "invalid_json", "The body has to be a JSON object.")
    check_names(fields, BODY)
    stream = _flag(fields, "stream")
    return ChatRequest(
        model=_text(fields, "model"),
        messages=_messages(fields.get("messages")),
        stream=stream,
        include_usage=_include_usage(fields.get("stream_options"), stream),
        max_tokens=_max_tokens(fields),
        temperature_milli=_number(fields, "temperature", 0, 2, 1, 1000),
        stop=_stop(fields.get("stop")),
        seed_given=_seed(fields.get("seed")),
        rules=SamplingRules(
            top_p_ppm=_number(fields, "top_p", 0, 1, 1, 1_000_000),
            min_p_ppm=_number(fields, "min_p", 0, 1, 0, 1_000_000),
            frequency_milli=_number(fields, "frequency_penalty", -2, 2, 0, 1000),
            presence_milli=_number(fields, "presence_penalty", -2, 2, 0, 1000),
        ),
        top_logprobs=_top_logprobs(fields),
    )


def _messages(value: Any) -> tuple[ChatMessage, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= _MESSAGES_LIMIT:
        raise _bad("messages", f"`messages` has to be a list of 1 to {_MESSAGES_LIMIT} messages.")
    return tuple(_message(item, f"messages[{i}]") for i, item in enumerate(value))


def _message(item: Any, where: str) -> ChatMessage:
    if not isinstance(item, dict):
        raise _bad(where, f"`{where}` has to be an object with `role` and `content`.")
    check_names(item, MESSAGE, f"{where}.")
    role = item.get("role")
    if not isinstance(role, str) or role not in _ROLES:
        raise _bad(f"{where}.role", f"`{where}.role` has to be system, developer, user or assistant.")
    return ChatMessage(_ROLES[role], _content(item.get("content"), f"{where}.content"))


def _content(value: Any, where: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value:
        parts = [p.get("text") if isinstance(p, dict) and p.get("type") == "text" else None for p in value]
        texts = [p for p in parts if isinstance(p, str)]
        if len(texts) == len(parts):
            return "".join(texts)
    raise _bad(where, f"`{where}` has to be text; images, sound and tools are not supported.")


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not value:
        raise _bad(name, f"`{name}` has to be a string.")
    return value


def _flag(fields: dict[str, Any], name: str) -> bool:
    value = fields.get(name)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise _bad(name, f"`{name}` has to be true or false.")
    return value


def _include_usage(value: Any, stream: bool) -> bool:
    if value is None:
        return False
    if not isinstance(value, dict):
        raise _bad("stream_options", "`stream_options` has to be an object.")
    if not stream:
        raise _bad("stream_options", "`stream_options` goes with `stream: true` only.")
    check_names(value, STREAM_OPTIONS, "stream_options.")
    return _flag(value, "include_usage")


def _max_tokens(fields: dict[str, Any]) -> int | None:
    names = [name for name in ("max_completion_tokens", "max_tokens") if fields.get(name) is not None]
    values = [fields[name] for name in names]
    for name, value in zip(names, values, strict=True):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise _bad(name, f"`{name}` has to be a whole number of at least 1.")
    if len(set(values)) > 1:
        raise _bad("max_tokens", "`max_tokens` and `max_completion_tokens` differ; send one of them.")
    return values[0] if values else None


def _top_logprobs(fields: dict[str, Any]) -> int | None:
    """For how many candidates of each token; None where no log-probabilities are asked for."""
    wanted, top = _flag(fields, "logprobs"), fields.get("top_logprobs")
    most = 0 if top is None else top
    if isinstance(most, bool) or not isinstance(most, int) or not 0 <= most <= _TOP_LOGPROBS_LIMIT:
        raise _bad("top_logprobs", f"`top_logprobs` is a whole number from 0 to {_TOP_LOGPROBS_LIMIT}.")
    if most and not wanted:
        raise _bad("top_logprobs", "`top_logprobs` goes with `logprobs: true` only.")
    return most if wanted else None


def _seed(value: Any) -> bool:
    """Whether one was given."""
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise _bad("seed", "`seed` has to be a whole number; the network takes it and does not use it.")
    return value is not None


def _number(fields: dict[str, Any], name: str, least: int, most: int, usual: int, scale: int) -> int:
    """`fields[name]` × `scale`, `usual` when it is not given."""
    value = fields.get(name)
    if value is None:
        return usual * scale
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise _bad(name, f"`{name}` has to be a number from {least} to {most}.")
    return round(value * scale)


def _stop(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    stops = [value] if isinstance(value, str) else value
    sound = isinstance(stops, list) and len(stops) <= _STOPS_LIMIT
    if not sound or not all(isinstance(s, str) and 1 <= len(s) <= _STOP_LIMIT for s in stops):
        raise _bad("stop", f"`stop` has to be a string or up to {_STOPS_LIMIT} strings, none empty.")
    return tuple(dict.fromkeys(stops))


def _bad(param: str, sentence: str) -> ApiError:
    return ApiError(400, "invalid_value", sentence, param)
