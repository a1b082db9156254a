"""A theme file: TOML that names the console's colours. What it may say, and what is wrong with one. Pure.

A theme gives a ground to write on, inks, and the colours of good and bad news. Which part of the screen uses
which is the console's affair, so that a file stays short.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

FILE_BYTES_LIMIT = 64 * 1024
FAINT = "faint"
"""The terminal's own ink, drawn faintly: readable with every palette, unlike bright_black."""
TERMINAL_INKS = (
    "default", "black", "red", "green", "yellow", "blue", "magenta", "cyan", "white",
    "bright_black", "bright_red", "bright_green", "bright_yellow", "bright_blue", "bright_magenta",
    "bright_cyan", "bright_white",
)  # fmt: skip
GROUNDS = ("back", "raised", "cursor")

_HEX = re.compile(r"#[0-9a-fA-F]{6}")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")


class Colours(msgspec.Struct, frozen=True):
    """What a file gives: a ground to write on, inks, and the colours of good and bad news."""

    back: str
    raised: str
    """Behind the status line, the footer and dialogs."""
    cursor: str
    """Behind the chosen row."""
    text: str
    dim: str
    rule: str
    title: str
    accent: str
    good: str
    warn: str
    bad: str
    chart: str
    track: str
    """The empty part of a gauge."""


class ThemeFile(msgspec.Struct, frozen=True):
    """One theme."""

    name: str
    about: str
    colours: Colours
    dark: bool = True
    native: bool = False
    """The terminal's own sixteen colours, left to the terminal."""


class Problem(NamedTuple):
    """What is wrong with one key of a theme, and what to do; `key` is empty when it is about the file."""

    key: str
    text: str
    remedy: str

    @property
    def sentence(self) -> str:
        """All of it in one line."""
        return f"{self.key}: {self.text}" if self.key else self.text


class ThemeError(Exception):
    """A theme file cannot be used; `problems` says everything that is wrong, the text the first."""

    def __init__(self, file: str, problems: list[Problem]) -> None:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        super().__init__(f"{file}: {problems[0].sentence}{more}")
        self.problems = problems


def parse_theme(data: bytes, file: str) -> ThemeFile:
    """The theme that `data`, of a file named `file`, says.

    Raises:
        ThemeError: too large, not TOML, a key missing, unknown or of a wrong type, or a colour that is none.
    """
    if len(data) > FILE_BYTES_LIMIT:
        raise ThemeError(file, [Problem("", "too large for a theme", "A theme needs less than 2 kB.")])
    try:
        table = tomllib.loads(data.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ThemeError(file, [Problem("", f"not TOML: {error}", "Mend that place.")]) from error
    problems = list(_problems(table))
    if problems:
        raise ThemeError(file, problems)
    return msgspec.convert(table, ThemeFile)


def is_name(text: str) -> bool:
    """Whether a theme may be called so."""
    return _NAME.fullmatch(text) is not None


def _problems(table: Mapping[str, Any]) -> Iterable[Problem]:
    fields = set(ThemeFile.__struct_fields__)
    yield from _strays(table, fields, "")
    name = table.get("name")
    if not isinstance(name, str) or not is_name(name):
        yield Problem("name", _seen(name, "no theme's name"), 'Up to 32 of a-z, 0-9, - and _: name = "night"')
    if not isinstance(table.get("about"), str):
        yield Problem("about", _seen(table.get("about"), "no text"), 'Say in a line what it is: about = "…"')
    for key in ("dark", "native"):
        if not isinstance(table.get(key, False), bool):
            yield Problem(key, _seen(table[key], "neither true nor false"), f"{key} = true, or false.")
    colours = table.get("colours")
    if not isinstance(colours, dict):
        yield Problem("colours", "missing", "Give a table [colours], as the shipped themes do.")
        return
    yield from _strays(colours, set(Colours.__struct_fields__), "colours.")
    missing = [key for key in Colours.__struct_fields__ if key not in colours]
    if missing:
        remedy = "Every colour is given; a copy of a shipped theme is a good start."
        yield Problem("colours", f"missing {', '.join(missing)}", remedy)
    for key in Colours.__struct_fields__:
        if key in colours:
            yield from _colour_problems(key, colours[key], native=table.get("native") is True)


def _colour_problems(key: str, value: object, *, native: bool) -> Iterable[Problem]:
    where = f"colours.{key}"
    if native and (value not in TERMINAL_INKS) and not (value == FAINT and key not in GROUNDS):
        remedy = f"A native theme has names only: {', '.join(TERMINAL_INKS[:9])}, bright_…, or faint."
        yield Problem(where, _seen(value, "no colour of a terminal"), remedy)
    elif not native and not (isinstance(value, str) and _HEX.fullmatch(value)):
        remedy = "Write #rrggbb; for the terminal's own colours add native = true."
        yield Problem(where, _seen(value, "no colour"), remedy)


def _strays(table: Mapping[str, Any], known: set[str], where: str) -> Iterable[Problem]:
    for key in table:
        if key not in known:
            near = difflib.get_close_matches(key, known, 1)
            remedy = f"Did you mean {near[0]}?" if near else f"Known are {', '.join(sorted(known))}."
            yield Problem(f"{where}{_short(key)}", "not a key of themes", remedy)


def _seen(value: object, what: str) -> str:
    return "missing" if value is None else f"{_short(value)} is {what}"


def _short(value: object) -> str:
    """What a file says, fit to be shown: printable and not endless."""
    text = str(value)[:40]
    return "".join(char if char.isprintable() else "?" for char in text)
