"""An epoch recomputed from what was published: the truth passes, and each tampering is named."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_transcripts import KEY, NODES, OTHER_KEY, SEEDS, Maker, honest, job_of

from console.fairness import Roster, check_draw, pick_of
from console.fairness.audit import NONCE_WITHHELD, audit_epoch
from console.protocol.frames import ticket_bytes
from console.protocol.ids import NanoCredits, NodeId
from console.protocol.transcript import (
    AttemptEnd,
    Carried,
    DrawRecord,
    SignedRoster,
    Transcript,
    closing_bytes,
    roster_bytes,
    transcript_digest,
)
from console.protocol.types import LOAD, USUAL_POLICY, DrawProof, Exclusion, Policy

change = msgspec.structs.replace
QUEUE_LIMIT = Policy().queue_limit
TRUE = honest().transcript()


def codes(transcript: Transcript) -> set[str]:
    return {finding.code for finding in audit_epoch(transcript).findings}


def with_draw(k: int, **changes: object) -> Transcript:
    draws = list(TRUE.draws)
    draws[k] = change(draws[k], **changes)
    return change(TRUE, draws=tuple(draws))


def closed_again(transcript: Transcript) -> Transcript:
    """What a coordinator publishes that changes its mind: signed anew, with its own key."""
    assert transcript.closing is not None
    closing = change(
        transcript.closing, draws=len(transcript.draws), transcript=transcript_digest(transcript.draws)
    )
    return change(transcript, closing=change(closing, signature=KEY.sign(closing_bytes(closing))))


def test_the_truth_passes_closed_and_open() -> None:
    found = audit_epoch(TRUE)
    assert found.findings == ()
    assert (found.epoch, found.checked, found.open) == (3, 15, False)
    still = audit_epoch(honest().transcript(closed=False))
    assert (still.findings, still.open) == ((), True)


def _other_winner() -> Transcript:
    draw = TRUE.draws[2]
    other = next(n for n in NODES if n != draw.node)
    return closed_again(with_draw(2, node=other, index=NODES.index(other)))


def _grinded_nonce() -> Transcript:
    """Without the pick that goes with it. One with its pick only who gave the nonce can tell."""
    draw = TRUE.draws[2]
    nonces = (f"{n:032x}" for n in range(99))
    other = next(n for n in nonces if pick_of(draw.ticket, draw.seed, n, ()).index != draw.index)
    return closed_again(with_draw(2, nonce=other))


def _omitted_node() -> Transcript:
    """The roster of a slot without one node, and draws over the others: all of it signed."""
    maker = Maker()
    for number in range(4):
        maker.draw(job_of(number), ids=NODES[1:])
    shorter = maker.transcript()
    return change(shorter, members={Roster(NODES[1:]).root: NODES})


def _two_rosters() -> Transcript:
    slot, ids = TRUE.rosters[0].slot, NODES[1:]
    second = SignedRoster(TRUE.rosters[0].group, slot, Roster(ids).root, len(ids), 5, "")
    second = change(second, signature=KEY.sign(roster_bytes(second)))
    return change(TRUE, rosters=(*TRUE.rosters, second), members={**TRUE.members, second.root: ids})


def _vacant() -> Transcript:
    return closed_again(with_draw(2, seed="", nonce="", index=-1, node=NodeId("")))


def _foreign_seed() -> Transcript:
    draw, seed = TRUE.draws[2], SEEDS.reveal(60_000)[0]
    index = pick_of(draw.ticket, seed, draw.nonce, draw.excluded).index
    return closed_again(with_draw(2, seed=seed, index=index, node=NODES[index]))


def _charged(fee: int, code: str, *, drawn: bool = False) -> Callable[[], Transcript]:
    """A ticket over a client's commitment that ended as `code`, for which the client paid `fee`."""

    def make() -> Transcript:
        maker = Maker()
        maker.draw(job_of(1), commitment="07" * 32)
        maker.ends.append(AttemptEnd(job_of(1), 1, 900, code, "client", fee=NanoCredits(fee)))
        if not drawn:
            maker.draws[0] = change(maker.draws[0], seed="", nonce="", index=-1, node=NodeId(""))
        return maker.transcript()

    return make


def test_a_withheld_nonce_may_cost_what_the_rules_say() -> None:
    due = USUAL_POLICY.withheld_fee
    assert codes(_charged(due, NONCE_WITHHELD)()) == codes(_charged(0, NONCE_WITHHELD)()) == set()


def _challenged(left_out: Iterable[int], *, times: int = 1, commitment: str = "") -> Callable[[], Transcript]:
    """Tickets that leave these places out as a load challenge."""

    def make() -> Transcript:
        maker = Maker()
        excluded = tuple(Exclusion(place, LOAD) for place in left_out)
        for number in range(times):
            maker.draw(job_of(number), excluded=excluded, commitment=commitment)
        return maker.transcript()

    return make


def test_a_load_challenge_asks_one_node() -> None:
    assert codes(_challenged(range(1, 7))()) == set()


def _left_out(code: str) -> Callable[[], Transcript]:
    def make() -> Transcript:
        maker = Maker()
        maker.draw(job_of(1), excluded=(Exclusion(0, code),))
        return maker.transcript()

    return make


def _smuggled_exclusion() -> Transcript:
    return closed_again(with_draw(2, excluded=(Exclusion(0, "paused"),)))


def _swapped() -> Transcript:
    draws = list(TRUE.draws)
    draws[1], draws[2] = draws[2], draws[1]
    return closed_again(change(TRUE, draws=tuple(draws)))


def _without(k: int) -> Transcript:
    return closed_again(change(TRUE, draws=TRUE.draws[:k] + TRUE.draws[k + 1 :]))


def _renumbered() -> Transcript:
    """One ticket taken out and the others moved up: signed anew, but not linked anew."""
    draws = list(TRUE.draws[:2])
    for draw in TRUE.draws[3:]:
        ticket = change(draw.ticket, k=len(draws))
        draws.append(change(draw, ticket=ticket, signature=KEY.sign(ticket_bytes(ticket))))
    return closed_again(change(TRUE, draws=tuple(draws)))


TAMPERED: dict[str, tuple[Callable[[], Transcript], str]] = {
    "another node was given the job": (_other_winner, "pick"),
    "a nonce drawn again": (_grinded_nonce, "pick"),
    "a seed that was not committed to": (_foreign_seed, "seed"),
    "another secret": (lambda: change(TRUE, closing=change(TRUE.closing, secret="00" * 32)), "seeds"),
    "no secret": (lambda: change(TRUE, closing=change(TRUE.closing, secret="")), "withheld_secret"),
    "a node left out of the roster": (_omitted_node, "roster"),
    "two rosters for one slot": (_two_rosters, "two_rosters"),
    "a ticket that nobody got": (_vacant, "vacant"),
    "a ticket missing": (lambda: _without(4), "order"),
    "the last ticket missing": (lambda: change(TRUE, draws=TRUE.draws[:-1]), "missing"),
    "tickets in another order": (_swapped, "order"),
    "a ticket taken out, the rest renumbered": (_renumbered, "chain"),
    "a ticket that somebody else signed": (
        lambda: with_draw(2, signature=OTHER_KEY.sign(ticket_bytes(TRUE.draws[2].ticket))), "ticket",
    ),
    "a draw changed after the end": (lambda: with_draw(2, need=41), "closing"),
    "a fee above the rules": (_charged(USUAL_POLICY.withheld_fee + 1, NONCE_WITHHELD), "fee"),
    "a fee below nothing": (_charged(-1, NONCE_WITHHELD), "fee"),
    "a fee for another ending": (_charged(1, "no_node"), "fee"),
    "a fee for a draw that was made": (_charged(1, NONCE_WITHHELD, drawn=True), "fee"),
    "a load challenge among several": (_challenged((1, 2)), "excluded"),
    "a load challenge in place of a client's draw": (
        _challenged(range(1, 7), commitment="07" * 32), "excluded",
    ),
    "more load challenges than the rules allow": (_challenged(range(1, 7), times=1001), "load"),
    "tried, though it was not": (_left_out("tried"), "excluded"),
    "a full queue that is not full": (_left_out("queue_full"), "excluded"),
    "left out for no reason": (_left_out(""), "excluded"),
    "left out, but not in the ticket": (_smuggled_exclusion, "excluded"),
    "a second attempt without a public reason": (lambda: change(TRUE, ends=()), "attempt"),
    "a second attempt for another reason": (
        lambda: change(TRUE, ends=tuple(change(end, code="node_gone") for end in TRUE.ends)), "attempt",
    ),
    "a commitment that somebody else signed": (
        lambda: change(TRUE, coordinator=OTHER_KEY.node_id), "commitment",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TAMPERED)
def test_each_tampering_is_found_and_named(name: str) -> None:
    make, code = TAMPERED[name]
    assert code in codes(make())


def test_a_queue_that_is_full_may_be_left_out() -> None:
    maker, taken = Maker(), NODES[0]
    number = 0
    while sum(draw.node == taken for draw in maker.draws) < QUEUE_LIMIT:
        maker.draw(job_of(number), at_ms=5)
        number += 1
    maker.draw(job_of(number), excluded=(Exclusion(0, "queue_full"),), at_ms=6)
    assert codes(maker.transcript()) == set()
    first = next(draw for draw in maker.draws if draw.node == taken)
    maker.end(first.ticket.job, 1, "accepted", 5)
    assert codes(maker.transcript()) == {"excluded"}, "one of the eight had ended before"
    carried = change(maker.transcript(), carried=(Carried(taken, 0),))
    assert codes(carried) == set(), "and one of the last epoch still ran"


hostile = st.one_of(st.text(max_size=6), st.sampled_from(["zz", "", "00" * 32, "-"]))


@settings(max_examples=60)
@given(st.data())
def test_rubbish_is_a_finding_and_never_raises(data: st.DataObject) -> None:
    k = data.draw(st.integers(0, len(TRUE.draws) - 1))
    draw: DrawRecord = TRUE.draws[k]
    ticket = change(
        draw.ticket,
        job=data.draw(hostile), roster_root=data.draw(hostile), excluded=data.draw(hostile),
        k=data.draw(st.integers(-5, 2**70)), roster_size=data.draw(st.integers(-5, 2**70)),
        attempt=data.draw(st.integers(-5, 2**70)), chances=data.draw(st.integers(-5, 9)),
    )  # fmt: skip
    odd = with_draw(
        k, ticket=ticket, seed=data.draw(hostile), nonce=data.draw(hostile), chain=data.draw(hostile),
        index=data.draw(st.integers(-9, 2**70)),
        excluded=data.draw(st.sampled_from([(), (Exclusion(-1, "x"),), (Exclusion(2**70, "tried"),)])),
    )  # fmt: skip
    odd = change(odd, ends=(*odd.ends, AttemptEnd(job_of(1), data.draw(st.integers(-1, 9)), -1, "", "")))
    assert codes(odd)


@pytest.mark.parametrize("size", [2**32 + 1, 2**64 + 1, 2**70])
def test_a_roster_larger_than_any_is_a_finding_and_takes_no_time(size: int) -> None:
    draw = TRUE.draws[2]
    ticket = change(draw.ticket, roster_size=size, chances=size)
    assert {"roster", "pick"} <= codes(with_draw(2, ticket=ticket))
    proof = DrawProof(ticket, "", draw.nonce, draw.seed, (), 0, ())
    checks = check_draw(proof, ticket.job, 1, draw.node, SEEDS.root, KEY.node_id)
    assert not next(check.ok for check in checks if check.name == "pick")


def test_an_attempt_with_a_number_beyond_all_is_a_finding_and_takes_no_time() -> None:
    maker = Maker()
    maker.draw(job_of(1), 2**31, excluded=(Exclusion(0, "tried"),), cause="lease_expired")
    assert codes(maker.transcript()) == {"attempt", "excluded"}


def test_nobody_was_tried_in_an_attempt_that_fell_on_nobody() -> None:
    maker = Maker()
    maker.draw(job_of(1))
    maker.draw(job_of(1), 2, excluded=(Exclusion(0, "tried"),), cause="request")
    nobody = change(maker.draws[0], node=NodeId(""), index=-1)
    transcript = change(maker.transcript(), draws=(nobody, maker.draws[1]), members={})
    assert "excluded" in codes(transcript)


def test_what_was_found_before_something_malformed_stays_found() -> None:
    found = audit_epoch(change(TRUE, commitment=change(TRUE.commitment, chain="no hex"))).findings
    assert [one.code for one in found] == ["commitment", "malformed"]


def test_makers_are_independent() -> None:
    assert replace(honest()).transcript() == TRUE
