"""What an audit comes to: objections, and who won how many draws.

No signature is checked here: who only shows an audit's outcome needs no cryptography.
"""

from __future__ import annotations

import msgspec

from console.fairness.check import band95
from console.protocol.ids import NodeId


class Finding(msgspec.Struct, frozen=True):
    """One objection, in a word for programs and in a sentence for people."""

    code: str
    epoch: int
    k: int
    """Number of the draw within its epoch; -1: the epoch as a whole."""
    sentence: str


class Audited(msgspec.Struct, frozen=True):
    """What came of one epoch. `checked`: its draws."""

    epoch: int
    checked: int
    findings: tuple[Finding, ...]
    open: bool
    """The epoch runs: its seeds stay secret, and are checked when it has closed."""


class NodeShare(msgspec.Struct, frozen=True):
    """Draws in which a node could be drawn, and what a fair draw gives it of them."""

    id: NodeId
    draws: int
    won: int
    expected_milli: int
    variance_milli: int

    @property
    def band95(self) -> tuple[float, float]:
        """What 95 of 100 fair nodes would have won."""
        return band95(self.expected_milli, self.variance_milli)


class Recount(msgspec.Struct, frozen=True):
    """What was recomputed: `checked` draws."""

    coordinator: str
    epochs: tuple[int, ...]
    open: tuple[int, ...]
    """Epochs that run: their seeds are checked when they have closed."""
    checked: int
    findings: tuple[Finding, ...]
    nodes: tuple[NodeShare, ...]

    @property
    def wrong(self) -> int:
        """Draws that have a finding, and epochs that have one as a whole, each counted once."""
        return len({(one.epoch, one.k) for one in self.findings})
