"""Does CUDA itself start? NVML may answer while CUDA fails, after an unattended driver upgrade."""

from __future__ import annotations

import ctypes
import sys
from typing import Any

from . import Raw

LIBRARY = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"


def probe() -> Raw:
    """cuInit's code (0 is good), the device count and the driver's CUDA version."""
    try:
        library: Any = ctypes.CDLL(LIBRARY)
    except OSError as error:
        return {"present": False, "problem": str(error)}
    return read(library)


def read(library: Any) -> Raw:
    """Ask a loaded CUDA driver library (names as in the CUDA driver API)."""
    code = int(library.cuInit(0))
    answer: Raw = {"present": True, "init_code": code}
    version, count = ctypes.c_int(0), ctypes.c_int(0)
    if library.cuDriverGetVersion(ctypes.byref(version)) == 0:
        answer["cuda_version"] = f"{version.value // 1000}.{version.value % 1000 // 10}"
    if code == 0 and library.cuDeviceGetCount(ctypes.byref(count)) == 0:
        answer["count"] = count.value
    return answer
