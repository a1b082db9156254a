"""How an engine's process ended: in words for the operator, and whether memory ran out."""

from __future__ import annotations

import signal
from pathlib import Path

import msgspec

from console.engine.process.causes import Cause, ExitCode
from console.engine.process.signs import cause_of_abort

TAIL_BYTES = 65_536
"""A backtrace, which llama.cpp adds where it can, is 10 kB long and must not hide the cause before it."""


class Ended(msgspec.Struct, frozen=True):
    """The end of an engine."""

    sentence: str
    memory: bool = False
    """Whether it ended because memory ran out, so that a smaller start may succeed."""


def ended(returncode: int, tail: str, *, system_killed: bool = False) -> Ended:
    """What became of an engine process. `tail`: what it logged last; `system_killed`: the system's own
    out-of-memory killer was at work while it ran."""
    if returncode == -signal.SIGKILL and system_killed:
        return Ended("The system ran out of memory and killed the engine.", memory=True)
    aborted = cause_of_abort(tail) if returncode == -signal.SIGABRT else None
    memory = returncode == ExitCode.MEMORY or (aborted is not None and aborted.code == ExitCode.MEMORY)
    return Ended(exit_sentence(returncode, tail), memory)


def exit_sentence(returncode: int, tail: str) -> str:
    """What became of an engine process, for the operator. `tail`: the end of its log."""
    if returncode < 0:
        return _signal_sentence(-returncode, tail)
    if returncode == 0:
        return "The engine ended because it was told to."
    if returncode in (ExitCode.MODEL, ExitCode.MEMORY, ExitCode.ADDRESS, ExitCode.DEVICE):
        return _last_line(tail) or f"The engine ended with code {returncode}."
    if "No module named 'llama_cpp'" in tail:
        return "llama-cpp-python is not installed, so no model can be served. Install it; `doctor` says how."
    return f"The engine ended with code {returncode}. Its log says why."


def log_tail(log: Path, since: int = 0) -> str:
    """The end of a log, of what was written from byte `since` on; empty when there is none."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, since, log.stat().st_size - TAIL_BYTES))
            return file.read(TAIL_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""


def oom_kills() -> int:
    """Processes that the system killed for want of memory since it started; 0 where it does not say.

    Linux counts them in /proc/vmstat (since 4.13), those of a container's limit among them.
    """
    try:
        lines = Path("/proc/vmstat").read_text("ascii", "replace").splitlines()
    except OSError:
        return 0
    counts = (line.split() for line in lines)
    return next((int(words[1]) for words in counts if words[:1] == ["oom_kill"]), 0)


def _signal_sentence(number: int, tail: str) -> str:
    if number == signal.SIGKILL:
        return "The engine was killed (kill -9, or the system's out-of-memory killer)."
    if number == signal.SIGABRT:
        return _abort_sentence(cause_of_abort(tail))
    faults = {
        signal.SIGSEGV: "crashed on a memory fault; the model's file or the memory may be bad",
        signal.SIGBUS: "lost the model's file under it: it was cut short, or its disk failed",
        signal.SIGILL: "met an instruction that this CPU lacks; llama-cpp-python was built for another one",
        signal.SIGTERM: "was asked to end before it could say goodbye",
    }
    try:
        what = faults.get(signal.Signals(number), f"was ended by {signal.Signals(number).name}")
    except ValueError:
        what = f"was ended by signal {number}"
    return f"The engine {what}."


def _abort_sentence(cause: Cause | None) -> str:
    if cause is None:
        return "llama.cpp aborted on an internal check; its words are in the engine's log."
    if cause.code == ExitCode.MEMORY:
        return f"The engine ran out of memory and aborted. {cause.sentence}"
    return f"llama.cpp aborted. {cause.sentence}"


def _last_line(tail: str) -> str:
    lines = [line.strip() for line in tail.splitlines() if line.strip()]
    return lines[-1] if lines else ""
