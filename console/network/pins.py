"""Trust on first use: the key that a coordinator showed first is the one it must show ever after."""

from __future__ import annotations

from typing import Protocol

from console.protocol.ids import NodeId, short
from console.protocol.messages import Challenge, Refused


class Pins(Protocol):
    """Where coordinators' keys are remembered, by address."""

    async def pinned(self, address: str) -> NodeId | None:
        """The key that was first seen at `address`."""
        ...

    async def pin(self, address: str, key: NodeId) -> None:
        """Remember it for good."""
        ...


async def check_pin(pins: Pins, address: str, challenge: Challenge) -> Refused | None:
    """None when `challenge` shows the key that is known for `address`, or is the first one seen there.

    Otherwise a refusal of our own: the one behind that address may be somebody else, and would get prompts,
    results and a signature from us.
    """
    known = await pins.pinned(address)
    if known is None:
        await pins.pin(address, challenge.coordinator)
        return None
    if known == challenge.coordinator:
        return None
    return Refused(
        code="coordinator_key_changed",
        sentence=(
            f"The coordinator at {address} shows key {short(challenge.coordinator)}…, but until now it was "
            f"{short(known)}…. Somebody else may be answering there, so this node does not sign in."
        ),
        remedy=(
            "Ask the network's operator whether the key was changed. If it was, stop the node and run "
            "`quarterdeck agent start --trust-new-coordinator` once."
        ),
    )
