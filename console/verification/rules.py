"""A client's sampling rules beside temperature, on the committed candidates and before the noise.

They act on the committed top 40 alone, so that a replay needs no model: penalties first, in integers; then
the temperature; then `top_p` and `min_p` by weights that are rounded to 2⁻³² of the largest. The 40 stand for
the whole vocabulary: what lies beyond them has no weight (DESIGN §5; the order is that of vLLM and of
Hugging Face's generate, where the temperature comes before the cut).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from console.protocol.types import SamplingRules
from console.verification.cut import GRID

PLAIN = SamplingRules()
"""Changes nothing."""
MILLION = 1_000_000
_ONE = 2.0**32


def penalised(
    ids: npt.NDArray[np.int64], q: npt.NDArray[np.int64], rules: SamplingRules, seen: Mapping[int, int]
) -> npt.NDArray[np.int64]:
    """Logits × 1,024,000 after the penalties; `seen`: how often the answer holds each id so far.

    OpenAI's formula: frequency × count, and presence once for an id that is there at all.
    """
    scaled = q * 1000
    if rules.frequency_milli or rules.presence_milli:
        counts = np.array([seen.get(token, 0) for token in ids.tolist()], dtype=np.int64)
        scaled -= GRID * (rules.frequency_milli * counts + rules.presence_milli * (counts > 0))
    return scaled


def admitted(
    ids: npt.NDArray[np.int64], scaled: npt.NDArray[np.int64], temperature_milli: int, rules: SamplingRules
) -> npt.NDArray[np.intp]:
    """Places of the candidates that `top_p` and `min_p` leave, the best first; never none.

    `scaled`: as from `penalised`. `top_p` leaves the fewest of the best whose weights reach that share.
    """
    order = np.lexsort((ids, -scaled))
    above = (scaled[order] - scaled[order[0]]) / (GRID * float(temperature_milli))
    weights = np.rint(np.exp(above) * _ONE).astype(np.int64)
    before = np.cumsum(weights) - weights
    keep = (before * MILLION < rules.top_p_ppm * int(weights.sum())) & (
        weights * MILLION >= rules.min_p_ppm * int(weights[0])
    )
    keep[0] = True
    left: npt.NDArray[np.intp] = order[keep]
    return left
