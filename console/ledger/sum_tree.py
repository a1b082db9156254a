"""A Merkle tree over accounts whose inner nodes bind what both children sum up to.

An inner node is SHA-256 over `01`, the left child's sums and hash, the right child's sums and hash; a leaf
over `00`, the account's name and sums. Sums are four unsigned 64-bit numbers below 2⁶³, so that nothing
negative and no overflow can hide a debt behind somebody else's money. An odd last node rises unchanged, as in
RFC 6962.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import pairwise

from console.ledger.transactions import LedgerError
from console.protocol.statements import AccountInclusion, AccountLine, SumNode, Sums

LIMIT = 1 << 63
"""Sums are below this."""
_HASH_BYTES = 32
_Node = tuple[bytes, Sums]


class SumTree:
    """All levels of a tree, so that a proof costs no hashing."""

    def __init__(self, lines: Sequence[AccountLine]) -> None:
        """`lines`: in the order of the accounts' names.

        Raises:
            LedgerError: none, not in order, one twice, or sums that are negative, wrong or beyond 64 bits.
        """
        if not lines:
            raise LedgerError("a statement's tree needs an account")
        names = [line.account for line in lines]
        if any(one >= other for one, other in pairwise(names)):
            raise LedgerError("the accounts are not in order, or one stands twice")
        for line in lines:
            check_sums(line.account, line.sums)
        self._lines = lines
        self._levels: list[list[_Node]] = [[(leaf_hash(line), line.sums) for line in lines]]
        while len(self._levels[-1]) > 1:
            below = self._levels[-1]
            level = [_inner(below[i], below[i + 1]) for i in range(0, len(below) - 1, 2)]
            self._levels.append(level + below[len(below) - len(below) % 2 :])

    @property
    def root(self) -> SumNode:
        """Root hash, and the sums of all accounts."""
        return _told(self._levels[-1][0])

    def inclusion(self, index: int) -> AccountInclusion:
        """The proof for the account at `index`. Raises IndexError outside the tree."""
        if not 0 <= index < len(self._lines):
            raise IndexError(index)
        path, place = [], index
        for level in self._levels[:-1]:
            sibling = place ^ 1
            if sibling < len(level):
                path.append(_told(level[sibling]))
            place //= 2
        return AccountInclusion(self._lines[index], index, tuple(path))


def check_sums(account: str, sums: Sums) -> None:
    """Raise LedgerError for sums that no account can have."""
    if not within_bounds(sums):
        raise LedgerError(f"{account}: a sum below zero or beyond 64 bits")
    if not adds_up(sums):
        raise LedgerError(f"{account}: closing is not opening + credits − debits")


def within_bounds(sums: Sums) -> bool:
    """Whether all four are at least 0 and below 2⁶³."""
    return all(0 <= amount < LIMIT for amount in (sums.opening, sums.credits, sums.debits, sums.closing))


def adds_up(sums: Sums) -> bool:
    """Whether closing is opening + credits − debits."""
    return sums.opening + sums.credits - sums.debits == sums.closing


def added(one: Sums, other: Sums) -> Sums:
    """Both together, as plain numbers: whoever adds checks the bounds."""
    return Sums(
        one.opening + other.opening,
        one.credits + other.credits,
        one.debits + other.debits,
        one.closing + other.closing,
    )


def leaf_hash(line: AccountLine) -> bytes:
    """Hash of a leaf. Raises OverflowError for sums out of bounds or a name beyond 65,535 bytes."""
    name = line.account.encode("utf-8", "surrogatepass")
    return hashlib.sha256(b"\0" + len(name).to_bytes(2, "big") + name + _packed(line.sums)).digest()


def root_of(inclusion: AccountInclusion, size: int) -> SumNode | None:
    """The root to which `inclusion` leads in a tree of `size` leaves.

    None for a path of a wrong length, a malformed hash, or any sum on the way that is out of bounds.
    """
    if not 0 <= inclusion.index < size:
        return None
    try:
        node: _Node = leaf_hash(inclusion.line), inclusion.line.sums
        place, width, rest = inclusion.index, size, list(inclusion.path)
        while width > 1:
            if place % 2 or place + 1 < width:
                sibling = _read(rest.pop(0))
                node = _inner(sibling, node) if place % 2 else _inner(node, sibling)
            place, width = place // 2, (width + 1) // 2
    except (IndexError, LedgerError, OverflowError, ValueError):
        return None
    return None if rest else _told(node)


def _inner(left: _Node, right: _Node) -> _Node:
    sums = added(left[1], right[1])
    if not within_bounds(sums):
        raise LedgerError("the accounts together come to more than 64 bits hold")
    data = b"\1" + _packed(left[1]) + left[0] + _packed(right[1]) + right[0]
    return hashlib.sha256(data).digest(), sums


def _packed(sums: Sums) -> bytes:
    numbers = (sums.opening, sums.credits, sums.debits, sums.closing)
    if not within_bounds(sums):
        raise OverflowError("a sum out of bounds")
    return b"".join(number.to_bytes(8, "big") for number in numbers)


def _read(node: SumNode) -> _Node:
    data = bytes.fromhex(node.hash)
    if len(data) != _HASH_BYTES:
        raise ValueError("a hash has 32 bytes")
    return data, node.sums


def _told(node: _Node) -> SumNode:
    return SumNode(node[0].hex(), node[1])
