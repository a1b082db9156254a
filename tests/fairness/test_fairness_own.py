"""What a node saw against what is published: omissions and second versions that no transcript shows."""

from __future__ import annotations

import msgspec
from made_transcripts import KEY, NODES, OTHER_KEY, Maker, honest, job_of

from console.fairness import Roster
from console.fairness.own import Witnessed, audit_own
from console.protocol.frames import presence_bytes
from console.protocol.ids import NodeId
from console.protocol.keys import SigningKey
from console.protocol.messages import Presence
from console.protocol.reasons import Reason, reason
from console.protocol.transcript import DrawRecord, Transcript
from console.protocol.types import DrawProof, Exclusion

change = msgspec.structs.replace
ME = NODES[3]
TRUE = honest().transcript()
SLOT = TRUE.rosters[1].slot
WAITING = reason("not_in_roster", evidence="slot")


def presence(
    slot: int,
    *,
    listed: bool = True,
    why: Reason | None = None,
    ids: tuple[NodeId, ...] = NODES,
    key: SigningKey = KEY,
) -> Presence:
    group, root = TRUE.rosters[0].group, Roster(ids).root
    bare = Presence(slot, group, root, len(ids), listed, why, 0, 0, 0, 0, 0, 0, "")
    return change(bare, signature=key.sign(presence_bytes(bare)))


def proof_of(draw: DrawRecord) -> DrawProof:
    return DrawProof(
        draw.ticket, draw.signature, draw.nonce, draw.seed, (), draw.index, (), excluded=draw.excluded
    )


def seen(*presences: Presence, **more: object) -> Witnessed:
    roots = {TRUE.commitment.epoch: TRUE.commitment.seeds_root}
    won = tuple(proof_of(draw) for draw in TRUE.draws if draw.node == ME)
    return change(Witnessed(ME, KEY.node_id, roots, presences, won), **more)


def codes(transcript: Transcript, witnessed: Witnessed) -> list[str]:
    return [one.code for one in audit_own(transcript, witnessed)]


def without_me(left_out: tuple[Exclusion, ...] = ()) -> Transcript:
    ids = NODES if left_out else tuple(node for node in NODES if node != ME)
    maker = Maker()
    for number in range(4):
        maker.draw(job_of(number), ids=ids, excluded=left_out)
    return maker.transcript()


def test_the_truth_agrees_with_what_was_seen() -> None:
    assert codes(TRUE, seen(*(presence(roster.slot) for roster in TRUE.rosters))) == []
    assert codes(TRUE, seen()) == []


def test_a_node_that_met_every_rule_and_is_left_out_of_the_roster_finds_it() -> None:
    shorter = without_me()
    slot = shorter.rosters[0].slot
    others = shorter.members[shorter.rosters[0].root]
    now = presence(slot, listed=False, why=WAITING, ids=others)
    before = presence(slot - 1)
    assert codes(shorter, seen(before, now, won=())) == ["omitted"]
    assert codes(shorter, seen(now, won=())) == [], "it may just have come"
    paused = presence(slot - 1, listed=False, why=reason("paused"))
    assert codes(shorter, seen(paused, now, won=())) == []
    assert "omitted" in codes(shorter, seen(presence(slot, ids=others), won=())), (
        "it was told that it is listed"
    )


def test_another_roster_than_was_shown_is_found() -> None:
    assert codes(TRUE, seen(presence(SLOT, ids=NODES[1:]))) == ["two_rosters"]


def test_two_rosters_for_one_slot_are_found_whichever_came_last() -> None:
    true, other = presence(SLOT), presence(SLOT, ids=NODES[1:])
    assert codes(TRUE, seen(true, other)) == codes(TRUE, seen(other, true)) == ["two_rosters"]
    sparse = change(TRUE, rosters=(TRUE.rosters[0], TRUE.rosters[2]))
    assert codes(sparse, seen(true, other)) == [], "nothing was drawn in it, so nobody was wronged"


def test_receipts_that_the_coordinator_did_not_sign_count_for_nothing() -> None:
    assert codes(TRUE, seen(presence(SLOT, ids=NODES[1:], key=OTHER_KEY))) == []


def test_another_commitment_than_was_told_is_found() -> None:
    assert codes(TRUE, seen(commitments={TRUE.commitment.epoch: "00" * 32})) == ["two_commitments"]


def test_a_draw_that_was_won_and_is_published_otherwise_is_found() -> None:
    k = next(k for k, draw in enumerate(TRUE.draws) if draw.node == ME)
    draws = list(TRUE.draws)
    draws[k] = change(draws[k], nonce="00" * 16)
    assert codes(change(TRUE, draws=tuple(draws)), seen()) == ["own_draw"]
    assert codes(change(TRUE, draws=TRUE.draws[:k]), seen())[0] == "own_draw"


def test_being_left_out_of_a_draw_for_a_reason_that_did_not_hold_is_found() -> None:
    transcript = without_me((Exclusion(NODES.index(ME), "paused"),))
    slot = transcript.rosters[0].slot
    around = [presence(slot + step) for step in (-1, 0, 1)]
    assert codes(transcript, seen(*around, won=())) == ["excluded"] * 4
    around[2] = presence(slot + 1, listed=False, why=reason("paused"))
    assert codes(transcript, seen(*around, won=())) == [], "it was paused around then"
    around[2:] = [around[2], presence(slot + 1)]
    assert codes(transcript, seen(*around, won=())) == [], "and went on within that slot"
    context = without_me((Exclusion(NODES.index(ME), "context"),))
    assert codes(context, seen(won=(), context=2048)) == ["excluded"] * 4, "40 tokens were needed"
    assert codes(context, seen(won=(), context=39)) == []
