"""The tree over accounts: its root binds every sum, and no money hides in a negative or an overflow."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statement_books import line

from console.ledger import LedgerError
from console.ledger.sum_tree import LIMIT, SumTree, added, leaf_hash, root_of
from console.protocol.statements import AccountInclusion, AccountLine, Sums

small = st.integers(0, 10**15)
lines = st.dictionaries(st.text(max_size=12), st.tuples(small, small), min_size=1, max_size=40).map(
    lambda found: tuple(line(a, *sums) for a, sums in sorted(found.items()))
)


def by_the_book(items: tuple[AccountLine, ...]) -> tuple[bytes, list[int]]:
    """The root by recursion: split at the largest power of two below the size, as RFC 6962 does."""
    if len(items) == 1:
        sums = items[0].sums
        return leaf_hash(items[0]), [sums.opening, sums.credits, sums.debits, sums.closing]
    split = 1 << (len(items) - 1).bit_length() - 1
    left, right = by_the_book(items[:split]), by_the_book(items[split:])
    packed = [b"".join(n.to_bytes(8, "big") for n in side[1]) + side[0] for side in (left, right)]
    both = [a + b for a, b in zip(left[1], right[1], strict=True)]
    return hashlib.sha256(b"\1" + packed[0] + packed[1]).digest(), both


@given(lines)
def test_the_root_is_that_of_the_definition_and_holds_all_sums(items: tuple[AccountLine, ...]) -> None:
    root = SumTree(items).root
    assert (root.hash, list(msgspec.structs.astuple(root.sums))) == (
        by_the_book(items)[0].hex(),
        by_the_book(items)[1],
    )
    total = Sums()
    for one in items:
        total = added(total, one.sums)
    assert root.sums == total


@given(lines, st.data())
def test_every_account_leads_to_the_root(items: tuple[AccountLine, ...], data: st.DataObject) -> None:
    tree = SumTree(items)
    index = data.draw(st.integers(0, len(items) - 1))
    assert root_of(tree.inclusion(index), len(items)) == tree.root


def changed(inclusion: AccountInclusion, data: st.DataObject) -> AccountInclusion:
    """One field of the leaf, of its place or of a sibling is another."""
    replace = msgspec.structs.replace
    by = data.draw(st.sampled_from((-1, 1, 7)))
    name = data.draw(st.sampled_from(Sums.__struct_fields__))
    places = ["account", "leaf", "index", "size"] + ["sums", "hash"] * bool(inclusion.path)
    match data.draw(st.sampled_from(places)):
        case "account":
            return replace(inclusion, line=replace(inclusion.line, account=inclusion.line.account + "!"))
        case "leaf":
            sums = replace(inclusion.line.sums, **{name: getattr(inclusion.line.sums, name) + by})
            return replace(inclusion, line=replace(inclusion.line, sums=sums))
        case "index":
            return replace(inclusion, index=inclusion.index + by)
        case "size":
            return replace(
                inclusion, path=inclusion.path[:-1] if inclusion.path else (SumTree((inclusion.line,)).root,)
            )
    at = data.draw(st.integers(0, len(inclusion.path) - 1))
    node = inclusion.path[at]
    other = replace(node, sums=replace(node.sums, **{name: getattr(node.sums, name) + by}))
    if data.draw(st.booleans()):
        other = replace(node, hash=f"{int(node.hash, 16) ^ 1:064x}")
    return replace(inclusion, path=(*inclusion.path[:at], other, *inclusion.path[at + 1 :]))


@given(lines, st.data())
def test_one_changed_field_leads_elsewhere(items: tuple[AccountLine, ...], data: st.DataObject) -> None:
    tree = SumTree(items)
    told = changed(tree.inclusion(data.draw(st.integers(0, len(items) - 1))), data)
    assert root_of(told, len(items)) != tree.root


@pytest.mark.parametrize(
    ("items", "why"),
    [
        ((), "needs an account"),
        ((line("b"), line("a")), "not in order"),
        ((line("a"), line("a")), "twice"),
        ((AccountLine("a", Sums(0, 0, 5, -5)),), "below zero"),
        ((AccountLine("a", Sums(LIMIT, 0, 0, LIMIT)),), "beyond 64 bits"),
        ((AccountLine("a", Sums(1, 2, 0, 4)),), "closing is not"),
        ((line("a", LIMIT - 1), line("b", 1)), "more than 64 bits"),
    ],
)
def test_what_cannot_be_stated_is_refused(items: tuple[AccountLine, ...], why: str) -> None:
    with pytest.raises(LedgerError, match=why):
        SumTree(items)


wild = st.integers(-(1 << 70), 1 << 70)
wild_sums = st.builds(Sums, wild, wild, wild, wild)


@given(
    st.builds(
        AccountInclusion,
        line=st.builds(
            AccountLine, st.text(max_size=5) | st.just("x" * 70_000) | st.just("\ud800"), wild_sums
        ),
        index=wild,
        path=st.lists(
            st.builds(
                lambda h, s: SumTree((line("a"),)).root.__class__(h, s), st.text(max_size=70), wild_sums
            ),
            max_size=4,
        ).map(tuple),
    ),
    wild,
)
def test_nothing_hostile_raises(inclusion: Any, size: int) -> None:
    root_of(inclusion, size)


def test_bounds() -> None:
    tree = SumTree((line("a"), line("b")))
    for index in (-1, 2):
        with pytest.raises(IndexError):
            tree.inclusion(index)
