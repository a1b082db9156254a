"""What the terminal can show: more than ASCII or not, and what stands for a glyph where it cannot.

The operator's own locale variables decide. Python alone would call every terminal capable: where it finds the
C locale, as in most rented containers, it sets LC_CTYPE by itself.
"""

from __future__ import annotations

import codecs
import io
import locale
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

ASCII_GLYPHS = {
    **dict.fromkeys("─−–▄—", "-"),
    **dict.fromkeys("╭╮╰╯┬┴├┤┼▆", "+"),
    **dict.fromkeys("▸→", ">"),
    **dict.fromkeys("·…░▂", "."),
    **dict.fromkeys("○◌◐", "o"),
    **dict.fromkeys("✗×", "x"),
    **dict.fromkeys("●▇", "*"),
    **dict.fromkeys("‖▅", "="),
    **{"│": "|", "▲": "!", "↑": "^", "✓": "v", "µ": "u", "°": " ", "▁": "_", "▔": "-", "▃": ",", "█": "#"},
}
"""One ASCII character for each glyph that Quarterdeck draws with; `?` stands for any other."""
_ERRORS = "quarterdeck-ascii"


def speaks_utf8() -> bool:
    """Whether this terminal's locale can show more than ASCII."""
    capable = locale.getpreferredencoding(False).lower().replace("-", "") == "utf8"
    return capable and promises_utf8(_environment_at_start())


def promises_utf8(environment: Mapping[str, str]) -> bool:
    """Whether the locale variables name UTF-8; one that is not set promises nothing."""
    names = ("LC_ALL", "LC_CTYPE", "LANG")
    return "utf" in next((environment[name] for name in names if environment.get(name)), "").lower()


def speak_ascii(stream: TextIO) -> None:
    """From now on `stream` writes ASCII alone; glyphs turn into what stands for them."""
    codecs.register_error(_ERRORS, _stand_in)
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(encoding="ascii", errors=_ERRORS)


def _stand_in(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(ASCII_GLYPHS.get(c, "?") for c in error.object[error.start : error.end]), error.end


def _environment_at_start() -> Mapping[str, str]:
    """The variables as the operator set them. Only Linux still tells them; elsewhere the present ones."""
    try:
        told = Path("/proc/self/environ").read_bytes()
    except OSError:
        return os.environ
    pairs = (item.partition("=") for item in os.fsdecode(told).split("\0"))
    return {name: value for name, _, value in pairs}
