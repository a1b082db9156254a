"""Signs of a cause: llama.cpp's and CUDA's own words, and what each of them means.

Which of them were seen in runs and which stand in their sources only is told by the tests, line by line.
"""

from __future__ import annotations

from typing import NamedTuple

from console.engine.process.causes import Cause, CauseName, ExitCode


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
