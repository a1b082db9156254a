"""What it takes to judge an answer again, sealed to the coordinator and the node that gave it."""

from __future__ import annotations

import msgspec

from console.coordinator.jobs.live import Ask
from console.coordinator.parts import Parts
from console.coordinator.sealing import SealError, open_as, seal_to
from console.fairness import draw_bytes
from console.protocol.canonical import ids_digest
from console.protocol.keys import SigningKey
from console.protocol.types import DrawProof, Result, SamplingRules, Verdict
from console.verification.calibration import Calibration
from console.verification.comparison import Comparison
from console.verification.judge import Claim, Finding, check_recompute_exact
from console.verification.noise import job_seed
from console.verification.sampling import POSITION_BYTES
from console.verification.tolerant import check_recompute_tolerant
from console.verification.windows import Windows, places


class Evidence(msgspec.Struct, frozen=True):
    """All that a verdict follows from. Holds token ids, which are text: never written unsealed."""

    prompt_ids: tuple[int, ...]
    temperature_milli: int
    max_tokens: int
    stop: tuple[str, ...]
    draw: DrawProof
    result: Result
    opening: bytes
    """The blob that the commitment opens to; empty where the node did not open it."""
    verdict: Verdict
    verifier: str
    """Class id of the numerics that the verdict was found with."""
    windows: Windows = ()
    """Positions that were recomputed; empty: all, where any were."""
    audit_positions: int = 0
    """The policy's: how many positions were to be recomputed."""
    calibration: Calibration | None = None
    """By whose limits a tolerant recompute was judged."""
    rules: SamplingRules = SamplingRules()


def place(verdict_id: str) -> str:
    """The name under which the evidence of a verdict is sealed."""
    return f"evidence:{verdict_id}"


def sealed(parts: Parts, evidence: Evidence) -> bytes:
    """Readable by the coordinator and by the node that gave the answer, and by nobody else."""
    parties = (parts.key.node_id, evidence.verdict.node)
    plain = msgspec.msgpack.encode(evidence)
    return seal_to(parties, place(evidence.verdict.id), plain, parts.entropy(32))


def opened(party: SigningKey, verdict_id: str, data: bytes) -> Evidence:
    """The evidence of a verdict. Raises SealError: another key, another verdict, or damage."""
    plain = open_as(party, place(verdict_id), data)
    try:
        return msgspec.msgpack.decode(plain, type=Evidence)
    except msgspec.MsgspecError as error:
        raise SealError(f"{place(verdict_id)} holds no evidence that is understood") from error


def claim_of(ask: Ask | Evidence, draw: DrawProof, result: Result, blob: bytes) -> Claim:
    """The answer with what the network fixed for it. Raises ValueError for a malformed draw."""
    seed = job_seed(draw_bytes(draw), result.job, result.node, ids_digest(ask.prompt_ids))
    return Claim(
        token_ids=result.token_ids,
        finish_reason=result.finish_reason,
        commitment=result.commitment,
        blob=blob,
        seed=seed,
        temperature_milli=ask.temperature_milli,
        max_tokens=ask.max_tokens,
        rules=ask.rules,
    )


def compare(how: Comparison, claim: Claim, blob: bytes, windows: Windows) -> Finding:
    """What a verifier's candidates say of an answer. Raises ValueError: they do not cover it.

    A verifier may know no windows and compute every position; then those that count are cut out.
    """
    if windows and len(blob) == len(claim.blob):
        rows = places(windows, len(claim.token_ids))
        blob = b"".join(blob[t * POSITION_BYTES : (t + 1) * POSITION_BYTES] for t in rows)
    if how.mode == "tolerant" and how.calibration is not None:
        return check_recompute_tolerant(claim, blob, how.calibration, windows)
    if how.mode != "exact":
        raise ValueError("there is nothing to judge a recompute by")
    return check_recompute_exact(claim, blob, windows)
