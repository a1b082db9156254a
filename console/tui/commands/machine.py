"""What an operator can do on the screen Machine."""

from __future__ import annotations

from console.tui.commands.base import Command, ScreenCommand


class ProbeMachine(ScreenCommand):
    """Probe the machine again: what its drivers see, and what llama.cpp can use of it."""

    id, key, label = "probe_machine", "g", "probe"
    screens = frozenset(("machine",))


class Enlarge(ScreenCommand):
    """Give the panel that has the keyboard the whole screen, or take it back."""

    id, key, label = "enlarge", "z", "enlarge"
    screens = frozenset(("machine",))


COMMANDS: tuple[type[Command], ...] = (ProbeMachine, Enlarge)
