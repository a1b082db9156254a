"""What the installed llama.cpp build can use, asked of the build itself.

This module runs in a throw-away child only: the rest of the program never loads llama.cpp, which may be
absent, broken, or built for another processor and die of an illegal instruction.
"""

from __future__ import annotations

import ctypes
import importlib
from collections.abc import Callable
from typing import Any

from . import Raw

KINDS = ("cpu", "gpu", "igpu", "accel")
"""ggml_backend_dev_type in order (ggml-backend.h)."""


def probe() -> Raw:
    """Version, features, GPU offload and devices of llama.cpp, or `absent` with the reason."""
    try:
        # By name, so that the import rule of the rooms stays checkable: no room but the engine's.
        llama = importlib.import_module("llama_cpp")
    except BaseException as error:
        missing = isinstance(error, ModuleNotFoundError) and error.name == "llama_cpp"
        return {"absent": f"{type(error).__name__}: {error}", "missing": missing}
    return read(llama)


def read(llama: Any) -> Raw:
    """Ask an imported llama_cpp; each answer on its own, since bindings differ between versions."""
    answer: Raw = {"version": str(getattr(llama, "__version__", "")) or None}
    asked: dict[str, Callable[[], object]] = {
        "system_info": lambda: _plain(llama.llama_print_system_info()),
        "gpu_offload": lambda: bool(llama.llama_supports_gpu_offload()),
        "llama_version": lambda: _plain(llama.llama_version()),
        "devices": lambda: devices(llama.llama_cpp._lib),
    }
    for name, call in asked.items():
        try:
            answer[name] = call()
        except Exception as error:
            answer[f"{name}_problem"] = f"{type(error).__name__}: {error}"
    return answer


def devices(library: Any) -> list[Raw]:
    """ggml's device list. The symbols are found through libllama, which is linked against ggml.

    Raises:
        AttributeError: the build does not export them.
    """
    count, get = library.ggml_backend_dev_count, library.ggml_backend_dev_get
    count.restype, count.argtypes = ctypes.c_size_t, []
    get.restype, get.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    return [_device(library, get(index)) for index in range(min(count(), 64))]


def _device(library: Any, handle: int) -> Raw:
    name, words = library.ggml_backend_dev_name, library.ggml_backend_dev_description
    kind, memory = library.ggml_backend_dev_type, library.ggml_backend_dev_memory
    for function in (name, words):
        function.restype, function.argtypes = ctypes.c_char_p, [ctypes.c_void_p]
    kind.restype, kind.argtypes = ctypes.c_int, [ctypes.c_void_p]
    size = ctypes.POINTER(ctypes.c_size_t)
    memory.restype, memory.argtypes = None, [ctypes.c_void_p, size, size]
    free, total = ctypes.c_size_t(0), ctypes.c_size_t(0)
    memory(handle, ctypes.byref(free), ctypes.byref(total))
    number = kind(handle)
    return {
        "name": _plain(name(handle)),
        "description": _plain(words(handle)),
        "kind": KINDS[number] if 0 <= number < len(KINDS) else "unknown",
        "total_bytes": total.value,
        "free_bytes": free.value,
    }


def _plain(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
