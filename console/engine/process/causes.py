"""Why a model did not load, in words: from its file and from llama.cpp's own log.

Signs are llama.cpp's and CUDA's own words. Which of them were seen in runs and which stand in their sources
only is told by the tests, line by line.
"""

from __future__ import annotations

from enum import IntEnum
from pathlib import Path
from typing import Literal, NamedTuple


class ExitCode(IntEnum):
    """How the process ends, for its supervisor."""

    FINE = 0
    CRASHED = 1
    USAGE = 2
    MODEL = 65
    """The file is no model that can be served; starting again will not help."""
    MEMORY = 71
    """Not enough memory; a smaller context, fewer slots or fewer GPU layers may help."""
    ADDRESS = 73
    """The socket cannot be used."""
    DEVICE = 74
    """The GPU or its driver cannot be used; starting again will not help, fewer GPU layers may."""


CauseName = Literal[
    "memory_weights",
    "memory_context",
    "memory_graph",
    "memory_gpu",
    "memory",
    "driver_old",
    "gpu_lost",
    "gpu_fault",
    "damaged",
    "architecture",
    "version",
    "flash_attention",
    "not_gguf",
    "missing",
    "unreadable",
    "context_too_large",
    "no_generator",
    "unknown",
]


class Cause(NamedTuple):
    """What to tell, and how to exit."""

    code: ExitCode
    sentence: str
    name: CauseName = "unknown"


class _Sign(NamedTuple):
    name: CauseName
    code: ExitCode
    words: tuple[str, ...]
    """Lower case; any of them."""
    sentence: str


_SIGNS: tuple[_Sign, ...] = (
    _Sign(
        "driver_old",
        ExitCode.DEVICE,
        ("driver version is insufficient", "unsupported toolchain", "unsupported display driver"),
        "The GPU's driver is older than what this llama.cpp was built for. Update the driver and restart the "
        "machine, or set engine.gpu_layers = 0.",
    ),
    _Sign(
        "gpu_lost",
        ExitCode.DEVICE,
        ("fallen off the bus", "gpu is lost", "no cuda-capable device"),
        "The GPU does not answer any more. Restart the machine; if it happens again, look at its power and "
        "heat. engine.gpu_layers = 0 serves without it.",
    ),
    _Sign(
        "memory_gpu",
        ExitCode.MEMORY,
        ("cudamalloc failed", "cuda error: out of memory", "hipmalloc failed", "rocm error: out of memory",
         "erroroutofdevicememory", "cublas_status_alloc_failed", "failed to allocate cuda",
         "unable to allocate cuda", "failed to allocate rocm", "failed to allocate vulkan"),
        "The GPU's memory does not hold this model with this context. Use a smaller context or fewer GPU "
        "layers, or end what else holds GPU memory.",
    ),
    _Sign(
        "memory_weights",
        ExitCode.MEMORY,
        ("mmap failed", "unable to allocate", "error loading model: failed to allocate"),
        "There is not enough memory for the model's weights. Serve a smaller model, or end what else takes "
        "memory.",
    ),
    _Sign(
        "memory_context",
        ExitCode.MEMORY,
        ("buffer for kv cache", "failed to allocate cpu buffer", "alloc_tensor_range: failed"),
        "There is not enough memory for the context. Use a smaller context or fewer slots.",
    ),
    _Sign(
        "memory_graph",
        ExitCode.MEMORY,
        ("compute pp buffers", "failed to allocate compute", "ggml_assert(ctx->mem_buffer != null)",
         "graph_reserve: failed"),
        "The weights and the context fit, but there is no memory left to compute in. Use a smaller context "
        "or fewer slots.",
    ),
    _Sign(
        "memory",
        ExitCode.MEMORY,
        ("insufficient memory", "failed to allocate", "out of memory", "cannot allocate", "bad_alloc",
         "memoryerror"),
        "There is not enough memory for this model with this context. Use a smaller context, fewer slots, "
        "fewer GPU layers or a smaller model.",
    ),
    _Sign(
        "gpu_fault",
        ExitCode.DEVICE,
        ("cuda error", "failed to initialize cuda", "rocm error"),
        "The GPU or its driver failed. Restart the machine if it happens again; engine.gpu_layers = 0 serves "
        "without it.",
    ),
    _Sign(
        "architecture",
        ExitCode.MODEL,
        ("unknown model architecture", "unsupported model architecture"),
        "This build of llama.cpp does not know the model's architecture. Serve another model, or update.",
    ),
    _Sign(
        "version",
        ExitCode.MODEL,
        ("only supports up to version",),
        "The model's file is no GGUF file, or of a newer version than this build of llama.cpp reads. Fetch "
        "it again, or update.",
    ),
    _Sign(
        "damaged",
        ExitCode.MODEL,
        ("not within the file bounds", "corrupted or incomplete", "unexpectedly reached end of file",
         "invalid ggml type", "invalid gguf type", "missing tensor", "' not found"),
        "The model's file is cut short or damaged. Fetch it again.",
    ),
    _Sign(
        "flash_attention",
        ExitCode.MODEL,
        ("flash_attn", "flash attention"),
        "This model cannot run with flash attention, which exact verification needs. Serve another model.",
    ),
    _Sign(
        "not_gguf",
        ExitCode.MODEL,
        ("invalid magic", "failed to read", "failed to load model", "gguf_init"),
        "The model's file is not a GGUF model that llama.cpp can read: it may be damaged. Fetch it again.",
    ),
)  # fmt: skip


def cause_in_file(path: Path) -> Cause | None:
    """What is wrong with the file before llama.cpp sees it, or None."""
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except FileNotFoundError:
        return Cause(
            ExitCode.MODEL, f"There is no model at {path}. Fetch it, or name another file.", "missing"
        )
    except OSError as error:
        return Cause(ExitCode.MODEL, f"The model at {path} cannot be read: {error.strerror}.", "unreadable")
    if magic != b"GGUF":
        return Cause(
            ExitCode.MODEL,
            f"{path.name} is not a GGUF file: it begins with other bytes. Fetch it again, or name another.",
            "not_gguf",
        )
    return None


def cause_in_log(lines: list[str]) -> Cause:
    """The cause that llama.cpp's warnings and errors point to; `lines`: the newest last."""
    return _found("\n".join(lines)) or Cause(
        ExitCode.MODEL,
        "llama.cpp refused the model for a reason that is not known here. Its words are in the engine's log.",
    )


def cause_of_abort(tail: str) -> Cause | None:
    """Why llama.cpp aborted, from the end of its log; None: its log points to nothing that is known.

    Only memory and devices end a process so; what else stands in a log belongs to an earlier start.
    """
    found = _found(tail)
    return found if found is not None and found.code in (ExitCode.MEMORY, ExitCode.DEVICE) else None


def _found(text: str) -> Cause | None:
    lower = text.lower()
    for sign in _SIGNS:
        if any(word in lower for word in sign.words):
            return Cause(sign.code, sign.sentence, sign.name)
    return None


def context_too_large(asked: int, trained: int) -> Cause:
    """A context beyond what the model was trained for gives bad answers."""
    return Cause(
        ExitCode.MODEL,
        f"The model was trained for a context of {trained} tokens and {asked} were asked for. "
        f"Start the engine with at most {trained}.",
        "context_too_large",
    )
