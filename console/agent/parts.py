"""What a node is made of where there is a choice: the real parts, and what may stand in for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from console.agent.clock import NowMs
from console.agent.clock import now_ms as wall_clock
from console.agent.launching import LlamaLauncher
from console.agent.model import ModelFile, find_model, models_folder
from console.agent.supervision.ports import Launcher
from console.agent.surveyor import Survey, survey
from console.network.native import NativeNetwork
from console.network.pins import Pins
from console.network.port import Network
from console.protocol.ids import GroupId
from console.protocol.keys import SigningKey
from console.settings.config import Config


class ModelClaim(msgspec.Struct, frozen=True):
    """A group that is offered instead of the model's own: how practice's rogue lies. Never used by a node
    that means to earn: its first audited answer is rejected."""

    group: GroupId
    name: str = ""


def llama_launcher(home: Path, model: ModelFile, config: Config) -> Launcher:
    """Our own engine process."""
    return LlamaLauncher(home, model.path, config.engine)


def own_model(home: Path, config: Config) -> ModelFile:
    """The operator's choice, verified."""
    return find_model(config.engine.model, models_folder(home), lambda progress: None)


@dataclass(frozen=True, slots=True)
class Parts:
    """What may be put in place of the real thing."""

    model: Callable[[Path, Config], ModelFile] = own_model
    launcher: Callable[[Path, ModelFile, Config], Launcher] = llama_launcher
    network: Callable[[str, SigningKey, Pins], Network] = NativeNetwork
    survey: Survey = survey
    now_ms: NowMs = wall_clock
