"""Words for what the protocol names in code."""

from __future__ import annotations

from console.protocol.types import VerdictMode

MODE_WORDS: dict[VerdictMode, str] = {
    "not_audited": "not audited",
    "structure": "structure",
    "replay": "replay",
    "recompute_exact": "exact",
    "recompute_tolerant": "tolerant",
    "abstained": "abstained",
}
"""How deep an answer was looked into."""
