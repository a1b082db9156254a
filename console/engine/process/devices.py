"""Which device computes: a part of the numerics profile."""

from __future__ import annotations

import ctypes

import llama_cpp

_TYPE_CPU = 0


def accelerator(gpu_layers: int) -> str:
    """`cpu`, or the accelerators' descriptions joined by ` + `, with the number of layers on them."""
    if gpu_layers == 0 or not llama_cpp.llama_supports_gpu_offload():
        return "cpu"
    names = _descriptions()
    return f"{' + '.join(names)}, {gpu_layers} layers" if names else "cpu"


def _descriptions() -> list[str]:
    from llama_cpp._ggml import libggml

    libggml.ggml_backend_dev_count.restype = ctypes.c_size_t
    libggml.ggml_backend_dev_get.argtypes = [ctypes.c_size_t]
    libggml.ggml_backend_dev_get.restype = ctypes.c_void_p
    found = []
    for index in range(libggml.ggml_backend_dev_count()):
        device = ctypes.c_void_p(libggml.ggml_backend_dev_get(index))
        if libggml.ggml_backend_dev_type(device) == _TYPE_CPU:
            continue
        libggml.ggml_backend_dev_description.restype = ctypes.c_char_p
        raw = libggml.ggml_backend_dev_description(device)
        found.append(raw.decode("utf-8", "replace") if raw else "accelerator")
    return found
