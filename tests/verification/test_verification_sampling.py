"""The fast cut and choice against the definition, written down as plainly as can be."""

from __future__ import annotations

import hashlib
import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from console.protocol.types import TOP_K
from console.verification.cut import top_of_each
from console.verification.noise import gumbel
from console.verification.rules import PLAIN
from console.verification.sampling import (
    PAIR,
    Place,
    candidates_of_each,
    choose,
    choose_each,
    top_candidates,
)

Logits = npt.NDArray[np.float32]
SIZES = (40, 41, 300, 2047, 2048, 2049, 6143, 6144, 12_288, 12_289, 24_576, 24_577, 49_152, 50_001)


def reference_candidates(logits: Logits) -> npt.NDArray[np.void]:
    """The simple version: round all, sort all. What int64 cannot hold is all the same, and last."""
    q = np.clip(np.rint(logits.astype(np.float64) * 1024), -(2.0**62), 2.0**62).astype(np.int64)
    order = np.lexsort((np.arange(logits.shape[0]), -q))[:TOP_K]
    pairs = np.empty(TOP_K, dtype=PAIR)
    pairs["id"], pairs["q"] = order, np.clip(q[order], -(2**31), 2**31 - 1)
    return pairs


def reference_choice(row: npt.NDArray[np.void], place: Place) -> int:
    """The formula of DESIGN §5, id by id."""
    if place.temperature_milli == 0:
        return int(row["id"][0])
    digest = hashlib.sha256(place.seed + place.position.to_bytes(4, "big")).digest()
    key, mask = int.from_bytes(digest[:8], "big"), 2**64 - 1
    uniform = []
    for token in row["id"].tolist():
        x = (key + (token + 1) * 0x9E3779B97F4A7C15) & mask
        x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & mask
        x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & mask
        uniform.append((((x ^ (x >> 31)) >> 11) + 0.5) * 2.0**-53)
    noise = -np.log(-np.log(np.array(uniform)))
    scores = row["q"].astype(np.float64) * (1000.0 / (1024 * place.temperature_milli)) + noise
    return int(row["id"][int(np.argmax(scores))])


@st.composite
def some_logits(draw: st.DrawFn) -> Logits:
    rows, size = draw(st.integers(1, 9)), draw(st.sampled_from(SIZES))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    spread = draw(st.sampled_from([0.0, 0.003, 0.1, 3.0, 40.0, 3e5, 3e6]))
    logits = (rng.standard_normal((rows, size)) * spread).astype(np.float32)
    step = draw(st.sampled_from([0.0, 1 / 4096, 1 / 1024, 1 / 512, 0.5]))
    if step:
        logits = (np.rint(logits / step) * step).astype(np.float32)
    if draw(st.booleans()):
        logits = np.sort(logits, axis=1)
    if draw(st.booleans()):
        logits[:, : size - 45] = draw(st.sampled_from([-1e30, -5e5]))
    if draw(st.booleans()):
        logits[0, draw(st.integers(0, size - 1))] = 1e30
    return logits


@settings(max_examples=250, deadline=None)
@given(some_logits())
def test_the_cut_is_the_definition_byte_for_byte(logits: Logits) -> None:
    found = candidates_of_each(top_of_each(logits))
    for row, candidates in zip(logits, found, strict=True):
        assert candidates.tobytes() == reference_candidates(row).tobytes()
        assert top_candidates(row).tobytes() == candidates.tobytes()


@settings(max_examples=100, deadline=None)
@given(
    arrays.arrays(np.float32, st.tuples(st.integers(1, 4), st.integers(2048, 2600)),
                  elements=st.floats(-30, 30, width=32), fill=st.floats(-30, 30, width=32))
)  # fmt: skip
def test_the_cut_of_rows_that_are_mostly_alike_is_the_definition(logits: Logits) -> None:
    found = candidates_of_each(top_of_each(logits))
    for row, candidates in zip(logits, found, strict=True):
        assert candidates.tobytes() == reference_candidates(row).tobytes()


PLACES = st.builds(
    Place,
    st.binary(min_size=32, max_size=32),
    st.integers(0, 2**31),
    st.sampled_from([0, 1, 700, 1000, 9999]),
    st.just(PLAIN),
    st.just({}),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(PLACES, min_size=1, max_size=9), st.integers(0, 2**32))
def test_the_choice_is_the_definition_for_one_and_for_many(places: list[Place], rng_seed: int) -> None:
    rng = np.random.default_rng(rng_seed)
    logits = rng.normal(0, 3, (len(places), 6144)).astype(np.float32)
    cut = top_of_each(logits)
    rows = candidates_of_each(cut)
    wanted = [reference_choice(row, place) for row, place in zip(rows, places, strict=True)]
    assert choose_each(cut, places) == wanted
    assert [choose(row, *place) for row, place in zip(rows, places, strict=True)] == wanted


@pytest.mark.parametrize("size", [300, 49_152])
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_row_without_numbers_is_named_and_spoils_no_other(size: int, bad: float) -> None:
    logits = np.random.default_rng(5).normal(0, 3, (3, size)).astype(np.float32)
    logits[1, 7] = bad
    cut = top_of_each(logits)
    assert cut.finite.tolist() == [True, False, True]
    rows = candidates_of_each(cut)
    for place in (0, 2):
        assert rows[place].tobytes() == reference_candidates(logits[place]).tobytes()


def test_logits_of_minus_infinity_come_last() -> None:
    logits = np.full((1, 4096), -np.inf, dtype=np.float32)
    logits[0, 100:130] = np.arange(30)
    cut = top_of_each(logits)
    assert cut.finite.all()
    assert cut.ids[0, :30].tolist() == list(range(129, 99, -1))


def test_a_vocabulary_below_forty_is_refused() -> None:
    with pytest.raises(ValueError, match="smaller than the top 40"):
        top_of_each(np.zeros((2, 39), dtype=np.float32))


def test_noise_does_not_depend_on_how_many_ids_are_asked_at_once() -> None:
    ids = np.arange(1000, dtype=np.int64)
    seed = b"s" * 32
    whole = gumbel(seed, 3, ids)
    for width in (1, 3, 8, 40):
        assert np.array_equal(whole[:width], gumbel(seed, 3, ids[:width]))
