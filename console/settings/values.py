"""Values of settings: what holds, how it is written, and what somebody meant by what was typed. Pure."""

from __future__ import annotations

import json
import math
from typing import Any

from console.settings.config import Config
from console.settings.schema import SETTINGS, Setting, Value


def value_in(config: Config, setting: Setting) -> Any:
    """What `config` says for `setting`."""
    return getattr(getattr(config, setting.section), setting.key)


def default_of(setting: Setting) -> Any:
    """What holds where the file says nothing."""
    return value_in(Config(), setting)


def written(value: Any) -> str:
    """A value as people read it: `on`, `0.31`, `—` for an empty text."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, dict):
        return ", ".join(f"{key} = {json.dumps(item)}" for key, item in value.items()) or "—"
    return f"{value:g}" if isinstance(value, float) else str(value) or "—"


def understood(setting: Setting, text: str) -> Value:
    """The value that somebody typed.

    Raises:
        ValueError: it is none for this setting; the text says what would be.
    """
    text = text.strip()
    if setting.kind == "switch":
        if text.lower() not in ("on", "off", "true", "false", "yes", "no"):
            raise ValueError("This is on or off.")
        return text.lower() in ("on", "true", "yes")
    if setting.kind == "choice":
        if text not in setting.choices:
            raise ValueError(f"This is one of: {', '.join(setting.choices)}.")
        return text
    if setting.kind == "table":
        raise ValueError("This is a table of its own; edit it in the file.")
    return text if setting.kind == "text" else _number(setting, text)


def _number(setting: Setting, text: str) -> int | float:
    try:
        value: int | float = int(text) if setting.kind == "whole" else float(text.replace(",", "."))
    except ValueError:
        raise ValueError(
            "This is a whole number." if setting.kind == "whole" else "This is a number."
        ) from None
    if not (math.isfinite(value) and setting.least <= value <= setting.most):
        raise ValueError(f"This lies from {setting.least:,.15g} to {setting.most:,.15g}.")
    return value


def out_of_bounds(config: Config) -> list[str]:
    """What `config` says that no setting may be, each as `section.key: sentence`."""
    wrong = []
    for setting in SETTINGS:
        if setting.kind in ("whole", "number"):
            try:
                understood(setting, str(value_in(config, setting)))
            except ValueError as error:
                wrong.append(f"{setting.name}: {error}")
    return wrong
