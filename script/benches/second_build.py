"""A second llama.cpp, built without AVX-512, that stands for another class of processor.

    python script/benches/second_build.py

It is compiled once into `.cache/llama-without-avx512` from the package's source, with the hash that the
lock file names, and takes about 5 minutes on two cores. It is used by putting that folder first on a
process's `PYTHONPATH`: the same interpreter and the same other packages, another `llama_cpp`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from benches.paths import ROOT
from benches.rows import say

FOLDER = ROOT / ".cache" / "llama-without-avx512"
_OPTIONS = (
    "-DGGML_NATIVE=OFF",
    "-DGGML_AVX2=ON",
    "-DGGML_FMA=ON",
    "-DGGML_F16C=ON",
    "-DGGML_AVX512=OFF",
    "-DLLAVA_BUILD=OFF",
)
_DONE = "built-in-seconds"


def second_build(folder: Path = FOLDER) -> Path:
    """The folder to put on `PYTHONPATH`, built first when it is not there.

    Raises:
        RuntimeError: it could not be built.
    """
    if (folder / _DONE).exists():
        return folder
    say("compiling llama.cpp without AVX-512: about 5 minutes on two cores, once")
    started_s = time.monotonic()
    # Neither pip's cache: a wheel from there is built for this processor, and ours must not get in.
    command = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "install")
    options = ("--no-cache-dir", "--no-deps", "--require-hashes", "--no-binary", "llama-cpp-python")
    where = ("--upgrade", "--target", str(folder), "-r", str(ROOT / "constraints-engine.txt"))
    ended = subprocess.run(
        (*command, *options, *where),
        env=os.environ | {"CMAKE_ARGS": " ".join(_OPTIONS)},
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
    )
    if ended.returncode:
        raise RuntimeError("llama.cpp could not be built without AVX-512; pip's words stand above")
    seconds = round(time.monotonic() - started_s)
    (folder / _DONE).write_text(f"{seconds}\n")
    say(f"built in {seconds} s")
    return folder


def build_seconds(folder: Path = FOLDER) -> int:
    """How long the build took, 0 when it was not made here."""
    try:
        return int((folder / _DONE).read_text())
    except (OSError, ValueError):
        return 0


if __name__ == "__main__":
    print(second_build())
