"""Ask a question in a child process, with a deadline and a limit on the answer's size.

A hanging child is killed with everything it started; a crashing one costs its own answer only; one that
answers garbage is caught here, one that answers lies in `judge`.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from .sanitise import clean_text

ANSWER_LIMIT = 2**20
"""Most bytes of an answer that are read; real ones are below 20 kB."""

REAP_S = 1.0
"""How long a killed child is waited for. One stuck inside a driver cannot be reaped; it is left behind."""


class Answer(Struct, frozen=True):
    """`facts` of a probe that answered, else `problem`, one cleaned sentence of why not."""

    name: str
    facts: dict[str, object] | None = None
    problem: str | None = None


def probe_command(name: str, *options: str) -> list[str]:
    """The command line of probe `name`; `-P` keeps the working folder's files from being imported."""
    return [sys.executable, "-P", "-m", "console.hardware.probe", name, *options]


def environment() -> dict[str, str]:
    """The child's environment: ours, and this checkout's `console` wherever it runs from."""
    root = str(Path(__file__).resolve().parents[2])
    inherited = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in (inherited, root) if p)}


def ask(name: str, command: Sequence[str], timeout_s: float) -> Answer:
    """Run `command` and return its one JSON document. Never raises; never waits past the timeout."""
    try:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(),
            start_new_session=True,
        )
    except OSError as error:
        return Answer(name, problem=f"the probe could not be started: {clean_text(error)}")
    received = bytearray()
    reader = threading.Thread(target=_read, args=(child, received), daemon=True)
    reader.start()
    reader.join(timeout_s)
    if reader.is_alive():
        end(child)
        return Answer(name, problem=f"no answer within {timeout_s:g} s")
    code = _reap(child)
    return _understood(name, bytes(received), code)


def _read(child: subprocess.Popen[bytes], received: bytearray) -> None:
    assert child.stdout is not None
    with contextlib.suppress(OSError, ValueError), child.stdout as stream:
        received += stream.read(ANSWER_LIMIT + 1)


def _reap(child: subprocess.Popen[bytes]) -> int | None:
    """The exit code of a child that closed its output; one that lingers is killed."""
    try:
        return child.wait(timeout=REAP_S)
    except subprocess.TimeoutExpired:
        end(child)
        return child.returncode


def end(child: subprocess.Popen[bytes]) -> None:
    """Kill the child and all that it started (it leads its own process group)."""
    with contextlib.suppress(OSError):
        if sys.platform == "win32":
            child.kill()
        else:
            os.killpg(child.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(timeout=REAP_S)


def _understood(name: str, received: bytes, code: int | None) -> Answer:
    """What the child's output and exit code amount to."""
    if len(received) > ANSWER_LIMIT:
        return Answer(name, problem=f"it answered more than {ANSWER_LIMIT // 1024} kB")
    if not received.strip():
        return Answer(name, problem=f"the probe {how_it_ended(code)} without an answer")
    try:
        document = json.loads(received)
    except (ValueError, RecursionError):
        return Answer(name, problem="its answer is not JSON")
    facts = document.get("facts") if isinstance(document, dict) else None
    if isinstance(facts, dict):
        return Answer(name, facts=facts)
    error = document.get("error") if isinstance(document, dict) else None
    return Answer(name, problem=clean_text(error or "its answer has no facts"))


def how_it_ended(code: int | None) -> str:
    """`crashed (SIGABRT)`, `ended (exit code 2)`."""
    if code is None:
        return "could not be ended"
    if code < 0:
        known = {int(member): member.name for member in signal.Signals}
        return f"crashed ({known.get(-code, f'signal {-code}')})"
    return f"ended (exit code {code})"
