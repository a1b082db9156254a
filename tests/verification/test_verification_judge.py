"""Sampling, commitment and the three steps: the honest pass, and each lie fails where it should."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.protocol.types import TOP_K
from console.verification.commitment import commitment, pack, unpack
from console.verification.judge import Claim, check_recompute_exact, check_replay, check_structure
from console.verification.noise import gumbel, job_seed, position_key
from console.verification.pieces import Detokenizer, ending_of
from console.verification.profiles import Profile
from console.verification.sampling import GRID, choose, top_candidates

VOCABULARY = 300
SEED = job_seed(b"d" * 32, "ab" * 16, "cd" * 32, "ef" * 32)
PIECES = [b"", *[bytes([97 + i % 26]) for i in range(VOCABULARY - 1)]]
END = frozenset({0})


def answer(n: int, temperature_milli: int = 1000, rng_seed: int = 1) -> Claim:
    """An honest answer of `n` tokens over random logits."""
    rng = np.random.default_rng(rng_seed)
    rows = [top_candidates(rng.normal(0, 3, VOCABULARY).astype(np.float32)) for _ in range(n)]
    ids = tuple(choose(row, SEED, t, temperature_milli) for t, row in enumerate(rows))
    blob = pack(rows)
    return Claim(ids, "length", commitment(blob), blob, SEED, temperature_milli, n)


def structure(claim: Claim, stop: tuple[str, ...] = ()) -> bool:
    return check_structure(claim, ending_of(claim.token_ids, PIECES, END, stop)).passed


@pytest.mark.parametrize("temperature_milli", [0, 700, 1000, 2000])
def test_an_honest_answer_passes_all_three(temperature_milli: int) -> None:
    claim = answer(20, temperature_milli)
    if 0 not in claim.token_ids:
        assert structure(claim)
    assert check_replay(claim).passed
    assert check_recompute_exact(claim, claim.blob).passed


def test_an_altered_token_is_found_by_replay() -> None:
    claim = answer(20)
    ids = (*claim.token_ids[:7], int(unpack(claim.blob)[7]["id"][39]), *claim.token_ids[8:])
    found = check_replay(msgspec.structs.replace(claim, token_ids=ids))
    assert not found.passed
    assert found.first_mismatch == 7


def test_another_seed_temperature_or_greed_is_found_by_replay() -> None:
    claim = answer(64)
    other = job_seed(b"e" * 32, "ab" * 16, "cd" * 32, "ef" * 32)
    assert not check_replay(msgspec.structs.replace(claim, seed=other)).passed
    assert not check_replay(msgspec.structs.replace(claim, temperature_milli=500)).passed
    assert not check_replay(msgspec.structs.replace(claim, temperature_milli=0)).passed


def test_other_logits_are_found_by_recompute() -> None:
    claim = answer(20)
    reference = unpack(claim.blob).copy()
    reference["q"][11, 3] += 1
    found = check_recompute_exact(claim, reference.tobytes())
    assert (found.mismatches, found.first_mismatch) == (1, 11)
    with pytest.raises(ValueError, match="covers"):
        check_recompute_exact(claim, reference[:5].tobytes())


def test_structure_catches_each_lie() -> None:
    claim = answer(12)
    replace = msgspec.structs.replace
    assert not structure(replace(claim, blob=b"x" * len(claim.blob)))
    assert not structure(replace(claim, max_tokens=13))
    assert not structure(replace(claim, max_tokens=11))
    assert not structure(replace(claim, finish_reason="stop"))
    short = claim.blob[:-TOP_K]
    assert not structure(replace(claim, blob=short, commitment=commitment(short)))
    assert not structure(replace(claim, token_ids=(), blob=b"", commitment=commitment(b"")))
    runs_on = (0, *claim.token_ids[1:])
    assert not structure(replace(claim, token_ids=runs_on))
    stopped = replace(claim, token_ids=(*claim.token_ids[:-1], 0), finish_reason="stop")
    assert structure(stopped)


@pytest.mark.parametrize("kind", ["rising", "twice", "equal, ids falling"])
def test_candidates_out_of_order_are_no_structure(kind: str) -> None:
    """What looks at the first 20 of a row relies on it, and so does argmax at temperature 0."""
    claim = answer(12)
    rows = unpack(claim.blob).copy()
    if kind == "rising":
        rows[5] = rows[5][::-1]
    elif kind == "twice":
        rows["id"][5, 9] = rows["id"][5, 3]
    else:
        rows["q"][5, :2] = rows["q"][5, 0]
        rows["id"][5, :2] = (8, 7)
    blob = rows.tobytes()
    found = check_structure(
        msgspec.structs.replace(claim, blob=blob, commitment=commitment(blob)),
        ending_of(claim.token_ids, PIECES, END, ()),
    )
    assert not found.passed
    assert found.first_mismatch == 5
    assert "out of order" in found.sentence


def test_stop_strings_end_the_answer_where_they_are_completed() -> None:
    ids = (1, 2, 3)
    assert ending_of(ids, PIECES, END, ("bc",)).completes_stop
    assert ending_of(ids, PIECES, END, ("ab",)).stopped_early == 2
    assert not ending_of(ids, PIECES, END, ("xy",)).completes_stop


def test_text_comes_out_whole_characters() -> None:
    text = Detokenizer(["é".encode()[:1], "é".encode()[1:], b"!"])
    assert [text.feed((0,)), text.feed((1,)), text.feed((2,)), text.feed((99,))] == ["", "é", "!", ""]


@settings(max_examples=60)
@given(st.lists(st.integers(-20, 20), min_size=TOP_K, max_size=120))
def test_top_candidates_are_the_definition(values: list[int]) -> None:
    """Many ties, on and just beside the grid: the same as sorting everything by (−q, id)."""
    logits = np.array([v / 7 for v in values], dtype=np.float32)
    q = np.rint(logits.astype(np.float64) * GRID).astype(int)
    expected = sorted(range(len(values)), key=lambda i: (-q[i], i))[:TOP_K]
    found = top_candidates(logits)
    assert list(found["id"]) == expected
    assert list(found["q"]) == [q[i] for i in expected]


def test_noise_is_the_documented_function() -> None:
    """By hand, with Python integers."""
    token, mask = 17, (1 << 64) - 1
    x = (position_key(SEED, 3) + (token + 1) * 0x9E3779B97F4A7C15) & mask
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & mask
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & mask
    x ^= x >> 31
    expected = -math.log(-math.log(((x >> 11) + 0.5) * 2.0**-53))
    assert gumbel(SEED, 3, np.array([token]))[0] == pytest.approx(expected, rel=1e-15)


def test_noise_samples_the_softmax() -> None:
    """Gumbel-max: 4,000 draws over three candidates land within 5 standard errors of softmax."""
    logits = np.full(TOP_K, -50.0, dtype=np.float32)
    logits[:3] = [1.0, 0.0, -1.0]
    row = top_candidates(logits)
    counts = np.bincount([choose(row, SEED, t, 1000) for t in range(4000)], minlength=3)[:3]
    share = np.exp([1.0, 0.0, -1.0]) / np.exp([1.0, 0.0, -1.0]).sum()
    assert np.all(np.abs(counts / 4000 - share) < 5 * np.sqrt(share * (1 - share) / 4000))


def test_profiles_form_classes() -> None:
    ours = Profile("0.3.36", "AVX2 = 1", "cpu", self_test=True)
    assert ours.class_id == Profile("0.3.36", "AVX2 = 1", "cpu", self_test=True).class_id
    for other in (
        msgspec.structs.replace(ours, k_type="f16"),
        msgspec.structs.replace(ours, system="AVX512 = 1"),
        msgspec.structs.replace(ours, self_test=False),
    ):
        assert other.class_id != ours.class_id
