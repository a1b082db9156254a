"""The verification bench's own arithmetic: intervals, forged rows, stretches."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path

import numpy as np
import pytest
from benches.detection import Looked, by_exact, by_replay, look, look_forged, stretches
from benches.forging import bent, forged
from benches.intervals import Share, audit_rate
from benches.synthetic import Shape, write_model
from hypothesis import given, settings
from hypothesis import strategies as st

from console.engine.answering import Answered, Asked
from console.models import read_gguf
from console.protocol.types import TOP_K
from console.verification.commitment import pack, unpack
from console.verification.judge import first_disorder
from console.verification.sampling import choose, top_candidates


def honest(n: int, number: int, temperature_milli: int = 1000) -> Answered:
    rng = np.random.default_rng(number)
    asked = Asked((1, 2), hashlib.sha256(bytes([number % 256])).digest(), temperature_milli, n)
    rows = [top_candidates(rng.normal(0, 3, 200).astype(np.float32)) for _ in range(n)]
    ids = tuple(choose(row, asked.seed, t, temperature_milli) for t, row in enumerate(rows))
    return Answered(asked, ids, pack(rows))


@settings(max_examples=60)
@given(st.integers(0, 250), st.integers(0, 199), st.sampled_from([0, 700, 1000]), st.integers(0, 30))
def test_a_bent_row_is_in_order_and_picks_the_token(
    number: int, token: int, temperature_milli: int, position: int
) -> None:
    one = honest(1, number, temperature_milli)
    row = bent(unpack(one.blob)[0], one.asked, position, token)
    assert choose(row, one.asked.seed, position, temperature_milli) == token
    assert first_disorder(row[None, :]) == -1
    assert len(set(row["id"])) == TOP_K


def test_forging_silences_replay_and_wakes_the_exact_recompute() -> None:
    one = honest(40, 1)
    cheat = Answered(one.asked, (*one.token_ids[:5], 199, *one.token_ids[6:]), one.blob)
    plain, made = look([cheat], [one.blob], [one.blob]), look_forged([cheat], [one.blob], [one.blob])
    assert list(np.flatnonzero(plain[0].replay)) == [5]
    assert not plain[0].exact.any()
    assert not made[0].replay.any()
    assert list(np.flatnonzero(made[0].exact)) == [5]
    assert made[0].tolerant.margins[5] > 0
    assert forged(one).blob == one.blob


def test_stretches_are_whole_and_apart() -> None:
    looked: list[Looked] = look([honest(70, 2)], [honest(70, 2).blob], [honest(70, 2).blob])
    assert [one.tokens for one in stretches(looked, 32)] == [32, 32]
    assert [one.tokens for one in stretches(looked, 0)] == [70]
    assert by_exact(looked, 16) == Share(0, 4)
    assert by_replay(looked, 128) == Share(0, 0)


def test_intervals_against_known_values() -> None:
    assert Share(0, 300).upper95() == pytest.approx(1 - 0.05 ** (1 / 300))
    assert Share(10, 10).wilson()[0] == pytest.approx(0.7225, abs=1e-3)
    assert Share(1, 632).upper95() == pytest.approx(0.0075, abs=2e-4)
    assert math.isnan(Share(0, 0).value)


@given(st.integers(0, 50), st.integers(1, 50))
def test_intervals_hold_the_share(found: int, more: int) -> None:
    share = Share(found, found + more)
    low, high = share.wilson()
    assert 0 <= low <= share.value <= high <= 1
    assert share.upper95() >= share.value


def test_audit_rates_are_the_designs() -> None:
    assert audit_rate(0.99, 0.6, 10) == pytest.approx(0.055, abs=1e-3)
    assert audit_rate(0.99, 1.0, 10) == pytest.approx(0.092, abs=1e-3)
    assert audit_rate(0.0) == math.inf


def test_a_synthetic_model_is_a_file_that_reads_back(tmp_path: Path) -> None:
    source, made = tmp_path / "source.gguf", tmp_path / "made.gguf"
    source.write_bytes(_tokenizer_only())
    write_model(source, made, Shape(width=256, inner=512, layers=2, heads=4, kv_heads=2, context=512))
    info = read_gguf(made)
    assert (info.architecture, info.embedding_length, info.layers, info.context_length) == (
        "llama",
        256,
        2,
        512,
    )
    assert info.tensor_types == {"F16": 15, "F32": 5}
    assert info.file_bytes == info.expected_bytes


def _tokenizer_only() -> bytes:
    from models.synthetic_gguf import ARRAY, METADATA, STRING, gguf

    pieces = [f"piece {i}" for i in range(64)]
    pairs = tuple(pair for pair in METADATA if pair[0] != "tokenizer.ggml.tokens")
    return gguf((*pairs, ("tokenizer.ggml.tokens", ARRAY, (STRING, pieces))))
