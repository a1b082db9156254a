"""Consistency proofs (RFC 6962 §2.1.2): that a longer list of statements continues a shorter one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from console.fairness.merkle import MerkleTree, inner_hash, leaf_hash
from console.protocol.statements import HistoryProof


class GrowingHistory(msgspec.Struct, frozen=True):
    """A list of statements' digests, oldest first: what its root takes, without the list itself."""

    whole: tuple[tuple[int, bytes], ...] = ()
    """Sizes and roots of whole trees, the largest first; no two are of one size."""
    last: str = ""
    """The newest digest; empty for none."""

    def grown(self, digests: Iterable[str]) -> GrowingHistory:
        """With these as well. Raises ValueError when one is no hex."""
        whole, last = list(self.whole), self.last
        for last in digests:
            size, node = 1, leaf_hash(bytes.fromhex(last))
            while whole and whole[-1][0] == size:
                node = inner_hash(whole.pop()[1], node)
                size *= 2
            whole.append((size, node))
        return GrowingHistory(tuple(whole), last)

    @property
    def size(self) -> int:
        """How many there are."""
        return sum(size for size, _ in self.whole)

    @property
    def root(self) -> str:
        """Of the tree over all of them; empty for none."""
        if not self.whole:
            return ""
        *left, (_, node) = self.whole
        for _, other in reversed(left):
            node = inner_hash(other, node)
        return node.hex()


def consistency_path(digests: Sequence[str], size: int) -> tuple[str, ...]:
    """Proof that the tree over `digests` continues the one over the first `size` of them.

    Raises:
        ValueError: `size` is not between 1 and all of them.
    """
    if not 1 <= size <= len(digests):
        raise ValueError("a proof leads from at least one statement to no fewer")
    leaves = [bytes.fromhex(d) for d in digests]
    return tuple(node.hex() for node in _subproof(leaves, size, True))


def history_proof(digests: Sequence[str], place: int) -> HistoryProof:
    """That the statement number `place` of `digests` and all before it are in the history over them.

    Raises:
        IndexError: there is no such statement.
    """
    tree = MerkleTree([bytes.fromhex(d) for d in digests])
    inclusion = tuple(node.hex() for node in tree.path(place))
    return HistoryProof(inclusion, consistency_path(digests, place) if place else ())


def continues(root: str, size: int, longer_root: str, longer_size: int, path: Sequence[str]) -> bool:
    """Whether `path` proves it, as RFC 9162 §2.1.4.2 checks it; never raises.

    From nothing at all, everything continues.
    """
    if size == 0:
        return root == "" and not path
    if size == longer_size:
        return root == longer_root and not path
    try:
        nodes = [bytes.fromhex(node) for node in path]
        old, new = bytes.fromhex(root), bytes.fromhex(longer_root)
    except ValueError:
        return False
    if not 0 < size < longer_size or not nodes:
        return False
    return _walk(old, size, new, longer_size, nodes)


def _walk(old: bytes, size: int, new: bytes, longer_size: int, nodes: list[bytes]) -> bool:
    if size & (size - 1) == 0:
        nodes = [old, *nodes]
    place, last = size - 1, longer_size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    of_old = of_new = nodes[0]
    for node in nodes[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            of_old, of_new = inner_hash(node, of_old), inner_hash(node, of_new)
            while not place & 1 and place != 0:
                place, last = place >> 1, last >> 1
        else:
            of_new = inner_hash(of_new, node)
        place, last = place >> 1, last >> 1
    return last == 0 and of_old == old and of_new == new


def _subproof(leaves: list[bytes], size: int, whole: bool) -> list[bytes]:
    """SUBPROOF of RFC 6962, word for word. `whole`: the first `size` leaves' root is known already."""
    if size == len(leaves):
        return [] if whole else [MerkleTree(leaves).root]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    left, right = leaves[:split], leaves[split:]
    if size <= split:
        return [*_subproof(left, size, whole), MerkleTree(right).root]
    return [*_subproof(right, size - split, False), MerkleTree(left).root]
