"""Fields of a request: what is understood, what does no harm, what is refused by name. Pure.

Nothing that would change an answer is ever silently ignored.
"""

from __future__ import annotations

from typing import Any

import msgspec

from console.coordinator.gateway.errors import ApiError

_NAME_SHOWN = 100


class Fields(msgspec.Struct, frozen=True):
    """What an object may hold. `null` stands for a field that is left out."""

    served: frozenset[str]
    harmless: frozenset[str] = frozenset()
    """Taken and not looked at: no answer depends on them, and nothing of them is kept."""
    neutral: dict[str, tuple[object, ...]] = {}
    """Those that would change an answer and are not served, with the values that change nothing."""


BODY = Fields(
    frozenset(
        {
            "model", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens",
            "temperature", "top_p", "min_p", "frequency_penalty", "presence_penalty", "stop", "seed",
            "logprobs", "top_logprobs",
        }
    ),
    frozenset(
        {
            "user", "metadata", "safety_identifier", "prompt_cache_key", "prompt_cache_retention",
            "parallel_tool_calls",
        }
    ),
    {
        "n": (1,),
        "best_of": (1,),
        "top_k": (40,),
        "repetition_penalty": (1,),
        "logit_bias": ({},),
        "tools": ([],),
        "tool_choice": ("none", "auto"),
        "functions": ([],),
        "function_call": ("none", "auto"),
        "response_format": ({"type": "text"},),
        "modalities": (["text"],),
        "reasoning_effort": ("none",),
        "verbosity": ("medium",),
        "service_tier": ("auto", "default"),
        "store": (False,),
        "audio": (),
        "prediction": (),
        "web_search_options": (),
    },
)  # fmt: skip
STREAM_OPTIONS = Fields(frozenset({"include_usage"}), neutral={"include_obfuscation": (False,)})
MESSAGE = Fields(
    frozenset({"role", "content"}),
    frozenset({"name"}),  # the models' templates have no place for it
    {"tool_calls": ([],), "annotations": ([],), "refusal": (), "function_call": (), "audio": ()},
)
_WHY = {
    "n": "`n` has to be 1: every answer is drawn, checked and paid by itself. Send one request for each.",
    "top_k": "`top_k` is 40 in this network, for everybody; leave it out.",
    "store": "`store` has to be false: no prompt and no answer is kept here.",
}


def check_names(given: dict[str, Any], fields: Fields, where: str = "") -> None:
    """Raise ApiError (400) for a field that is not served, unless its value changes nothing.

    `where`: comes before a field's name in what is said of it.
    """
    for name, value in given.items():
        if value is None or name in fields.served or name in fields.harmless:
            continue
        shown = (where + name)[:_NAME_SHOWN]
        if name not in fields.neutral:
            sentence = f"`{shown}` is not known to this network; leave it out."
            raise ApiError(400, "unknown_parameter", sentence, shown)
        if not _among(value, fields.neutral[name]):
            sentence = f"`{shown}` is not supported by this network; leave it out."
            raise ApiError(400, "unsupported_value", _WHY.get(shown, sentence), shown)


def _among(value: Any, values: tuple[object, ...]) -> bool:
    """Python takes true for 1; JSON does not."""
    return any(value == usual and isinstance(value, bool) == isinstance(usual, bool) for usual in values)
