"""Names of quantisations, and the exact list."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic_gguf import gguf

from console.models import read_gguf
from console.models.gguf import GgufInfo
from console.models.quantisation import EXACT_TYPES, inexact, quantisation
from console.models.tensor_types import TENSOR_TYPES


@pytest.fixture(scope="module")
def info(tmp_path_factory: pytest.TempPathFactory) -> GgufInfo:
    path: Path = tmp_path_factory.mktemp("q") / "a.gguf"
    path.write_bytes(gguf())
    return read_gguf(path)


@pytest.mark.parametrize(
    ("types", "file_type", "name"),
    [
        ({"F32": 61, "Q4_1": 210, "Q8_0": 1}, 3, "Q4_1"),
        ({"F32": 61, "Q4_K": 180, "Q6_K": 31}, 15, "Q4_K_M"),
        ({"F32": 61, "Q4_K": 180, "Q6_K": 31}, -1, "Q4_K"),
        ({"F32": 61, "Q8_0": 210}, 15, "Q8_0"),
        ({"F32": 300}, 0, "F32"),
        ({}, 0, ""),
    ],
)
def test_the_types_decide_and_the_claim_only_names_them(
    info: GgufInfo, types: dict[str, int], file_type: int, name: str
) -> None:
    assert quantisation(msgspec.structs.replace(info, tensor_types=types, file_type=file_type)) == name


def test_measured_types_are_exact_and_those_found_not_to_be_are_named() -> None:
    assert inexact(("F32", "Q4_1", "Q8_0", "Q4_K", "IQ4_XS")) == ()
    assert inexact(("F32", "Q4_K", "Q6_K")) == ()  # a true Q4_K_M
    assert inexact(("F32", "BF16", "IQ4_NL", "F16", "Q8_0")) == ("BF16", "F16", "IQ4_NL")


@given(st.lists(st.sampled_from([kind.name for kind in TENSOR_TYPES.values()])))
def test_exact_means_on_the_list_and_nothing_else(types: list[str]) -> None:
    assert (inexact(types) == ()) == all(name in EXACT_TYPES for name in types)


def test_the_list_names_types_that_exist() -> None:
    assert {kind.name for kind in TENSOR_TYPES.values()} >= EXACT_TYPES
