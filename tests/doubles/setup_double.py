"""A machine for first-run setup that answers when it is told to."""

from __future__ import annotations

from threading import Event

from console.control.machine import FindingView
from console.control.setup import MachineFound, ModelChoice, Reached

FOUND = MachineFound(
    "AMD EPYC 7B13", 4, 25_769_803_776, 44_023_414_784, (), "llama-cpp-python 0.3.36", True,
    (FindingView("warn", "disk", "Little room", "A larger model may not fit.", "Free some."),),
)  # fmt: skip
MODELS = (
    ModelChoice("starter", "SmolLM2 135M Instruct, Q4_1", 98_362_432, True, True, "0.1 GB of weights"),
    ModelChoice("other", "Another, Q8_0", 700_000_000, False, True, "0.7 GB of weights"),
)


class Host:
    """A machine that answers when it is told to."""

    config_path = "/home/ada/.config/quarterdeck/config.toml"

    def __init__(self, good: str = "ws://good/net", patience_s: float = 10) -> None:
        self.good = good
        self.patience_s = patience_s
        self.may_look = Event()
        self.may_look.set()

    def look(self) -> MachineFound:
        self.may_look.wait(self.patience_s)
        return FOUND

    def models(self) -> tuple[ModelChoice, ...]:
        return MODELS

    def reach(self, address: str) -> Reached:
        if address == self.good:
            return Reached(True, "reef network answers; it pays 500 nano-credits.", "reef network")
        return Reached(False, "Nothing answers there (refused). Check the address.")
