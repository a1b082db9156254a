"""The compiled cut and choice against the definition; and where it is missing, or cannot decide."""

from __future__ import annotations

import ctypes
import shutil
from pathlib import Path
from typing import Any

import llama_cpp
import numpy as np
import numpy.typing as npt
import pytest
from build_hook import compile_library
from hypothesis import given, settings
from hypothesis import strategies as st

from console.engine.process import sampled
from console.engine.process.compiled import (
    LEFT,
    LIBRARY,
    NO_LOGITS,
    SOURCE,
    Compiled,
    Functions,
    compiled,
    is_laid_out_alike,
)
from console.engine.process.sampled import NotFiniteError, candidates_of, sample
from console.protocol.types import SamplingRules
from console.verification.sampling import Place, top_candidates

Logits = npt.NDArray[np.float32]
SEED = bytes(range(32))
SIZES = (40, 300, 2815, 2816, 2817, 32_767, 32_768, 49_152, 50_001, 151_936)


def places(rows: int, rng: np.random.Generator) -> list[Place]:
    temperatures = rng.choice([0, 1, 700, 1000, 2000], rows)
    return [Place(SEED, int(rng.integers(0, 4096)), int(t)) for t in temperatures]


@st.composite
def some_logits(draw: st.DrawFn) -> tuple[Logits, list[Place]]:
    rows, size = draw(st.integers(1, 9)), draw(st.sampled_from(SIZES))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    logits = (rng.standard_normal((rows, size)) * draw(st.sampled_from([0.0, 0.003, 3.0, 40.0, 3e6]))).astype(
        np.float32
    )
    step = draw(st.sampled_from([0.0, 1 / 4096, 1 / 1024, 0.5]))
    if step:
        logits = (np.rint(logits / step) * step).astype(np.float32)
    if draw(st.booleans()):
        logits = np.sort(logits, axis=1)
    for _ in range(draw(st.integers(0, 3))):
        row, at = draw(st.integers(0, rows - 1)), draw(st.integers(0, size - 1))
        logits[row, at] = draw(st.sampled_from([np.nan, np.inf, -np.inf, 1e30, -1e30, 0.0]))
    if draw(st.booleans()):
        logits[:, : size - 45] = draw(st.sampled_from([-1e30, -np.inf, -5e5]))
    return np.ascontiguousarray(logits), places(rows, rng)


@settings(max_examples=300, deadline=None)
@given(some_logits())
def test_both_ways_choose_the_same_from_the_same_candidates(given: tuple[Logits, list[Place]]) -> None:
    logits, where = given
    assert sample(logits, where) == sampled.by_definition(logits, where)


def test_it_is_here_and_decides_what_models_give() -> None:
    quick = compiled()
    assert quick is not None, f"{LIBRARY.name} is missing: a compiler is needed, then script/setup"
    rng = np.random.default_rng(7)
    logits = rng.normal(0, 3, (64, 49_152)).astype(np.float32)
    assert quick.takes(logits)
    assert all(quick.sample(places(64, rng)))
    cut = quick.cut()
    assert cut is not None
    assert [row.tobytes() for row in cut] == [top_candidates(row).tobytes() for row in logits]


class Llama:
    """Two C functions as llama.cpp's: a batch of so many tokens has the logits given for that number."""

    def __init__(self, outputs: dict[int, Logits], status: int = 0) -> None:
        self.asked: list[int] = []
        self._kept = outputs, llama_cpp.llama_batch
        kinds = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, llama_cpp.llama_batch)
        gets = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)

        def decode(context: int, batch: Any) -> int:
            assert context == 77
            self.asked.append(batch.n_tokens)
            return status

        def get(context: int) -> int:
            assert context == 77
            found = outputs.get(self.asked[-1])
            return 0 if found is None else int(found.ctypes.data)

        self._functions = kinds(decode), gets(get)
        at = [ctypes.cast(f, ctypes.c_void_p).value or 0 for f in self._functions]
        size = next((logits.shape[1] for logits in outputs.values()), 49_152)
        self.functions = Functions(at[0], at[1], 77, size)

    def decode(self, tokens: int, places: list[Place]) -> int:
        """A batch of so many tokens."""
        quick = compiled()
        assert quick is not None
        return quick.decode(self.functions, llama_cpp.llama_batch(n_tokens=tokens), places)


def test_the_batch_is_laid_out_as_llama_cpp_has_it() -> None:
    assert is_laid_out_alike(llama_cpp.llama_batch)
    assert not is_laid_out_alike(llama_cpp.llama_token_data)


def test_a_decode_brings_its_choices_along_whatever_is_asked_in_between() -> None:
    rng = np.random.default_rng(11)
    outputs = {n: rng.normal(0, 3, (n, 49_152)).astype(np.float32) for n in (1, 2, 5)}
    llama, quick = Llama(outputs), compiled()
    assert quick is not None
    for n in (1, 5, 2, 1, 2):
        where = places(n, rng)
        assert llama.decode(n, where) == 0
        assert quick.decided(n) == sampled.by_definition(outputs[n], where)
        other = rng.normal(0, 3, (3, 4096)).astype(np.float32)
        assert candidates_of(other)[2].tobytes() == top_candidates(other[2]).tobytes()
        again = places(n, rng)
        assert sample(outputs[n], again) == sampled.by_definition(outputs[n], again)
    assert llama.asked == [1, 5, 2, 1, 2]


def test_a_row_that_it_leaves_is_told_and_the_others_stand() -> None:
    rng = np.random.default_rng(17)
    logits = rng.normal(0, 3, (3, 49_152)).astype(np.float32)
    logits[1, 7] = np.nan
    quick, where = compiled(), places(3, rng)
    assert quick is not None
    assert Llama({3: logits}).decode(3, where) == LEFT
    found = sampled.finished(quick.found(3), where, lambda: logits)
    assert found == sampled.by_definition(logits, where)
    assert found[1] is None and found[0] and found[2]


@pytest.mark.parametrize(("gave", "status"), [(0, NO_LOGITS), (-1, -1), (2, 2)])
def test_a_decode_that_failed_is_told_from_a_choice(gave: int, status: int) -> None:
    assert Llama({}, gave).decode(1, [Place(SEED, 5, 800)]) == status


def test_rules_of_a_client_act_on_its_candidates() -> None:
    logits = np.random.default_rng(3).normal(0, 3, (2, 49_152)).astype(np.float32)
    rules = SamplingRules(min_p_ppm=300_000, frequency_milli=500)
    where = [Place(SEED, 5, 800, rules, {3: 2}), Place(SEED, 5, 0, rules, {})]
    assert sample(logits, where) == sampled.by_definition(logits, where)


def test_rows_that_are_no_numbers_are_told_from_the_others() -> None:
    logits = np.random.default_rng(3).normal(0, 3, (3, 49_152)).astype(np.float32)
    logits[1, 40_000] = np.nan
    found = sample(logits, [Place(SEED, 5, 800)] * 3)
    assert [choice is None for choice in found] == [False, True, False]
    with pytest.raises(NotFiniteError):
        candidates_of(logits)


def test_rows_laid_out_otherwise_are_left_to_numpy() -> None:
    quick = compiled()
    assert quick is not None
    whole = np.random.default_rng(3).normal(0, 3, (2, 98_304)).astype(np.float32)
    assert not quick.takes(whole[:, ::2])
    assert not quick.takes(np.zeros((65, 4096), dtype=np.float32))
    found = candidates_of(whole[:, ::2])
    assert found[0].tobytes() == top_candidates(np.ascontiguousarray(whole[0, ::2])).tobytes()


def test_another_array_of_as_many_rows_is_not_taken_for_the_last() -> None:
    rng = np.random.default_rng(3)
    for _ in range(4):
        logits = rng.normal(0, 3, (1, 49_152)).astype(np.float32)
        assert candidates_of(logits)[0].tobytes() == top_candidates(logits[0]).tobytes()


def test_a_library_of_another_version_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    older = tmp_path / "sampling.c"
    older.write_text(SOURCE.read_text("utf-8").replace("_rows_3", "_rows_2"), "utf-8")
    library = tmp_path / LIBRARY.name
    assert not compile_library(older, library)
    with pytest.raises(AttributeError):
        Compiled(library)
    monkeypatch.setattr("console.engine.process.compiled.LIBRARY", library)
    compiled.cache_clear()
    try:
        assert compiled() is None
        logits = np.random.default_rng(3).normal(0, 3, (1, 49_152)).astype(np.float32)
        assert sample(logits, [Place(SEED, 5, 800)]) == sampled.by_definition(logits, [Place(SEED, 5, 800)])
    finally:
        compiled.cache_clear()


def test_what_cannot_be_compiled_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "sampling.c"
    broken.write_text("int sample_rows_3(", "utf-8")
    library = tmp_path / LIBRARY.name
    library.write_bytes(b"the one that runs")
    assert "error" in compile_library(broken, library)
    assert library.read_bytes() == b"the one that runs"
    assert {path.name for path in tmp_path.iterdir()} == {"sampling.c", library.name}
    monkeypatch.setenv("CC", "no-such-compiler -m64")
    assert compile_library(SOURCE, library) == "no C compiler: no-such-compiler was not found"
    assert shutil.which("cc"), "the other tests need a compiler"
