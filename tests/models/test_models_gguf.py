"""The GGUF reader: what it reads, and that nothing hostile gets past it."""

from __future__ import annotations

import os
import struct
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from synthetic_gguf import ARRAY, BOOL, METADATA, STRING, TENSORS, U32, U64, gguf, text

from console.models import GgufError, GgufInfo, GgufLimits, read_gguf
from console.models.gguf_reader import DEFAULT_LIMITS

WHOLE = gguf()
TIGHT = GgufLimits(metadata_bytes=1 << 16, keys=64, tensors=64, string_bytes=4096, array_strings=1000)


def read(tmp_path: Path, data: bytes, limits: GgufLimits = DEFAULT_LIMITS) -> GgufInfo:
    path = tmp_path / "model.gguf"
    path.write_bytes(data)
    return read_gguf(path, limits)


def refused(tmp_path: Path, data: bytes, code: str, limits: GgufLimits = DEFAULT_LIMITS) -> GgufError:
    with pytest.raises(GgufError) as caught:
        read(tmp_path, data, limits)
    assert caught.value.code == code
    assert caught.value.sentence.endswith(".") and caught.value.remedy.endswith(".")
    return caught.value


def with_key(key: str, kind: int, content: object) -> bytes:
    return gguf((*(pair for pair in METADATA if pair[0] != key), (key, kind, content)))


@pytest.mark.parametrize("version", [2, 3])
def test_reads_what_the_file_says(tmp_path: Path, version: int) -> None:
    data = gguf(version=version)
    info = read(tmp_path, data)
    assert (info.version, info.architecture, info.name) == (version, "llama", "Tiny")
    assert (info.tensor_count, info.parameter_count) == (3, 64 * 3 + 64 + 128)
    assert info.tensor_types == {"F32": 1, "Q4_1": 1, "Q8_0": 1}
    assert (info.context_length, info.embedding_length, info.feed_forward_length) == (2048, 64, 128)
    assert (info.layers, info.heads, info.kv_heads) == (2, 4, 2)
    assert (info.key_length, info.value_length) == (16, 16)
    assert (info.vocabulary, info.tokenizer, info.has_chat_template) == (3, "gpt2", True)
    assert (info.file_bytes, info.expected_bytes, info.alignment) == (len(data), len(data), 32)


def test_longer_than_expected_is_fine(tmp_path: Path) -> None:
    assert read(tmp_path, WHOLE + bytes(100)).expected_bytes == len(WHOLE)


def test_absent_numbers_are_zero(tmp_path: Path) -> None:
    info = read(tmp_path, gguf((("general.architecture", STRING, "odd"),), ()))
    assert (info.context_length, info.heads, info.key_length, info.vocabulary) == (0, 0, 0, 0)
    assert not info.has_chat_template


def test_heads_for_each_layer_count_as_the_largest(tmp_path: Path) -> None:
    data = with_key("llama.attention.head_count_kv", ARRAY, (U32, [1, 4, 2]))
    assert read(tmp_path, data).kv_heads == 4


def test_own_alignment(tmp_path: Path) -> None:
    data = gguf((*METADATA, ("general.alignment", U32, 64)), alignment=64)
    info = read(tmp_path, data)
    assert (info.alignment, info.expected_bytes, info.data_offset % 64) == (64, len(data), 0)


def test_text_is_safe_to_show(tmp_path: Path) -> None:
    name = "\x1b[31mred\x07\u202egnp\n  two" + "x" * 10_000
    assert read(tmp_path, with_key("general.name", STRING, name)).name.startswith("[31mredgnp two")
    assert len(read(tmp_path, with_key("general.name", STRING, name)).name) <= 128
    assert read(tmp_path, with_key("general.name", STRING, b"\xff\xfe")).name == "\ufffd\ufffd"


def test_every_cut_is_refused(tmp_path: Path) -> None:
    for length in range(len(WHOLE)):
        with pytest.raises(GgufError) as caught:
            read(tmp_path, WHOLE[:length])
        assert caught.value.code in ("truncated", "not_gguf")
    assert refused(tmp_path, WHOLE[:-1], "truncated").sentence.count(f"{len(WHOLE):,}") == 1


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "not_gguf"),
        (b"PK\x03\x04" + bytes(100), "not_gguf"),
        (b"GGUF" + struct.pack("<IQQ", 1, 0, 0), "not_gguf"),
        (b"GGUF" + struct.pack(">IQQ", 3, 0, 0), "not_gguf"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1 << 63, 0), "over_limit"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 1 << 63), "over_limit"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", (1 << 64) - 1), "over_limit"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + text("k") + struct.pack("<I", 99), "malformed"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + text("k") + struct.pack("<IIQ", 9, 9, 1), "malformed"),
        (
            b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + text("k") + struct.pack("<IIQ", 9, 8, 1 << 60),
            "over_limit",
        ),
        (
            b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + text("k") + struct.pack("<IIQ", 9, 4, 1 << 62),
            "truncated",
        ),
        (gguf(METADATA[1:]), "malformed"),
        (gguf((*METADATA, METADATA[0])), "malformed"),
        (gguf((*METADATA, ("general.alignment", U32, 0))), "malformed"),
        (gguf((*METADATA, ("general.alignment", U32, 24))), "malformed"),
        (gguf((*METADATA, ("general.alignment", U64, 1 << 40))), "over_limit"),
        (with_key("llama.block_count", STRING, "many"), "malformed"),
        (with_key("llama.block_count", BOOL, True), "malformed"),
        (with_key("llama.block_count", U64, 1 << 40), "over_limit"),
        (gguf(tensors=(*TENSORS, TENSORS[0])), "malformed"),
        (gguf(tensors=(("t", [32, 1], 5),)), "malformed"),
        (gguf(tensors=(("t", [33, 1], 8),)), "malformed"),
        (gguf(tensors=(("t", [1, 1, 1, 1, 1], 0),)), "malformed"),
        (gguf(tensors=(("t", [0], 0),)), "malformed"),
        (gguf(tensors=(("t" * 64, [1], 0),)), "over_limit"),
    ],
)
def test_refusals(tmp_path: Path, data: bytes, code: str) -> None:
    refused(tmp_path, data, code)


def test_shapes_that_overflow(tmp_path: Path) -> None:
    row = text("t") + struct.pack("<I4QIQ", 4, *[1 << 32] * 4, 0, 0)
    metadata = b"".join(text(k) + struct.pack("<I", t) + text(v) for k, t, v in METADATA[:1])
    head = b"GGUF" + struct.pack("<IQQ", 3, 1, 1) + metadata
    refused(tmp_path, head + row, "malformed")


def test_tensors_may_not_overlap(tmp_path: Path) -> None:
    metadata = b"".join(text(k) + struct.pack("<I", t) + text(v) for k, t, v in METADATA[:1])
    rows = b"".join(text(n) + struct.pack("<IQIQ", 1, 8, 0, 0) for n in ("a", "b"))
    refused(tmp_path, b"GGUF" + struct.pack("<IQQ", 3, 2, 1) + metadata + rows + bytes(999), "malformed")


def test_limits_hold(tmp_path: Path) -> None:
    tokens = with_key("tokenizer.ggml.tokens", ARRAY, (STRING, ["t"] * 1001))
    refused(tmp_path, tokens, "over_limit", TIGHT)
    refused(tmp_path, with_key("general.name", STRING, "x" * 4097), "over_limit", TIGHT)
    refused(tmp_path, with_key("x" * 2000, U32, 1), "over_limit")
    padding = tuple((f"k{n}", STRING, "x" * 4000) for n in range(20))
    refused(tmp_path, gguf((*METADATA, *padding)), "over_limit", TIGHT)


def test_memory_does_not_follow_a_declared_length(tmp_path: Path) -> None:
    """A sparse file of 8 GB with a string of 4 GB in it is refused without reading for it."""
    path = tmp_path / "sparse.gguf"
    start = b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + text("k") + struct.pack("<IIQ", 9, 0, 4 << 30)
    path.write_bytes(start)
    os.truncate(path, 8 << 30)
    tracemalloc.start()
    try:
        with pytest.raises(GgufError) as caught:
            read_gguf(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert caught.value.code == "over_limit"
    assert peak < 4 << 20


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, tmp_path, tmp_path / "absent"):
        with pytest.raises(GgufError) as caught:
            read_gguf(path)
        assert caught.value.code == "unreadable"


HEADER = len(WHOLE) - (224 + 256 + 80)
positions = st.integers(0, HEADER - 1)
mutations = st.lists(st.tuples(positions, st.binary(min_size=1, max_size=8)), min_size=1, max_size=4)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=400)
@given(mutations, st.integers(0, len(WHOLE)))
def test_no_damage_gets_another_answer_than_a_refusal(
    tmp_path: Path, damage: list[tuple[int, bytes]], cut: int
) -> None:
    data = bytearray(WHOLE)
    for at, new in damage:
        data[at : at + len(new)] = new
    for candidate in (bytes(data), bytes(data[:cut])):
        try:
            info = read(tmp_path, candidate, TIGHT)
        except GgufError:
            continue
        assert info.expected_bytes <= info.file_bytes == len(candidate)
        assert info.name.isprintable() and info.architecture.isprintable()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(positions, st.sampled_from([0, 1, 255, 1 << 31, (1 << 32) - 1, 1 << 63, (1 << 64) - 1]))
def test_numbers_chosen_to_harm(tmp_path: Path, at: int, number: int) -> None:
    data = WHOLE[:at] + struct.pack("<Q", number) + WHOLE[at + 8 :]
    tracemalloc.start()
    try:
        read(tmp_path, data, TIGHT)
    except GgufError as error:
        assert error.remedy
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 4 << 20


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300))
def test_noise_after_the_magic(tmp_path: Path, noise: bytes) -> None:
    try:
        info = read(tmp_path, b"GGUF" + struct.pack("<I", 3) + noise, TIGHT)
    except GgufError:
        return
    assert info.tensor_count == 0
