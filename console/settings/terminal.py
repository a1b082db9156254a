"""What the terminal can show: glyphs or ASCII, how many colours, the mouse; and what stands for a glyph.

The operator's own locale variables decide about glyphs. Python alone would call every terminal capable: where
it finds the C locale, as in most rented containers, it sets LC_CTYPE by itself.
"""

from __future__ import annotations

import codecs
import io
import locale
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, TextIO

ASCII_GLYPHS = {
    **dict.fromkeys("─−–▄—▔", "-"),
    **dict.fromkeys("╭╮╰╯┬┴├┤┼▆", "+"),
    **dict.fromkeys("▸→", ">"),
    **dict.fromkeys("·…░▂", "."),
    **dict.fromkeys("○◌◐", "o"),
    **dict.fromkeys("✗×", "x"),
    **dict.fromkeys("●▇", "*"),
    **dict.fromkeys("‖▅", "="),
    **dict.fromkeys("↑▴", "^"),
    **dict.fromkeys("↓▾✓", "v"),
    **{"│": "|", "▲": "!", "µ": "u", "°": " ", "±": "~", "▁": "_", "▃": ",", "█": "#"},
}
"""One ASCII character for each glyph that Quarterdeck draws with; `?` stands for any other."""
_ERRORS = "quarterdeck-ascii"

Depth = Literal["none", "16", "256", "16 million"]
"""How many colours a terminal has."""
_NAMED_DEPTHS: dict[str, Depth] = {"truecolor": "16 million", "256": "256", "standard": "16"}
COLOUR_SYSTEMS: dict[Depth, str] = {depth: name for name, depth in _NAMED_DEPTHS.items()}
"""The same in the words of `$TEXTUAL_COLOR_SYSTEM`, by which an operator may overrule all that is found."""
_DEEP = ("kitty", "ghostty", "alacritty", "foot", "wezterm", "contour", "rio")
"""Terminals that have all colours and say so in COLORTERM, which SSH does not pass on."""


def speaks_utf8() -> bool:
    """Whether this terminal's locale can show more than ASCII."""
    capable = locale.getpreferredencoding(False).lower().replace("-", "") == "utf8"
    return capable and promises_utf8(_environment_at_start())


def promises_utf8(environment: Mapping[str, str]) -> bool:
    """Whether the locale variables name UTF-8; one that is not set promises nothing."""
    names = ("LC_ALL", "LC_CTYPE", "LANG")
    return "utf" in next((environment[name] for name in names if environment.get(name)), "").lower()


def shows_glyphs(environment: Mapping[str, str]) -> bool:
    """Whether the terminal has the glyphs that Quarterdeck draws with. The Linux console speaks UTF-8, but
    its fonts have no more than 512 glyphs, few of ours among them."""
    return environment.get("TERM") != "linux" and speaks_utf8()


def colour_depth(environment: Mapping[str, str]) -> Depth:
    """How many colours the environment promises."""
    named = _NAMED_DEPTHS.get(environment.get("TEXTUAL_COLOR_SYSTEM", ""))
    if named is not None:
        return named
    term = environment.get("TERM", "")
    # GNU screen inherits COLORTERM from the terminal it was started in, and garbles the colours it promises.
    in_screen = "STY" in environment and "TMUX" not in environment
    if not in_screen and environment.get("COLORTERM", "").lower() in ("truecolor", "24bit"):
        return "16 million"
    if term.endswith("-direct") or any(part in _DEEP for part in term.split("-")):
        return "16 million"
    if "256color" in term:
        return "256"
    return "none" if term in ("", "dumb") else "16"


def dark_ground(environment: Mapping[str, str]) -> bool | None:
    """Whether the terminal's own ground is dark, where it says so in COLORFGBG; None: it does not."""
    ground = environment.get("COLORFGBG", "").rpartition(";")[2]
    if not ground.isdecimal() or int(ground) > 15:
        return None
    return int(ground) in (0, 1, 2, 3, 4, 5, 6, 8)


def takes_mouse(setting: Literal["auto", "on", "off"], environment: Mapping[str, str]) -> bool:
    """Whether the mouse is used. Not over SSH unless asked for: a line that drops would leave the shell with
    reports that it does not understand."""
    return setting == "on" or (setting == "auto" and not environment.get("SSH_CONNECTION"))


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
