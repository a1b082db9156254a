"""Copying through the terminal: OSC 52, wrapped where tmux or GNU screen stands between. Pure.

Whether a terminal takes it cannot be known, so nobody may claim that it did; the text is always shown too.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping

TEXT_LIMIT = 8_000
"""Characters; terminals refuse much longer ones, and nothing here is."""
SCREEN_PIECE = 600
"""GNU screen passes strings of at most 768 bytes on."""


def osc52(text: str, environment: Mapping[str, str]) -> str:
    """What to write so that the terminal takes `text` into its clipboard.

    tmux passes it on with `set -g allow-passthrough on`, or takes it itself with `set-clipboard on`; it is
    therefore written both wrapped and plain.
    """
    data = base64.b64encode(text[:TEXT_LIMIT].encode("utf-8", "replace")).decode()
    plain = f"\x1b]52;c;{data}\x07"
    if environment.get("TMUX"):
        inside = plain.replace("\x1b", "\x1b\x1b")
        return f"\x1bPtmux;{inside}\x1b\\{plain}"
    if environment.get("STY"):
        pieces = [plain[at : at + SCREEN_PIECE] for at in range(0, len(plain), SCREEN_PIECE)]
        return "".join(f"\x1bP{piece}\x1b\\" for piece in pieces)
    return plain
