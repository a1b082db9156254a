"""First-run setup: what a console asks of the machine before there is a node, and what it is told to do.

The console collects choices; whoever started it (the command) looks at the machine, writes and starts.
"""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec

from console.control.machine import FindingView

PURPOSES = ("practice", "join")


class MachineFound(msgspec.Struct, frozen=True):
    """The machine in a few words, and what deserves a look before it starts."""

    processor: str
    cores: int
    memory_bytes: int
    free_disk_bytes: int | None
    gpus: tuple[str, ...]
    runtime: str
    """llama.cpp's version, or why it is missing."""
    runtime_ready: bool
    findings: tuple[FindingView, ...] = ()


class ModelChoice(msgspec.Struct, frozen=True):
    """A model that this machine could serve."""

    name: str
    title: str
    size_bytes: int
    here: bool
    """Whether it is on this machine already; else it is fetched at the start."""
    fits: bool | None
    sentence: str


class Reached(msgspec.Struct, frozen=True):
    """What answered at an address."""

    ok: bool
    sentence: str
    network: str = ""


class Choices(msgspec.Struct, frozen=True):
    """What the operator chose; empty texts stay at their defaults."""

    purpose: Literal["practice", "join"] = "practice"
    coordinator: str = ""
    name: str = ""
    model: str = ""
    watts: float = 0.0
    price_per_kwh: float = 0.0


class SetupHost(Protocol):
    """What setup needs of the machine. Every method may take seconds and is called off the event loop."""

    config_path: str

    def look(self) -> MachineFound:
        """What this machine is."""
        ...

    def models(self) -> tuple[ModelChoice, ...]:
        """What it could serve, the usual one first."""
        ...

    def reach(self, address: str) -> Reached:
        """Whether a network answers there."""
        ...
