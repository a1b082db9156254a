"""Why a model is not served, in words, and how the process ends for it.

What can be seen before llama.cpp looks is found here, what its log points to in `signs`.
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


def context_too_large(asked: int, trained: int) -> Cause:
    """A context beyond what the model was trained for gives bad answers."""
    return Cause(
        ExitCode.MODEL,
        f"The model was trained for a context of {trained} tokens and {asked} were asked for. "
        f"Start the engine with at most {trained}.",
        "context_too_large",
    )
