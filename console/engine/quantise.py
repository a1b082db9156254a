"""Re-quantisation by llama.cpp's own quantiser: `python -m console.engine.quantise SRC DST TYPE`.

It serves experiments and the practice network's cheat, which serves fewer bits than it claims.
"""

from __future__ import annotations

import argparse
import functools
import os
import sys
from pathlib import Path
from typing import Any

from console.engine.child import run_module
from console.engine.port import EngineError

KINDS = {"Q4_0": 2, "Q4_1": 3, "Q8_0": 7, "Q2_K": 10, "Q3_K_M": 12, "Q4_K_M": 15}
"""Name to llama.cpp's number of the file type."""


async def requantise(source: Path, destination: Path, kind: str) -> None:
    """Write `source` as `kind` to `destination`, in a process of its own; all or nothing.

    Raises:
        EngineError: `bad_request`, with what went wrong.
    """
    words = ("console.engine.quantise", str(source), str(destination), kind)
    await run_module(words, "The model could not be re-quantised.")


def quantise(source: Path, destination: Path, kind: str, threads: int = 1) -> None:
    """The same, in this process. Raises EngineError `bad_request`."""
    import ctypes

    import llama_cpp

    llama_cpp.llama_log_set(_quiet(), ctypes.c_void_p(0))
    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype = KINDS[kind]
    params.nthread = threads
    params.allow_requantize = True
    part = destination.with_name(f".{destination.name}.{os.getpid()}.part")
    try:
        status = llama_cpp.llama_model_quantize(os.fsencode(source), os.fsencode(part), ctypes.byref(params))
        if status or not part.exists():
            raise EngineError("bad_request", f"llama.cpp could not re-quantise {source.name} to {kind}.")
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(destination)
    except OSError as error:
        raise EngineError("bad_request", f"{destination} cannot be written: {error.strerror}.") from None
    finally:
        part.unlink(missing_ok=True)


@functools.cache
def _quiet() -> Any:
    """Takes llama.cpp's log, which describes every tensor, and drops it.

    Made once and kept: llama.cpp goes on calling it for as long as the process lives.
    """
    import ctypes

    import llama_cpp

    @llama_cpp.llama_log_callback  # type: ignore[untyped-decorator]
    def drop(_level: int, _text: bytes, _user: ctypes.c_void_p) -> None:
        """Nobody reads it."""

    return drop


def main() -> None:
    """The command line; exits 1 with a sentence when it fails."""
    parser = argparse.ArgumentParser(prog="console.engine.quantise", description="Re-quantise a GGUF model.")
    parser.add_argument("source", type=Path)
    parser.add_argument("destination", type=Path)
    parser.add_argument("kind", choices=sorted(KINDS))
    given = parser.parse_args()
    try:
        if not given.source.is_file():
            raise EngineError("bad_request", f"There is no model at {given.source}.")
        quantise(given.source, given.destination, given.kind)
    except EngineError as error:
        print(error.sentence, file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
