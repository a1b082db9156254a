"""The cheat's best answer to replay: candidates bent so that the seed picks the token that was sent.

Replay cannot object to such a row, so it is recompute that has to: byte for byte in exact mode, by margin and
distance in tolerant mode. Nothing more is bent than is needed.
"""

from __future__ import annotations

import numpy as np

from console.engine.answering import Answered, Asked
from console.verification.commitment import pack, unpack
from console.verification.noise import gumbel
from console.verification.sampling import GRID, Candidates, choose


def forged(one: Answered) -> Answered:
    """The answer with every row bent that replay would object to."""
    rows = [bent(row, one.asked, t, token) for t, (row, token) in enumerate(_rows(one))]
    return Answered(one.asked, one.token_ids, pack(rows))


def bent(row: Candidates, asked: Asked, position: int, token: int) -> Candidates:
    """`row`, with the logit of `token` raised just so far that it is picked."""
    if choose(row, asked.seed, position, asked.temperature_milli) == token:
        return row
    made = row.copy()
    if token not in made["id"]:
        made["id"][-1] = token
    place = int(np.flatnonzero(made["id"] == token)[0])
    if asked.temperature_milli == 0:
        made["q"][place] = made["q"].max() + 1
    else:
        temperature = asked.temperature_milli / 1000
        noise = gumbel(asked.seed, position, made["id"].astype(np.int64))
        scores = made["q"].astype(np.float64) / (GRID * temperature) + noise
        wanted = (float(scores.max()) - float(noise[place])) * temperature * GRID
        made["q"][place] = int(np.ceil(wanted)) + 1
    return made[np.lexsort((made["id"], -made["q"].astype(np.int64)))]


def _rows(one: Answered) -> list[tuple[Candidates, int]]:
    return list(zip(unpack(one.blob), one.token_ids, strict=True))
