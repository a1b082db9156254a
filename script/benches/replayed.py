"""An hour of a recording, at speed: whether the console's memory grows with what it has seen."""

from __future__ import annotations

import sys

from benches.rows import Row, say
from benches.terminal import Terminal
from console.control.recording import Recording, demo

SPEED = 60
SECONDS = 60.0
BEGIN_S = 8.0
COLUMNS, LINES = 120, 40
SCREENS = "2345678w1"


def measure(environment: dict[str, str]) -> list[Row]:
    """Rows; a minute and a half. The recording begins again whenever it is over."""
    recorded = Recording(demo())
    lasts_s = ((recorded.ends_ms or 0) - (recorded.begins_ms or 0)) / 1000
    say(
        f"{SECONDS * SPEED / 3600:.0f} h of the shipped recording ({lasts_s:.0f} s of it, looped) at {SPEED}x"
    )
    command = (sys.executable, "-m", "console", "replay", "demo", "--speed", str(SPEED), "--loop")
    with Terminal(command, COLUMNS, LINES, environment) as terminal:
        terminal.read_until(b"REPLAY", 30)
        terminal.read_for(BEGIN_S)
        for key in SCREENS:
            terminal.press(key)
            terminal.read_for(1.0)
        before_mb = terminal.rss_mb()
        usage = terminal.watch(SECONDS)
        for key in SCREENS:
            terminal.press(key)
            terminal.read_for(1.0)
        after_mb = terminal.rss_mb()
    case = f"an hour of the recording at {SPEED}×, {COLUMNS}×{LINES}"
    return [
        Row(f"{case}: memory before, all screens seen", before_mb, "MB RSS"),
        Row(f"{case}: memory after", after_mb, "MB RSS", 60),
        Row(f"{case}: written", usage.kb_per_s, "kB/s"),
        Row(f"{case}: processor", usage.cpu_percent, "% of a core"),
    ]
