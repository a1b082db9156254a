"""Child process: ask one source, print one JSON document on the real stdout, leave at once.

    python -m console.hardware.probe NAME [--root DIR] [--folder DIR]

Drivers print: file descriptor 1 is pointed at stderr before anything else, so that a stray line cannot
spoil the answer. Exit code 0 with a document, whatever the source did; anything else is a crash.
"""

from __future__ import annotations

import importlib
import json
import math
import os
import sys
from pathlib import Path

NAMES = ("cpu", "memory", "disk", "pci", "nvidia", "cuda", "amd", "intel", "apple", "runtime")
ROOTED = ("cpu", "memory", "disk", "pci", "amd", "intel")
"""Probes that read files and can be pointed at a recorded tree."""


def real_stdout() -> int:
    """A descriptor of the real stdout; descriptor 1 itself goes where stderr goes from now on."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    return kept


def plain(value: object) -> object:
    """`value` as JSON can carry it: NaN, infinities and foreign objects become words."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def ask(name: str, root: Path, folder: Path) -> dict[str, object]:
    """The answer of probe `name`, or `{"error": …}` with what it raised."""
    try:
        module = importlib.import_module(f"console.hardware.probes.{name}")
        arguments = [root] if name in ROOTED else []
        return {"facts": module.probe(*arguments, *([folder] if name == "disk" else []))}
    except BaseException as error:
        return {"error": f"{type(error).__name__}: {error}"}


def no_core_dump() -> None:
    """A driver that aborts shall not leave its core on the operator's disk."""
    if sys.platform != "win32":
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (0, hard))


def write_line(descriptor: int, document: object) -> None:
    """Write `document` as one line of JSON."""
    data = json.dumps(plain(document)).encode() + b"\n"
    while data:
        data = data[os.write(descriptor, data) :]


def main(arguments: list[str]) -> int:
    """Run one probe as the command line says."""
    if not arguments or arguments[0] not in NAMES:
        sys.stderr.write(f"usage: python -m console.hardware.probe {{{','.join(NAMES)}}}\n")
        return 2
    options = dict(zip(arguments[1::2], arguments[2::2], strict=False))
    stdout = real_stdout()
    no_core_dump()
    root, folder = Path(options.get("--root", "/")), Path(options.get("--folder", "."))
    write_line(stdout, ask(arguments[0], root, folder))
    return 0


if __name__ == "__main__":
    code = main(sys.argv[1:])
    # Not sys.exit: a driver's exit handlers may hang or crash after the answer is out.
    os._exit(code)
