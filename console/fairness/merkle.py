"""Merkle trees over byte strings, hashed as in RFC 6962 (leaf prefix 00, inner prefix 01)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence


def leaf_hash(leaf: bytes) -> bytes:
    """Hash of a leaf."""
    return hashlib.sha256(b"\0" + leaf).digest()


def inner_hash(left: bytes, right: bytes) -> bytes:
    """Hash of a node over two others."""
    return hashlib.sha256(b"\1" + left + right).digest()


class MerkleTree:
    """All levels of a tree, so that a path costs no hashing. An odd last node rises unchanged.

    That is RFC 6962's tree: splitting at the largest power of two pairs neighbours level by level.
    """

    def __init__(self, leaves: Sequence[bytes]) -> None:
        """`leaves`: in order. Raises ValueError when there is none."""
        if not leaves:
            raise ValueError("a tree needs a leaf")
        # Written out: a call for each of 131,072 hashes takes as long as the hashes.
        sha256 = hashlib.sha256
        self._levels = [[sha256(b"\0" + leaf).digest() for leaf in leaves]]
        while len(self._levels[-1]) > 1:
            below = self._levels[-1]
            pairs = zip(below[::2], below[1::2], strict=False)
            level = [sha256(b"\1" + left + right).digest() for left, right in pairs]
            self._levels.append(level + below[len(below) - len(below) % 2 :])

    @property
    def root(self) -> bytes:
        """32 bytes."""
        return self._levels[-1][0]

    def path(self, index: int) -> tuple[bytes, ...]:
        """Siblings from the leaf upwards. Raises IndexError outside the tree."""
        if not 0 <= index < len(self._levels[0]):
            raise IndexError(index)
        siblings = []
        for level in self._levels[:-1]:
            sibling = index ^ 1
            if sibling < len(level):
                siblings.append(level[sibling])
            index //= 2
        return tuple(siblings)


def root_from_path(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root that `leaf` at `index` of `size` has with `path`; None when the path has a wrong length."""
    if not 0 <= index < size:
        return None
    node, rest, width = leaf_hash(leaf), list(path), size
    while width > 1:
        if index % 2 or index + 1 < width:
            if not rest:
                return None
            sibling = rest.pop(0)
            node = inner_hash(sibling, node) if index % 2 else inner_hash(node, sibling)
        index //= 2
        width = (width + 1) // 2
    return None if rest else node
