"""Cheats that need no model to be found: they fail at the commitment, the layout or the end of the answer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from benches.cheats import CUT_AT, Played
from benches.intervals import Share
from benches.rows import Row
from console.coordinator.calibrate import claim_of
from console.engine.process.model import Model
from console.verification.commitment import commitment, unpack
from console.verification.judge import Claim, check_replay, check_structure
from console.verification.pieces import ending_of
from console.verification.sampling import PAIR, POSITION_BYTES

Made = Callable[[Claim], Claim]


def rows(played: Sequence[Played], model: Path) -> Iterator[Row]:
    """What is met of each kind, and how many honest answers fall, in structure and replay together."""
    honest = [claim_of(one) for one in next(one for one in played if one.name == "honest").answers]
    loaded = Model(model, 0)
    pieces, end_ids = list(loaded.pieces()), frozenset(loaded.end_ids())

    def passes(claim: Claim) -> bool:
        ending = ending_of(claim.token_ids, pieces, end_ids, ())
        return check_structure(claim, ending).passed and check_replay(claim).passed

    fallen = Share(sum(not passes(claim) for claim in honest), len(honest))
    yield Row("structure and replay: honest answers rejected", fallen.found, f"of {fallen.of}", 0)
    for name, made in KINDS.items():
        long = [claim for claim in honest if len(claim.token_ids) > CUT_AT]
        met = Share(sum(not passes(made(claim)) for claim in long), len(long))
        yield Row(f"structure and replay: met: {name}", met.value, f"of {met.of}", 0.99, least=True)


def _random_bytes(claim: Claim) -> Claim:
    blob = hashlib.shake_256(claim.seed).digest(len(claim.blob))
    return msgspec.structs.replace(claim, blob=blob, commitment=commitment(blob))


def _random_rows(claim: Claim) -> Claim:
    """Random candidates in the right layout: sorted, each id once."""
    noise = hashlib.shake_256(claim.seed).digest(len(claim.blob))
    made = unpack(noise).copy()
    made["id"] %= 49152
    for row in made:
        row.sort(order=["q", "id"])
    blob = made[:, ::-1].astype(PAIR).tobytes()
    return msgspec.structs.replace(claim, blob=blob, commitment=commitment(blob))


def _other_opening(claim: Claim) -> Claim:
    """One logit of the opened blob is not the one committed to."""
    changed = unpack(claim.blob).copy()
    changed["q"][len(changed) // 2, 39] -= 1
    return msgspec.structs.replace(claim, blob=changed.tobytes())


def _cut(claim: Claim) -> Claim:
    """Ended early, and said to have stopped by itself."""
    blob = claim.blob[: CUT_AT * POSITION_BYTES]
    return msgspec.structs.replace(
        claim,
        token_ids=claim.token_ids[:CUT_AT],
        blob=blob,
        commitment=commitment(blob),
        finish_reason="stop",
    )


KINDS: dict[str, Made] = {
    "random bytes in the blob": _random_bytes,
    "random candidates in the blob": _random_rows,
    "an opening that does not match": _other_opening,
    "truncated, no end token": _cut,
}
