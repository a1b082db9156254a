"""What other consoles cost on this machine, in the very same terminal: btop and htop."""

from __future__ import annotations

import os
import shutil
import tempfile

from benches.rows import Row, say
from benches.terminal import Terminal

WATCH_S = 20.0
SETTLE_S = 3.0


def measure(sizes: tuple[tuple[int, int], ...]) -> list[Row]:
    """Rows of those that are installed; one that is not is said, and left out."""
    rows: list[Row] = []
    for name in ("htop", "btop"):
        path = shutil.which(name)
        if path is None:
            say(f"{name} is not installed, and left out")
            continue
        for columns, lines in sizes:
            rows += _watch(name, path, columns, lines)
    return rows


def _watch(name: str, path: str, columns: int, lines: int) -> list[Row]:
    say(f"{name} at {columns}×{lines} for {WATCH_S:.0f} s")
    with tempfile.TemporaryDirectory(prefix="qd-bench-") as home:
        environment = os.environ | {
            "HOME": home, "XDG_CONFIG_HOME": home, "TERM": "xterm-256color", "COLORTERM": "truecolor",
            "LC_ALL": "C.UTF-8",
        }  # fmt: skip
        with Terminal((path,), columns, lines, environment) as terminal:
            terminal.read_for(SETTLE_S)
            first = terminal.chunks[0].at_s if terminal.chunks else SETTLE_S
            painted = sum(len(chunk.data) for chunk in terminal.chunks if chunk.at_s < first + 0.5)
            usage = terminal.watch(WATCH_S)
            memory = terminal.rss_mb()
    case = f"{name}, {columns}×{lines}"
    return [
        Row(f"{case}: first bytes", first, "s"),
        Row(f"{case}: first half second", painted / 1000, "kB"),
        Row(f"{case}: written", usage.kb_per_s, "kB/s"),
        Row(f"{case}: processor", usage.cpu_percent, "% of a core"),
        Row(f"{case}: memory", memory, "MB RSS"),
    ]
