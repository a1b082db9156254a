"""The operator's configuration: one TOML file, read once, frozen, every key explained.

Unknown keys and wrong types are refused with the file, the key and what was expected, since a setting
that is silently ignored is the worst kind.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Literal

import msgspec


class ConfigError(Exception):
    """The configuration cannot be used; the text says where, why and what to do."""


class NodeConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What this node is called and whom it works for."""

    name: str = ""
    """Shown to other people; empty: derived from the node's id."""
    coordinator: str = ""
    """Address of the network, `ws://127.0.0.1:8800/net/v1/ws` or `nats://host:4222,…`; empty: none chosen."""


class EngineConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the model server is started."""

    model: str = "smollm2-135m-instruct-q4_1"
    """Catalogue name, or path of a GGUF file."""
    context: int = 2048
    """Tokens of context for one sequence (prompt and answer together)."""
    threads: int = 0
    """Threads for the CPU; 0: as many as physical cores that are free."""
    gpu_layers: int = -1
    """Layers kept on the GPU; 0: CPU only, -1: as many as fit."""
    slots: int = 0
    """Generations at once; 0: as many as memory holds and as are found to help."""
    local_port: int = 0
    """Loopback port where your own programs may use the engine (OpenAI-compatible); 0: none."""
    local_priority: Literal["first", "equal", "last"] = "equal"
    """How your own use stands against the network's."""
    token_timeout_s: float = 30.0
    """A running job that gives no token for so long has its engine restarted."""
    start_timeout_s: float = 120.0
    """An engine that is not ready after so long is given up and started again."""


class ScreenConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the console looks."""

    theme: str = ""
    """Theme's name; empty: the console's own."""
    ascii: bool = False
    """Draw with ASCII only."""
    hz: float = 0.0
    """Repaints per second; 0: 2, or 1 over SSH."""
    mouse: Literal["auto", "on", "off"] = "auto"
    """Whether the mouse is used; auto: not over SSH, where a dropped line would leave its codes behind."""
    read_only: bool = False
    """Show everything and change nothing: for a screen that others see."""
    keys: dict[str, str] = {}
    """Command id to key, e.g. `pause = "P"`."""


class PowerConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the machine draws and what that costs, for the net of the earnings."""

    watts: float = 0.0
    """Drawn by the whole machine while it works; 0: what the GPUs' drivers measure, if they do."""
    idle_watts: float = 0.0
    """Drawn while it does not."""
    price_per_kwh: float = 0.0
    """Price of electricity; 0: not given, and no net is shown."""
    currency: str = "EUR"
    """Of the price."""
    credit_price: float = 0.0
    """What you reckon one credit at, in that currency; 0: not given, and cost is shown beside credits."""


class NotifyConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the node calls for you when it needs you; always in Events too."""

    desktop: bool = False
    """A notification of this desktop, through notify-send."""
    ntfy: str = ""
    """Address of an ntfy topic."""
    webhook: str = ""
    """Address that gets a POST of JSON."""
    per_hour: int = 6
    """At most so many an hour; what is above that is counted in the next."""


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    node: NodeConfig = NodeConfig()
    engine: EngineConfig = EngineConfig()
    screen: ScreenConfig = ScreenConfig()
    power: PowerConfig = PowerConfig()
    notify: NotifyConfig = NotifyConfig()


def load(path: Path) -> Config:
    """Read `path`; a missing file gives the defaults.

    Raises:
        ConfigError: unreadable, not TOML, an unknown key or a wrong type.
    """
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return Config()
    except OSError as error:
        raise ConfigError(
            f"The configuration {path} cannot be read ({error.strerror}). "
            "Give yourself read access to it, or move it away to use the defaults."
        ) from error
    return parse(text, path)


def parse(text: bytes, path: Path) -> Config:
    """The configuration that `text`, of the file `path`, says.

    Raises:
        ConfigError: not TOML, an unknown key or a wrong type.
    """
    try:
        return msgspec.convert(tomllib.loads(text.decode()), Config)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(
            f"The configuration {path} is not valid TOML: {error}. Mend that place, or move the file "
            "away to use the defaults."
        ) from error
    except msgspec.ValidationError as error:
        raise ConfigError(
            f"The configuration {path} has a setting that is not understood: {error}. "
            "Mend or remove it; the README lists every key."
        ) from error
