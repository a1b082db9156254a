"""What an answer costs, earns and, when it is false, takes away."""

from __future__ import annotations

import msgspec

from console.protocol.types import Policy


class Price(msgspec.Struct, frozen=True):
    """Nano-credits: what the client pays, and the node's part of it."""

    client: int
    reward: int


def price(policy: Policy, prompt_tokens: int, completion_tokens: int) -> Price:
    """Tokens processed, prompt and answer alike, at the policy's rates."""
    tokens = prompt_tokens + completion_tokens
    return Price(tokens * policy.client_rate, tokens * policy.node_rate)


def split_reward(policy: Policy, reward: int, bond: int) -> tuple[int, int]:
    """(to bond, to pending): a share is held back until the bond's target stands, and never beyond it."""
    to_bond = min(reward * policy.holdback_percent // 100, max(0, policy.bond_target - bond))
    return to_bond, reward - to_bond


def withheld_fee(policy: Policy, held: int) -> int:
    """What a nonce that is not revealed costs its client, out of the `held` that goes back to it."""
    return min(policy.withheld_fee, held)


def collectable(policy: Policy, reward: int, bond: int, pending: int) -> tuple[int, int]:
    """(from bond, from pending): the penalty for an answer of `reward`, as far as it can be taken."""
    wanted = policy.penalty_multiple * reward
    from_bond = min(wanted, max(0, bond))
    return from_bond, min(wanted - from_bond, max(0, pending))
