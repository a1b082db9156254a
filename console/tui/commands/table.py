"""All commands in the order of footer, palette and help."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from textual.binding import BindingType

from console.tui.commands import (
    earnings,
    events,
    everywhere,
    general,
    job,
    jobs,
    machine,
    models,
    network,
    rooms,
    settings,
    verification,
    why,
)
from console.tui.commands.base import Command

if TYPE_CHECKING:
    from textual.command import Provider

COMMANDS: tuple[type[Command], ...] = (
    *rooms.SCREENS,
    *jobs.COMMANDS,
    *verification.COMMANDS,
    *job.COMMANDS,
    *earnings.COMMANDS,
    *machine.COMMANDS,
    *models.COMMANDS,
    *network.COMMANDS,
    *events.COMMANDS,
    *why.COMMANDS,
    *settings.COMMANDS,
    general.PauseOrResume,
    general.PauseUntil,
    general.Drain,
    rooms.ShowWhy,
    general.Back,
    general.Help,
    general.Detach,
    general.Palette,
    *everywhere.COMMANDS,
    general.NextTheme,
    general.RestartEngine,
    general.Suspend,
)
BY_ID = {command.id: command for command in COMMANDS}
_KEY_WORDS = {"question_mark": "?", "slash": "/", "escape": "esc", "comma": ",", "space": "space"}


def on_screen(name: str) -> list[type[Command]]:
    """The commands that exist on the screen `name`."""
    return [command for command in COMMANDS if not command.screens or name in command.screens]


def bindings(name: str) -> list[BindingType]:
    """Keys of what exists on the screen `name` and not everywhere."""
    return [command.binding() for command in COMMANDS if name in command.screens]


def key_word(command: type[Command], keymap: Mapping[str, str]) -> str:
    """The key as it is written on screen."""
    key = keymap.get(command.id, command.key).split(",")[0]
    return _KEY_WORDS.get(key, key.replace("ctrl+", "^"))


def unknown_ids(keymap: Mapping[str, str]) -> list[str]:
    """Ids of a configuration that name no command."""
    return [name for name in keymap if name not in BY_ID]


def palette() -> type[Provider]:
    """What the palette searches, loaded when it is first opened."""
    from console.tui.palette import CommandsProvider

    return CommandsProvider
