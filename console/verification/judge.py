"""Structure, replay, exact recompute: steps from cheap to dear, each a proof when it fails."""

from __future__ import annotations

import msgspec
import numpy as np

from console.protocol.types import FinishReason, Statistic, VerdictMode
from console.verification.commitment import commitment, unpack
from console.verification.sampling import Candidates, choose
from console.verification.windows import Windows, chance_of_one, places


class Claim(msgspec.Struct, frozen=True):
    """An answer under audit, with what the network fixed for it."""

    token_ids: tuple[int, ...]
    finish_reason: FinishReason
    commitment: str
    blob: bytes
    seed: bytes
    temperature_milli: int
    max_tokens: int


class Finding(msgspec.Struct, frozen=True):
    """What one step came to; `mismatches` 0 means that it passed."""

    mode: VerdictMode
    tokens_checked: int
    mismatches: int
    first_mismatch: int
    sentence: str
    statistics: tuple[Statistic, ...] = ()
    calibration: str = ""
    positions: int = 0
    """Positions that were recomputed, 0 when none was."""

    @property
    def passed(self) -> bool:
        """Whether the answer may go on to the next step."""
        return self.mismatches == 0


class Ending(msgspec.Struct, frozen=True):
    """Facts about the answer's end that need the vocabulary: the caller knows the pieces."""

    ends_generation: bool
    """The last id is an end-of-generation token of the model."""
    completes_stop: bool
    """The text has just completed one of the client's stop strings, at the last token and not before."""
    stopped_early: int = -1
    """Position at which the answer ought to have ended already, -1 when there is none."""


def check_structure(claim: Claim, ending: Ending) -> Finding:
    """Step 1: the commitment opens, and the answer ends where and as it says."""
    n = len(claim.token_ids)
    if commitment(claim.blob) != claim.commitment:
        return _fail("structure", n, 0, "The opened blob is not the one committed to.")
    if n == 0 or len(unpack_or_none(claim.blob)) != n:
        return _fail("structure", n, 0, "The blob does not hold one row per token of the answer.")
    disordered = first_disorder(unpack(claim.blob))
    if disordered >= 0:
        return _fail("structure", n, disordered, f"The candidates of token {disordered} are out of order.")
    if ending.stopped_early >= 0:
        return _fail("structure", n, ending.stopped_early, "The answer runs on after its end.")
    if claim.finish_reason == "stop" and not (ending.ends_generation or ending.completes_stop):
        return _fail("structure", n, n - 1, "The answer says that it stopped, and nothing ended it.")
    if claim.finish_reason == "length" and n != claim.max_tokens:
        return _fail("structure", n, n - 1, f"Cut at {n} tokens where {claim.max_tokens} were asked for.")
    if n > claim.max_tokens:
        return _fail("structure", n, claim.max_tokens, "The answer is longer than was asked for.")
    return Finding("structure", n, 0, -1, "The commitment opens and the answer ends as it says.")


def check_replay(claim: Claim) -> Finding:
    """Step 2, without a model: every token follows from the committed candidates and the seed."""
    wrong = [
        t
        for t, row in enumerate(unpack(claim.blob))
        if choose(row, claim.seed, t, claim.temperature_milli) != claim.token_ids[t]
    ]
    n = len(claim.token_ids)
    if wrong:
        return Finding(
            "replay",
            n,
            len(wrong),
            wrong[0],
            f"Token {wrong[0]} is not the one that the seed picks from the committed logits.",
        )
    return Finding("replay", n, 0, -1, f"All {n} tokens follow from the committed logits and the seed.")


def check_recompute_exact(claim: Claim, reference_blob: bytes, windows: Windows = ()) -> Finding:
    """Step 3, exact mode: the reference model's candidates are byte for byte the committed ones.

    `reference_blob`: candidates of one prefill over prompt and answer, same layout as the claim's; with
    `windows`, those of the positions that they cover, one after the other.

    Raises:
        ValueError: the reference does not cover what it should: the verifier failed, not the node.
    """
    n = len(claim.token_ids)
    where = places(windows, n)
    ours, theirs = unpack(reference_blob), unpack(claim.blob)[list(where)]
    if ours.shape != theirs.shape:
        raise ValueError(f"the reference covers {len(ours)} positions of {len(theirs)}")
    differing = np.flatnonzero((ours != theirs).any(axis=1))
    if differing.size:
        first = where[int(differing[0])]
        sentence = (
            f"At {differing.size} of {len(where)} positions, first at token {first}, the committed logits "
            "are not those of the model that the node says it serves."
        )
        return Finding("recompute_exact", n, int(differing.size), first, sentence, positions=len(where))
    sentence = f"exact {len(where)}/{n}"
    if windows:
        chance = 100 * chance_of_one(len(where), n)
        sentence += f", in windows: a single altered token would have been met with {chance:.0f} %"
    return Finding("recompute_exact", n, 0, -1, sentence, positions=len(where))


def first_disorder(rows: Candidates) -> int:
    """The first row that is not sorted by q downwards, equal q by id upwards, each id once; -1: none.

    A row out of order could hide candidates from what looks at the first 20, or name one twice.
    """
    ids, q = rows["id"].astype(np.int64), rows["q"].astype(np.int64)
    rising = (q[:, 1:] > q[:, :-1]) | ((q[:, 1:] == q[:, :-1]) & (ids[:, 1:] <= ids[:, :-1]))
    twice = (np.diff(np.sort(ids, axis=1), axis=1) == 0).any(axis=1)
    wrong = np.flatnonzero(rising.any(axis=1) | twice)
    return int(wrong[0]) if wrong.size else -1


def unpack_or_none(blob: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.void]]:
    """`unpack`, or no rows for a blob that is none."""
    try:
        return unpack(blob)
    except ValueError:
        return np.empty((0, 0), dtype=np.void)


def _fail(mode: VerdictMode, checked: int, position: int, sentence: str) -> Finding:
    return Finding(mode, checked, 1, position, sentence)
