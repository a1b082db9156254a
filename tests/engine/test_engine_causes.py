"""llama.cpp's own words turned into causes: lines recorded from its runs here, and lines of its sources."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from console.engine.ending import ended
from console.engine.process.causes import CauseName, ExitCode, cause_in_file
from console.engine.process.signs import cause_in_log, cause_of_abort

KV = (
    "ggml_aligned_malloc: insufficient memory (attempted to allocate 360.00 MB)",
    "ggml_backend_cpu_buffer_type_alloc_buffer: failed to allocate buffer of size 377487360",
    "alloc_tensor_range: failed to allocate CPU buffer of size 377487360",
    "llama_init_from_model: failed to initialize the context: failed to allocate buffer for kv cache",
)
LOADING = "llama_model_load_from_file_impl: failed to load model"

FILE = "gguf_init_from_reader: "
MODEL = "llama_model_load: error loading model: "

RECORDED: dict[str, tuple[tuple[str, ...], CauseName]] = {
    "eight slots of 2,048 under a limit of address space": (KV, "memory_context"),
    "a context of 30 million tokens": (
        (
            "llama_context: n_ctx_seq (30000128) > n_ctx_train (8192) -- possible training context overflow",
            "ggml_aligned_malloc: insufficient memory (attempted to allocate 659182.50 MB)",
            "ggml_backend_cpu_buffer_type_alloc_buffer: failed to allocate buffer of size 691202949120",
            "alloc_tensor_range: failed to allocate CPU buffer of size 691202949120",
            KV[-1],
        ),
        "memory_context",
    ),
    "less address space than the file has bytes": (
        ("llama_model_load: error loading model: mmap failed: Cannot allocate memory", LOADING),
        "memory_weights",
    ),
    "half of the file": (
        (
            MODEL + "tensor 'blk.15.attn_output.weight' data is not within the "
            "file bounds, model is corrupted or incomplete",
            LOADING,
        ),
        "damaged",
    ),
    "another architecture's name": (
        ("llama_model_load: error loading model: unknown model architecture: 'llamx'", LOADING),
        "architecture",
    ),
    "a tensor of another name": (
        (
            MODEL + "check_tensor_dims: tensor 'blk.3.attn_q.weight' not found",
            LOADING,
        ),
        "damaged",
    ),
    "a tensor of a type that is none": (
        (
            FILE + "tensor 'blk.3.attn_q.weight' has invalid ggml type 99. should be in [0, 43)",
            FILE + "failed to read tensor info",
            LOADING,
        ),
        "damaged",
    ),
    "inverted bytes in the header": (
        (
            FILE + "key 'general.organization' has invalid GGUF type -16777208",
            FILE + "failed to read key-value pairs",
            LOADING,
        ),
        "damaged",
    ),
    "two thousand bytes of the file": (
        (FILE + "failed to read key-value pairs", LOADING),
        "not_gguf",
    ),
    "a later version of the format": (
        (
            FILE + "this GGUF file is version 9 but this software only supports up to version 3",
            FILE + "failed to read header",
            LOADING,
        ),
        "version",
    ),
}
"""From llama-cpp-python 0.3.36 with the starter model, damaged or under limits."""

ABORTED = (
    "ggml_aligned_malloc: insufficient memory (attempted to allocate  41.96 MB)\n"
    "ggml/src/ggml.c:1644: GGML_ASSERT(ctx->mem_buffer != NULL) failed\n"
)
"""Recorded too: 365 MB of address space, 360 of which the cache takes; the process ends by SIGABRT."""

FROM_SOURCE: dict[str, CauseName] = {
    "ggml_backend_cuda_buffer_type_alloc_buffer: allocating 144817.04 MiB on device 0: cudaMalloc failed: "
    "out of memory\nllama_model_load: error loading model: unable to allocate CUDA0 buffer": "memory_gpu",
    "CUDA error: out of memory": "memory_gpu",
    "ggml_gallocr_reserve_n_impl: failed to allocate ROCm0 buffer of size 272646272": "memory_gpu",
    "ggml_vulkan: Device memory allocation failed: ErrorOutOfDeviceMemory": "memory_gpu",
    "llama_init_from_model: failed to initialize the context: failed to allocate compute pp buffers":
        "memory_graph",
    "ggml_cuda_init: failed to initialize CUDA: CUDA driver version is insufficient for CUDA runtime version":
        "driver_old",
    "CUDA error: the provided PTX was compiled with an unsupported toolchain.": "driver_old",
    "ggml_cuda_init: failed to initialize CUDA: system has unsupported display driver / cuda driver "
    "combination": "driver_old",
    "ggml_cuda_init: failed to initialize CUDA: no CUDA-capable device is detected": "gpu_lost",
    "CUDA error: an illegal memory access was encountered": "gpu_fault",
    "llama_init_from_model: flash_attn requires n_embd_head_k == n_embd_head_v": "flash_attention",
    "terminate called after throwing an instance of 'std::bad_alloc'": "memory",
    "gguf_init_from_file: invalid magic characters": "not_gguf",
}  # fmt: skip
"""Words of llama.cpp's and CUDA's sources, and of public reports of their users; not seen here."""


@pytest.mark.parametrize("what", RECORDED)
def test_recorded_runs_become_causes(what: str) -> None:
    lines, name = RECORDED[what]
    cause = cause_in_log(["a harmless warning", *lines])
    assert cause.name == name
    assert cause.code == (ExitCode.MEMORY if name.startswith("memory") else ExitCode.MODEL)


@pytest.mark.parametrize("line", FROM_SOURCE)
def test_words_of_the_sources_become_causes(line: str) -> None:
    cause = cause_in_log(["a harmless warning", line])
    assert cause.name == FROM_SOURCE[line]


@pytest.mark.parametrize("line", [*FROM_SOURCE, "something never seen"])
def test_every_cause_is_told_with_a_remedy(line: str) -> None:
    sentence = cause_in_log([line]).sentence
    assert sentence.endswith(".")
    assert sentence.count(".") >= 2
    assert "Traceback" not in sentence


def test_an_abort_for_want_of_memory_is_known_and_any_other_is_not() -> None:
    cause = cause_of_abort(ABORTED)
    assert cause is not None
    assert cause.name == "memory_graph"
    assert ended(-6, ABORTED).memory
    assert "no memory left to compute in" in ended(-6, ABORTED).sentence
    assert cause_of_abort("GGML_ASSERT(n_tokens <= n_batch) failed") is None
    assert cause_of_abort("llama_model_load: unknown model architecture: 'x'") is None


def test_files_that_are_no_models_are_named_before_llama_sees_them(tmp_path: Path) -> None:
    noise = tmp_path / "noise.gguf"
    noise.write_bytes(b"\x7fELF" * 100)
    cause = cause_in_file(noise)
    assert cause is not None
    assert (cause.code, cause.name) == (ExitCode.MODEL, "not_gguf")
    missing = cause_in_file(tmp_path / "nothing.gguf")
    assert missing is not None
    assert missing.name == "missing"
    good = tmp_path / "good.gguf"
    good.write_bytes(b"GGUF....")
    assert cause_in_file(good) is None
    folder = cause_in_file(tmp_path)
    assert folder is not None
    assert folder.name == "unreadable"


@pytest.mark.model
async def test_a_real_engine_without_memory_for_its_slots_says_so(
    starter_model: Path, tmp_path: Path
) -> None:
    log = tmp_path / "engine.log"
    engine = (
        f"ulimit -v 4000000; exec {sys.executable} -P -m console.engine.process --model {starter_model} "
        f"--socket {tmp_path / 's'} --context 8192 --slots 64 --log {log}"
    )
    process = await asyncio.create_subprocess_exec("/bin/sh", "-c", engine, stdin=asyncio.subprocess.PIPE)
    async with asyncio.timeout(60):
        code = await process.wait()
    assert code == ExitCode.MEMORY
    end = ended(code, log.read_text())
    assert end.memory
    assert "not enough memory for the context" in end.sentence
