"""What every part of the coordinator works with: settings, keys, clock, randomness, database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from console.coordinator.clock import Clock
from console.coordinator.sealing import Secrets
from console.coordinator.settings import CoordinatorConfig, Served
from console.coordinator.store import Store
from console.protocol.keys import SigningKey
from console.protocol.types import Policy
from console.verification.calibration import Calibration

Entropy = Callable[[int], bytes]
"""So many fresh random bytes."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Handed to each part; nothing in here changes while the coordinator runs."""

    config: CoordinatorConfig
    served: Served
    key: SigningKey
    secrets: Secrets
    store: Store
    clock: Clock
    entropy: Entropy
    calibrations: tuple[Calibration, ...] = ()
    """By which answers of other machine classes may be judged; none: their recompute is abstained from."""

    @property
    def policy(self) -> Policy:
        """The public rules."""
        return self.config.policy

    @property
    def silence_s(self) -> float:
        """A node that says nothing for so long is not live."""
        return 3.0 * self.policy.heartbeat_s

    def fresh_id(self) -> str:
        """32 random hex digits."""
        return self.entropy(16).hex()
