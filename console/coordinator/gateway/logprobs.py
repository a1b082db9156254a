"""Log-probabilities of an answer, from the logits that its node committed to and has opened. Pure.

They are of the 40 candidates that a token is drawn from, before temperature and the client's own rules: the
rest of the vocabulary is not committed to, and takes part in no draw of this network.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from console.verification.commitment import unpack
from console.verification.cut import GRID

NOTE = "over the 40 candidates that tokens are drawn from, not over the whole vocabulary; checked"


def logprobs_of(
    token_ids: tuple[int, ...],
    opening: bytes,
    text: str,
    pieces: list[bytes],
    end_ids: frozenset[int],
    top: int,
) -> dict[str, Any]:
    """OpenAI's `logprobs` object for the tokens that `text` is made of, each with `top` candidates.

    `opening`: what the answer's commitment was opened to; `pieces[i]`: the bytes of token i.
    """
    content: list[dict[str, Any]] = []
    left = len(text.encode())
    for token, row in zip(token_ids, unpack(opening), strict=True):
        if left <= 0:
            break
        if token in end_ids:
            continue
        ids, logits = row["id"].tolist(), row["q"].astype(np.float64) / GRID
        told = (logits - _log_sum(logits)).tolist()
        best = [_told(i, p, pieces) for i, p in zip(ids[:top], told[:top], strict=True)]
        content.append(_told(token, told[ids.index(token)], pieces) | {"top_logprobs": best})
        left -= len(pieces[token])
    return {"content": content, "refusal": None}


def _log_sum(logits: np.ndarray[Any, np.dtype[np.float64]]) -> float:
    most = float(logits.max())
    return most + float(np.log(np.exp(logits - most).sum()))


def _told(token: int, logprob: float, pieces: list[bytes]) -> dict[str, Any]:
    piece = pieces[token] if token < len(pieces) else b""
    return {"token": piece.decode("utf-8", "backslashreplace"), "logprob": logprob, "bytes": list(piece)}
