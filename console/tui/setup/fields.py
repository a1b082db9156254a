"""The form's fields: which setting explains each, and what is chosen by what is entered there. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from console.control.setup import Choices, ModelChoice
from console.settings.schema import BY_NAME, Setting
from console.settings.values import understood

FIELDS = {
    "coordinator": "node.coordinator",
    "name": "node.name",
    "watts": "power.watts",
    "price": "power.price_per_kwh",
}
"""Field of the form to the setting that explains and checks it."""


def setting_of(field: str) -> Setting:
    """The setting behind a field that is typed."""
    return BY_NAME[FIELDS[field]]


def initial(choices: Choices, setting: Setting) -> str:
    """What stands in the field before anything is typed: what is chosen now."""
    now = getattr(choices, setting.key)
    return f"{now:g}" if isinstance(now, float) else str(now)


def wrong_with(setting: Setting, typed: str) -> str:
    """Why this cannot be taken; empty where it can."""
    try:
        understood(setting, typed)
    except ValueError as error:
        return str(error)
    return ""


def with_typed(choices: Choices, setting: Setting, typed: str) -> Choices:
    """With what was typed. Raises ValueError where `wrong_with` has something to say."""
    return msgspec.structs.replace(choices, **{setting.key: understood(setting, typed)})


def with_next_model(choices: Choices, models: Sequence[ModelChoice]) -> Choices:
    """With the model after the chosen one, round and round; before any choice the first counts as chosen."""
    names = [model.name for model in models]
    place = names.index(choices.model) if choices.model in names else 0
    return msgspec.structs.replace(choices, model=names[(place + 1) % len(names)])
