"""From a model's file to what can be served, or the cause why not. On the worker's thread, step by step."""

from __future__ import annotations

import msgspec

from console.engine.port import ModelFacts, Vocabulary
from console.engine.process import log
from console.engine.process.causes import Cause, ExitCode, cause_in_file, context_too_large
from console.engine.process.context import Context
from console.engine.process.decoding import DecodeError
from console.engine.process.model import LoadError, Model
from console.engine.process.scorer import LANES
from console.engine.process.selftest import self_test
from console.engine.process.settings import Settings
from console.engine.process.signs import cause_in_log
from console.verification.profiles import Profile


class Loaded(msgspec.Struct, frozen=True):
    """All that the server needs of a loaded model."""

    model: Model
    facts: ModelFacts
    profile: Profile
    vocabulary: Vocabulary


class RefusedError(Exception):
    """The model cannot be served, for `cause`."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(cause.sentence)
        self.cause = cause


def check_file(settings: Settings) -> None:
    """Whether it is worth showing the file to llama.cpp. Raises RefusedError."""
    cause = cause_in_file(settings.model)
    if cause is not None:
        raise RefusedError(cause)


def opened(settings: Settings) -> tuple[Model, Context]:
    """The weights, and the context that generates. Raises RefusedError."""
    try:
        model = Model(settings.model, settings.gpu_layers)
        if not model.generates:
            raise RefusedError(Cause(ExitCode.MODEL, "This model does not generate text. Serve another one."))
        if settings.context > model.trained_context:
            raise RefusedError(context_too_large(settings.context, model.trained_context))
        return model, Context(model, settings.context, settings.threads, settings.slots)
    except LoadError:
        raise RefusedError(cause_in_log(log.recent())) from None


def tested(settings: Settings, model: Model, context: Context) -> Loaded:
    """What there is to serve, with what the self-test found of it. Raises RefusedError."""
    vocabulary = Vocabulary(model.pieces(), model.end_ids())
    exact = _exact(settings, context, vocabulary)
    facts = model.facts(settings.model, settings.context)
    return Loaded(model, facts, model.profile(exact), vocabulary)


def _exact(settings: Settings, context: Context, vocabulary: Vocabulary) -> bool:
    try:
        return self_test(context, len(vocabulary.pieces), frozenset(vocabulary.end_ids), settings.context)
    except (DecodeError, ValueError) as error:
        sentence = str(error) if isinstance(error, DecodeError) else "Its vocabulary is too small."
        raise RefusedError(Cause(ExitCode.MODEL, f"The model does not compute. {sentence}")) from None


def scoring_context(settings: Settings, model: Model) -> Context:
    """One more context of a model that is served, for scores. Raises DecodeError."""
    try:
        return Context(model, settings.context, settings.threads, LANES)
    except LoadError:
        raise DecodeError(cause_in_log(log.recent()).sentence) from None
