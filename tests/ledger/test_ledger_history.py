"""Trees over statements: Certificate Transparency's own test vectors, and what a proof proves."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.fairness.merkle import MerkleTree, root_from_path
from console.ledger.history import GrowingHistory, consistency_path, continues, history_proof

LEAVES = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
"""The eight inputs of the reference tests of RFC 6962's authors."""
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
PROOFS = {
    (1, 1): (),
    (1, 8): (
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ),
    (6, 8): (
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
    (2, 5): (
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ),
}


def history_root(digests: Sequence[str]) -> str:
    return GrowingHistory().grown(digests).root


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_the_vectors(size: int) -> None:
    assert history_root(LEAVES[:size]) == ROOTS[size - 1]


@pytest.mark.parametrize("sizes", PROOFS)
def test_proofs_are_those_of_the_vectors(sizes: tuple[int, int]) -> None:
    size, longer = sizes
    assert consistency_path(LEAVES[:longer], size) == PROOFS[sizes]
    assert continues(ROOTS[size - 1], size, ROOTS[longer - 1], longer, PROOFS[sizes])


digests = st.lists(st.binary(min_size=32, max_size=32).map(bytes.hex), min_size=1, max_size=70)


@given(digests, st.data())
def test_a_longer_list_continues_a_shorter_one_and_no_other(items: list[str], data: st.DataObject) -> None:
    size = data.draw(st.integers(1, len(items)))
    path = consistency_path(items, size)
    root, longer = history_root(items[:size]), history_root(items)
    assert continues(root, size, longer, len(items), path)
    other = [f"{int(items[0], 16) ^ 1:064x}", *items[1:]]
    if size < len(items):
        assert not continues(history_root(other[:size]), size, longer, len(items), path)
        assert not continues(root, size, history_root(other), len(items), path)
        assert not continues(root, size, longer, len(items), path[:-1])
        assert not continues(root, size, longer, len(items), (*path, "00" * 32))
    assert not continues(root, size, "11" * 32, len(items), path)


@given(digests)
def test_a_growing_list_has_the_root_of_the_whole_one_at_every_step(items: list[str]) -> None:
    growing = GrowingHistory()
    assert (growing.size, growing.root, growing.last) == (0, "", "")
    for size, item in enumerate(items, 1):
        growing = growing.grown([item])
        tree = MerkleTree([bytes.fromhex(i) for i in items[:size]])
        assert (growing.size, growing.root, growing.last) == (size, tree.root.hex(), item)


@given(digests, st.integers(0, 70))
def test_a_list_grows_by_many_as_it_does_by_one(items: list[str], size: int) -> None:
    short = GrowingHistory().grown(items[:size])
    assert short.grown(items[size:]) == GrowingHistory().grown(items)
    assert short == GrowingHistory().grown(items[:size]), "it stays as it was"


@given(digests, st.data())
def test_a_statement_is_shown_to_be_in_the_history_of_a_later_one(
    items: list[str], data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(items) - 1))
    proof = history_proof(items, place)
    root = root_from_path(
        bytes.fromhex(items[place]), place, len(items), [bytes.fromhex(n) for n in proof.inclusion]
    )
    assert root == MerkleTree([bytes.fromhex(i) for i in items]).root
    assert continues(history_root(items[:place]), place, history_root(items), len(items), proof.consistency)


@given(
    st.text(max_size=70), st.integers(-9, 9), st.text(max_size=70), st.integers(-9, 9),
    st.lists(st.text(max_size=70) | st.just("00" * 32), max_size=5),
)  # fmt: skip
def test_nothing_hostile_raises(root: str, size: int, longer: str, longer_size: int, path: list[str]) -> None:
    continues(root, size, longer, longer_size, path)


def test_a_proof_needs_a_statement_to_start_from() -> None:
    for size in (0, 3):
        with pytest.raises(ValueError, match="at least one"):
            consistency_path(["00" * 32] * 2, size)
    assert history_root(()) == ""
    assert continues("", 0, "ab" * 32, 5, ())
    assert not continues("00" * 32, 0, "ab" * 32, 5, ())
