"""The estimate of what fits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic_gguf import gguf

from console.models import GgufInfo, fits, memory_needed, read_gguf


@pytest.fixture(scope="module")
def info(tmp_path_factory: pytest.TempPathFactory) -> GgufInfo:
    path = tmp_path_factory.mktemp("gguf") / "model.gguf"
    path.write_bytes(gguf())
    return read_gguf(path)


def test_cache_is_counted_by_layers_heads_and_types(info: GgufInfo) -> None:
    one = memory_needed(info, 1) - memory_needed(info, 0)
    assert one == 2 * 2 * (16 * 2 + 16 * 2)
    assert memory_needed(info, 1, k_bytes=4, v_bytes=2) - memory_needed(info, 0, k_bytes=4) == one * 3 // 2


@given(available=st.integers(0, 10_000_000), n_ctx=st.integers(1, 2048))
def test_the_largest_context_is_the_largest(info: GgufInfo, available: int, n_ctx: int) -> None:
    fit = fits(info, available, n_ctx)
    assert fit.ok == (fit.needed_bytes <= available)
    assert fit.ok == (n_ctx <= fit.largest_n_ctx)


def test_starter_needs_what_was_measured(starter_info: GgufInfo) -> None:
    """llama.cpp reported 92.1 MiB of weights, 45.0 of cache and 102.5 of compute at 2,048 tokens."""
    measured = (92.10 + 45.00 + 102.51) * 2**20
    assert memory_needed(starter_info, 2048) == pytest.approx(measured, rel=0.03)


@pytest.fixture
def starter_info(info: GgufInfo) -> GgufInfo:
    import msgspec

    return msgspec.structs.replace(
        info,
        expected_bytes=98_362_432,
        layers=30,
        kv_heads=3,
        key_length=64,
        value_length=64,
        embedding_length=576,
        feed_forward_length=1536,
        vocabulary=49_152,
        context_length=8192,
    )
