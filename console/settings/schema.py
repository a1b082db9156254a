"""Every setting in words: what it is for, what it may be, and when a change takes effect. Pure.

The Settings screen, `quarterdeck config` and the tests read this; types stand in `console.settings.config`,
what is done with values in `console.settings.values`.
"""

from __future__ import annotations

import math
from typing import Literal

import msgspec

Value = str | int | float | bool
Kind = Literal["text", "whole", "number", "switch", "choice", "table"]
Takes = Literal["now", "console", "agent"]
TAKES_WORDS: dict[Takes, str] = {
    "now": "takes effect at once",
    "console": "takes effect when the console starts again",
    "agent": "takes effect when the agent starts again",
}


class Setting(msgspec.Struct, frozen=True):
    """One key of the configuration. `table` is edited in the file alone."""

    section: str
    key: str
    kind: Kind
    title: str
    explanation: str
    takes: Takes
    least: float = -math.inf
    most: float = math.inf
    choices: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """`section.key`."""
        return f"{self.section}.{self.key}"


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "node",
        "name",
        "text",
        "Name of this node",
        "Shown to other people; empty: derived from its id.",
        "agent",
    ),
    Setting(
        "node",
        "coordinator",
        "text",
        "Network",
        "Address of the network, e.g. ws://127.0.0.1:8800/net/v1/ws or nats://host:4222.",
        "agent",
    ),
    Setting(
        "engine",
        "model",
        "text",
        "Model",
        "A catalogue name, or the path of a GGUF file; see Models (6).",
        "agent",
    ),
    Setting(
        "engine",
        "context",
        "whole",
        "Context",
        "Tokens of one sequence, prompt and answer together.",
        "agent",
        128,
        1_048_576,
    ),
    Setting(
        "engine",
        "threads",
        "whole",
        "Threads",
        "For the processor; 0: as many as free physical cores.",
        "agent",
        0,
        512,
    ),
    Setting(
        "engine",
        "gpu_layers",
        "whole",
        "Layers on the GPU",
        "0: the processor alone; -1: as many as fit.",
        "agent",
        -1,
        1000,
    ),
    Setting(
        "engine",
        "slots",
        "whole",
        "Slots",
        "Answers at once; 0: as many as memory holds and as are measured to help.",
        "agent",
        0,
        64,
    ),
    Setting(
        "engine",
        "local_port",
        "whole",
        "Port for your programs",
        "On this machine only, OpenAI-compatible; 0: none. Their key is the file local.key.",
        "agent",
        0,
        65_535,
    ),
    Setting(
        "engine",
        "local_priority",
        "choice",
        "Your own programs go",
        "Against the network's jobs: first, equal, or last.",
        "agent",
        choices=("first", "equal", "last"),
    ),
    Setting(
        "engine",
        "token_timeout_s",
        "number",
        "Patience for a token",
        "Seconds: a running job that gives no token for so long has its engine restarted.",
        "agent",
        1,
        3600,
    ),
    Setting(
        "engine",
        "start_timeout_s",
        "number",
        "Patience for a start",
        "Seconds: an engine that is not ready after so long is started again.",
        "agent",
        5,
        3600,
    ),
    Setting(
        "screen",
        "theme",
        "text",
        "Theme",
        "Its name; empty: the console's own. `t` goes through them.",
        "now",
    ),
    Setting("screen", "ascii", "switch", "ASCII only", "Draw without any glyph beyond ASCII.", "console"),
    Setting(
        "screen", "hz", "number", "Repaints a second", "0: 2, or 1 over SSH; at most 5.", "console", 0, 5
    ),
    Setting(
        "screen",
        "mouse",
        "choice",
        "Mouse",
        "auto: not over SSH, where a dropped line would leave its codes behind.",
        "console",
        choices=("auto", "on", "off"),
    ),
    Setting(
        "screen",
        "read_only",
        "switch",
        "Read-only",
        "Show everything, change nothing: for a screen that others see.",
        "console",
    ),
    Setting(
        "screen",
        "keys",
        "table",
        "Keys",
        'Other keys for commands, e.g. pause = "P" under [screen.keys]; edit the file.',
        "console",
    ),
    Setting(
        "power",
        "watts",
        "number",
        "Watts at work",
        "Drawn by the whole machine while it works; 0: what the GPUs' drivers measure.",
        "agent",
        0,
        100_000,
    ),
    Setting(
        "power", "idle_watts", "number", "Watts at rest", "Drawn while it does not work.", "agent", 0, 100_000
    ),
    Setting(
        "power",
        "price_per_kwh",
        "number",
        "Price of electricity",
        "Per kilowatt hour; 0: not given.",
        "agent",
        0,
        1000,
    ),
    Setting("power", "currency", "text", "Currency", "Of that price.", "agent"),
    Setting(
        "power",
        "credit_price",
        "number",
        "Price of a credit",
        "What you reckon one credit at, for the net; 0: not given.",
        "agent",
        0,
        1_000_000,
    ),
    Setting("notify", "desktop", "switch", "Call on the desktop", "Through notify-send.", "agent"),
    Setting("notify", "ntfy", "text", "Call by ntfy", "Address of an ntfy topic; empty: not.", "agent"),
    Setting(
        "notify",
        "webhook",
        "text",
        "Call a webhook",
        "Address that gets a POST of JSON; empty: not.",
        "agent",
    ),
    Setting(
        "notify",
        "per_hour",
        "whole",
        "Calls an hour",
        "At most so many; the rest is counted.",
        "agent",
        1,
        60,
    ),
)
BY_NAME = {setting.name: setting for setting in SETTINGS}
