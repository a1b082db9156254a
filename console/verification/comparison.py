"""How an answer of one profile class may be judged by a verifier of another: exactly, tolerantly, not at all.

A class that nobody has calibrated is never silently exact: its recompute is abstained from, and said to be.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from console.verification.calibration import UNLIKE, Calibration
from console.verification.profiles import Profile


class Comparison(msgspec.Struct, frozen=True):
    """What may be done; `calibration` is there for `tolerant` only, `sentence` says why it is not exact."""

    mode: Literal["exact", "tolerant", "abstain"]
    calibration: Calibration | None = None
    sentence: str = ""


def comparison(
    node_class: str,
    verifier: Profile,
    model: str,
    calibrations: Iterable[Calibration],
    exact_weights: bool = True,
) -> Comparison:
    """How this verifier may judge answers of `node_class`.

    Exact: the same class (which includes a passed self-test) and weights whose tensor types are all on the
    exact list (`exact_weights`). Else tolerant, if there is a calibration of this model file for this
    verifier and that class, or for any class unlike its own; the nearer one is taken.
    `model`: SHA-256 of the file.
    """
    why = _why_not_exact(node_class, verifier, exact_weights)
    if not why:
        return Comparison("exact")
    ours = [c for c in calibrations if c.model == model and c.verifier == verifier.class_id]
    for wanted in (node_class, UNLIKE):
        for one in ours:
            if one.node == wanted:
                return Comparison("tolerant", one, why)
    return Comparison("abstain", None, f"{why} No calibration of this model says how far they may differ.")


def _why_not_exact(node_class: str, verifier: Profile, exact_weights: bool) -> str:
    if node_class != verifier.class_id:
        return "The node's build or processor is of another kind than the verifier's."
    if not verifier.self_test:
        return "On this kind of machine the logits depend on how work is batched."
    if not exact_weights:
        return "The model holds tensors of types that are not exact in every batch."
    return ""
