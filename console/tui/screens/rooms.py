"""Which class draws which screen. A screen is imported when it is first shown: a start stays quick."""

from __future__ import annotations

import importlib

from console.tui.screens.room import RoomScreen

ROOMS: dict[str, tuple[str, str]] = {
    "jobs": ("jobs", "Jobs"),
    "verification": ("verification", "Verification"),
    "earnings": ("earnings", "Earnings"),
    "machine": ("machine", "Machine"),
    "models": ("models", "Models"),
    "network": ("network", "Network"),
    "events": ("events", "Events"),
    "why": ("why", "Why"),
    "settings": ("settings", "Settings"),
}
"""Room to its module in this package, and the class in it. The Deck is always there."""


def open_room(name: str) -> RoomScreen:
    """A new screen for the room `name`."""
    module, kind = ROOMS[name]
    screen: RoomScreen = getattr(importlib.import_module(f"console.tui.screens.{module}"), kind)()
    return screen
