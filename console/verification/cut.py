"""The cut to the top 40 for many rows of logits at once, without sorting a vocabulary.

A row is read once, for the maxima of its columns when it is laid out in lines. The 44th of their groups'
maxima is a border that at least 44 logits reach, usually hardly more; those alone are rounded and sorted. The
result is the definition's, bit for bit: a row in which ties at the border leave a doubt is cut slowly.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from console.protocol.types import TOP_K

GRID = 1024
"""Steps per unit of logit."""

_GROUPS = 512
_REACHED = TOP_K + 4
"""Logits that reach the border at least; more than 40, so that the 40th is seldom tied with it."""
_ID_BITS = 24
_Q_BITS = 31
_ROWS = 1 << (63 - _Q_BITS - _ID_BITS)
_Q_TOP = 1 << (_Q_BITS - 1)
_Q_MASK = (1 << _Q_BITS) - 1
_ID_MASK = (1 << _ID_BITS) - 1
_SCALE = np.float32(GRID)
_LARGE = float(1 << 19)
"""Beyond such a logit its rounding does not fit the sort key; no model gives one."""

Logits = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]


class Cut(NamedTuple):
    """The 40 best of each row, q downwards, equal q by id upwards."""

    ids: Integers
    q: Integers
    """Logits × 1024, rounded; at most what 32 bits hold."""
    finite: npt.NDArray[np.bool_]
    """Rows whose largest logit is a number; of the others nothing else holds."""


def top_of_each(logits: Logits) -> Cut:
    """Cut rows of one vocabulary, each by itself.

    Raises:
        ValueError: fewer than 40 logits in a row.
    """
    rows, size = logits.shape
    if size < TOP_K:
        raise ValueError(f"a vocabulary of {size} is smaller than the top {TOP_K}")
    if size < 4 * _GROUPS or size >= 1 << _ID_BITS or rows > _ROWS or not logits.flags.c_contiguous:
        return _slowly(logits)
    bits = _column_bits(size)
    maxima = _column_maxima(logits, 1 << bits)
    groups = maxima.reshape(rows, -1, _GROUPS).max(axis=1)
    border = np.partition(groups, _GROUPS - _REACHED, axis=1)[:, _GROUPS - _REACHED]
    if not (groups.max() < _LARGE and border.min() > -_LARGE):
        return _slowly(logits)
    ids, q = _sorted(*_reaching(logits, maxima, border, bits), rows)
    sure = q[:, -1] > np.rint(border * _SCALE)
    if not sure.all():
        for row in np.flatnonzero(~sure):
            ids[row], q[row] = _top_of(logits[row])
    return Cut(ids, q, np.ones(rows, dtype=np.bool_))


def _slowly(logits: Logits) -> Cut:
    finite = np.isfinite(logits.max(axis=1))
    nothing = np.zeros(TOP_K, dtype=np.int64)
    found = [_top_of(row) if good else (nothing, nothing) for row, good in zip(logits, finite, strict=True)]
    return Cut(np.array([ids for ids, _ in found]), np.array([q for _, q in found]), finite)


def _top_of(logits: Logits) -> tuple[Integers, Integers]:
    """The definition, for one row of which the largest is finite."""
    size = logits.shape[0]
    near = np.arange(size)
    if size > TOP_K:
        border = np.partition(logits, size - TOP_K)[size - TOP_K]
        near = np.flatnonzero(logits >= border - np.float32(2.0 / GRID))
    rounded = np.rint(logits[near].astype(np.float64) * GRID)
    q = np.clip(rounded, -(2.0**62), 2.0**62).astype(np.int64)
    order = np.lexsort((near, -q))[:TOP_K]
    return near[order], np.clip(q[order], -(2**31), 2**31 - 1)


def _column_bits(size: int) -> int:
    """Columns that a row is laid out in, as a power of two: a multiple of the groups, a dozen lines."""
    for bits in (13, 12, 11, 10):
        if size >= 12 << bits:
            return bits
    return 9


def _column_maxima(logits: Logits, columns: int) -> Logits:
    rows, size = logits.shape
    whole = size // columns * columns
    maxima: Logits = logits[:, :whole].reshape(rows, -1, columns).max(axis=1)
    if whole < size:
        first = maxima[:, : size - whole]
        np.maximum(first, logits[:, whole:], out=first)
    return maxima


def _reaching(
    logits: Logits, maxima: Logits, border: Logits, bits: int
) -> tuple[Integers | int, Integers, Logits]:
    """Row, id and value of every logit that is not below its row's border."""
    rows, size = logits.shape
    high = (maxima >= border[:, None]).ravel().nonzero()[0]
    ids = (high & ((1 << bits) - 1))[:, None] + _lines(size, bits)
    row = high >> bits
    # A last line that is not full: its missing places repeat the last logit, and are dropped below.
    places = ids if size % (1 << bits) == 0 else np.minimum(ids, size - 1)
    if rows == 1:
        values = logits.ravel().take(places)
        reach = values >= border
    else:
        values = logits.ravel().take(places + (row * size)[:, None])
        reach = values >= border.take(row)[:, None]
    if places is not ids:
        reach &= ids < size
    index = reach.ravel().nonzero()[0]
    of_row = 0 if rows == 1 else row.take(index // ids.shape[1])
    return of_row, ids.ravel().take(index), values.ravel().take(index)


@cache
def _lines(size: int, bits: int) -> Integers:
    return np.arange(0, size, 1 << bits)


def _sorted(row: Integers | int, ids: Integers, values: Logits, rows: int) -> tuple[Integers, Integers]:
    """The 40 best of each row by one sort over all, with a key of row, q and id."""
    # A float32 times a power of two is exact, so rounding it gives what float64 would.
    q = np.rint(values * _SCALE).astype(np.int64)
    key = (((row << _Q_BITS) + (_Q_TOP - q)) << _ID_BITS) + ids
    key.sort()
    starts, ahead = _places(rows)
    best = key[ahead] if rows == 1 else key.take(np.searchsorted(key, starts)[:, None] + ahead)
    return best & _ID_MASK, _Q_TOP - ((best >> _ID_BITS) & _Q_MASK)


@cache
def _places(rows: int) -> tuple[Integers, Integers]:
    """Where the keys of each row begin at the earliest, and the 40 places from there on."""
    return np.arange(rows) << (_Q_BITS + _ID_BITS), np.arange(TOP_K)[None, :]
