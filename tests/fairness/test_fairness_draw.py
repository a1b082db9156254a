"""The draw: uniform, reproducible, bound to everything that it names, and checkable by the node."""

from __future__ import annotations

import hashlib

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.fairness import EpochSeeds, Roster, band95, check_draw, draw_bytes, pick
from console.protocol.frames import ticket_bytes
from console.protocol.ids import JobId, NodeId
from console.protocol.keys import SigningKey
from console.protocol.types import DrawProof, Ticket

KEY = SigningKey(b"c" * 32)
SEEDS = EpochSeeds(b"s" * 32)
JOB = JobId("ab" * 16)
NODES = tuple(NodeId(hashlib.sha256(bytes([i])).hexdigest()) for i in range(7))


def proof_for(job: str = JOB, k: int = 5, attempt: int = 1) -> tuple[DrawProof, NodeId]:
    """A true proof, and the node that it draws."""
    roster = Roster(NODES)
    ticket = Ticket(JobId(job), k, 3, roster.root, len(roster), attempt)
    seed, seed_path = SEEDS.reveal(k)
    nonce = "07" * 16
    drawn = pick(seed, nonce, job, roster.root, len(roster), attempt)
    proof = DrawProof(
        ticket, KEY.sign(ticket_bytes(ticket)), nonce, seed, seed_path, drawn.index, roster.path(drawn.index)
    )
    return proof, roster.ids[drawn.index]


def failed(proof: DrawProof, node: str, root: str = SEEDS.root) -> list[str]:
    checks = check_draw(proof, JOB, 1, node, root, KEY.node_id)
    return [c.name for c in checks if not c.ok]


def test_a_true_proof_passes_every_check() -> None:
    proof, node = proof_for()
    assert failed(proof, node) == []
    assert len(draw_bytes(proof)) == 32


def test_each_lie_fails_the_check_that_names_it() -> None:
    proof, node = proof_for()
    other = next(n for n in NODES if n != node)
    replace = msgspec.structs.replace
    assert failed(proof, other) == ["roster"]
    assert failed(proof, node, root="00" * 32) == ["seed"]
    assert "pick" in failed(replace(proof, nonce="08" * 16), node)
    assert "seed" in failed(replace(proof, seed="09" * 32), node)
    assert "ticket" in failed(replace(proof, ticket_signature="0" * 128), node)
    grown = replace(proof, ticket=replace(proof.ticket, roster_size=8))
    assert "ticket" in failed(grown, node)


def test_rubbish_fails_and_never_raises() -> None:
    proof, node = proof_for()
    rubbish = msgspec.structs.replace(proof, seed="zz", nonce="", seed_path=("x",), roster_path=())
    assert set(failed(rubbish, node)) >= {"seed", "roster", "pick"}
    endless = msgspec.structs.replace(proof.ticket, roster_size=2**32 + 1)
    assert failed(msgspec.structs.replace(proof, ticket=endless), node) == ["ticket", "roster", "pick"]


def test_draws_are_uniform() -> None:
    """Chi-squared over 20,000 fixed draws of 7: 6 degrees of freedom, 99.9 % below 22.5."""
    counts = [0] * 7
    for k in range(20_000):
        seed = hashlib.sha256(k.to_bytes(4, "big")).hexdigest()
        counts[pick(seed, "01" * 16, JOB, "02" * 32, 7, 1).index] += 1
    expected = 20_000 / 7
    assert sum((c - expected) ** 2 / expected for c in counts) < 22.5


@settings(max_examples=50)
@given(st.integers(1, 10_000), st.integers(1, 5))
def test_the_index_is_in_range_and_repeatable(size: int, attempt: int) -> None:
    first = pick("05" * 32, "06" * 16, JOB, "02" * 32, size, attempt)
    assert 0 <= first.index < size
    assert first == pick("05" * 32, "06" * 16, JOB, "02" * 32, size, attempt)


def test_everything_named_enters_the_draw() -> None:
    base = ("05" * 32, "06" * 16, JOB, "02" * 32, 1000, 1)
    changed = [
        ("07" * 32, *base[1:]),
        (base[0], "07" * 16, *base[2:]),
        (*base[:2], "cd" * 16, *base[3:]),
        (*base[:3], "03" * 32, *base[4:]),
        (*base[:5], 2),
    ]
    draws = {pick(*base).draw} | {pick(*c).draw for c in changed}
    assert len(draws) == 6


def test_nobody_to_draw_from() -> None:
    with pytest.raises(ValueError, match="nobody"):
        pick("05" * 32, "06" * 16, JOB, "02" * 32, 0, 1)
    with pytest.raises(ValueError, match="more than a roster holds"):
        pick("05" * 32, "06" * 16, JOB, "02" * 32, 2**64 + 1, 1)
    with pytest.raises(ValueError, match="twice"):
        Roster((NODES[0], NODES[0]))


def test_band_is_centred_and_not_negative() -> None:
    assert band95(100_000, 99_000) == pytest.approx((80.5, 119.5), abs=0.01)
    assert band95(1000, 990)[0] == 0.0


def test_a_seed_alone_is_the_one_that_is_revealed() -> None:
    assert SEEDS.seed(9) == SEEDS.reveal(9)[0]
    for beyond in (-1, 65_536):
        with pytest.raises(IndexError):
            SEEDS.seed(beyond)
