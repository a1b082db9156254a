"""A conversation to token ids, under the chat template in the model's file.

The template is the file's, so it is hostile: it runs in Jinja's immutable sandbox, and its output is bounded.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, NoReturn

from jinja2 import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from console.engine.port import ChatMessage, EngineError

if TYPE_CHECKING:
    from console.engine.process.model import Model

TEMPLATE_SECONDS = 5.0
TEXT_CHARACTERS = 2 * 1024 * 1024


class TemplateRefusedError(Exception):
    """The template itself says that it does not take this conversation."""


def chat_ids(model: Model, messages: tuple[ChatMessage, ...]) -> tuple[int, ...]:
    """Ids of the conversation, ready for the answer.

    Raises:
        EngineError: `bad_request`, no template in the file, or one that does not take these messages.
    """
    source = model.chat_template()
    if not source:
        raise EngineError(
            "bad_request",
            "This model's file has no chat template: it is no chat model. Ask for a plain completion.",
        )
    if not messages:
        raise EngineError("bad_request", "A conversation needs at least one message.")
    text = render(source, messages, model.control_text("bos"), model.control_text("eos"))
    return model.tokenize(text, special=True)


async def conversation_ids(model: Model, messages: tuple[ChatMessage, ...]) -> tuple[int, ...]:
    """As `chat_ids`, off the event loop, and refused where it takes longer than `TEMPLATE_SECONDS`."""
    spelling = asyncio.to_thread(chat_ids, model, messages)
    try:
        return await asyncio.wait_for(spelling, TEMPLATE_SECONDS)
    except TimeoutError:
        raise EngineError("bad_request", "The model's chat template takes too long.") from None


def text_ids(model: Model, text: str) -> tuple[int, ...]:
    """Ids of a plain text, with the begin token in front where the model wants one."""
    return model.begin_ids() + model.tokenize(text, special=False)


def render(source: str, messages: tuple[ChatMessage, ...], bos: str, eos: str) -> str:
    """The conversation as the template spells it. Raises EngineError `bad_request`."""
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    try:
        text = environment.from_string(source).render(
            messages=[{"role": m.role, "content": m.content} for m in messages],
            bos_token=bos,
            eos_token=eos,
            add_generation_prompt=True,
            raise_exception=_refuse,
            strftime_now=lambda form: datetime.now().strftime(form),
            tools=None,
        )
    except TemplateRefusedError:
        raise EngineError(
            "bad_request",
            "The model's chat template does not take this conversation; roles may have to alternate.",
        ) from None
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError):
        raise EngineError(
            "bad_request", "The model's chat template cannot spell this conversation."
        ) from None
    except RecursionError:
        raise EngineError("bad_request", "The model's chat template nests without end.") from None
    if len(text) > TEXT_CHARACTERS:
        raise EngineError("bad_request", "The conversation is too long.")
    return text


def _refuse(_message: str) -> NoReturn:
    raise TemplateRefusedError
