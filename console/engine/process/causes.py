"""Why a model did not load, in words: from its file and from llama.cpp's own log."""

from __future__ import annotations

from enum import IntEnum
from pathlib import Path
from typing import NamedTuple


class ExitCode(IntEnum):
    """How the process ends, for its supervisor."""

    FINE = 0
    CRASHED = 1
    USAGE = 2
    MODEL = 65
    """The file is no model that can be served; starting again will not help."""
    MEMORY = 71
    """Not enough memory; a smaller context or fewer GPU layers may help."""
    ADDRESS = 73
    """The socket cannot be used."""


class Cause(NamedTuple):
    """What to tell, and how to exit."""

    code: ExitCode
    sentence: str


_SIGNS: tuple[tuple[tuple[str, ...], ExitCode, str], ...] = (
    (
        ("unable to allocate", "failed to allocate", "out of memory", "cannot allocate", "bad_alloc"),
        ExitCode.MEMORY,
        "There is not enough memory for this model with this context. Use a smaller context, fewer GPU "
        "layers or a smaller model.",
    ),
    (
        ("not within the file bounds", "corrupted or incomplete", "unexpectedly reached end of file"),
        ExitCode.MODEL,
        "The model's file is cut short or damaged. Fetch it again.",
    ),
    (
        ("unknown model architecture", "unsupported model architecture"),
        ExitCode.MODEL,
        "This build of llama.cpp does not know the model's architecture. Serve another model, or update.",
    ),
    (
        ("flash_attn", "flash attention"),
        ExitCode.MODEL,
        "This model cannot run with flash attention, which exact verification needs. Serve another model.",
    ),
    (
        ("invalid magic", "failed to read", "failed to load model", "gguf_init", "missing tensor"),
        ExitCode.MODEL,
        "The model's file is not a GGUF model that llama.cpp can read: it may be damaged. Fetch it again.",
    ),
)


def cause_in_file(path: Path) -> Cause | None:
    """What is wrong with the file before llama.cpp sees it, or None."""
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except FileNotFoundError:
        return Cause(ExitCode.MODEL, f"There is no model at {path}. Fetch it, or name another file.")
    except OSError as error:
        return Cause(ExitCode.MODEL, f"The model at {path} cannot be read: {error.strerror}.")
    if magic != b"GGUF":
        return Cause(
            ExitCode.MODEL,
            f"{path.name} is not a GGUF file: it begins with other bytes. Fetch it again, or name another.",
        )
    return None


def cause_in_log(lines: list[str]) -> Cause:
    """The cause that llama.cpp's warnings and errors point to; `lines`: the newest last."""
    text = "\n".join(lines).lower()
    for signs, code, sentence in _SIGNS:
        if any(sign in text for sign in signs):
            return Cause(code, sentence)
    return Cause(
        ExitCode.MODEL,
        "llama.cpp refused the model for a reason that is not known here. Its words are in the engine's log.",
    )


def context_too_large(asked: int, trained: int) -> Cause:
    """A context beyond what the model was trained for gives bad answers."""
    return Cause(
        ExitCode.MODEL,
        f"The model was trained for a context of {trained} tokens and {asked} were asked for. "
        f"Start the engine with at most {trained}.",
    )
