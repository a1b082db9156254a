"""Themes: TOML files that give every role on screen its colour.

A theme names colours (`#rrggbb`, an ansi name such as `cyan`, or `default`); which role uses which colour
is fixed here, so that a file stays short. Meaning is never in the colour alone.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path

import msgspec
from rich.color import ColorParseError
from rich.style import Style

from console.tui.rows import Role

DEFAULT = "lantern"
COLOURLESS = "terminal"
"""Used under NO_COLOR: its native colours can be left out altogether, the terminal's background stays."""
FILE_BYTES_LIMIT = 64 * 1024


class ThemeError(Exception):
    """A theme file cannot be used; the text says why."""


class Colours(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the file gives: a ground to write on, inks, and the colours of good and bad news."""

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


class ThemeFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One theme."""

    name: str
    about: str
    colours: Colours
    dark: bool = True
    native: bool = False
    """The terminal's own sixteen colours, left to the terminal."""


class Look:
    """A theme, ready to draw with: one style for each role."""

    def __init__(self, theme: ThemeFile) -> None:
        self.theme = theme
        c = theme.colours
        back, raised = c.back, c.raised
        badge = {name: self._badge(ink, back) for name, ink in _badges(c)}
        self._styles: dict[Role, Style] = {
            "text": _style(c.text, back),
            "strong": _style(c.text, back, bold=True),
            "dim": _style(c.dim, back),
            "rule": _style(c.rule, back),
            "title": _style(c.title, back, bold=True),
            "focus": _style(c.accent, back, bold=True),
            "accent": _style(c.accent, back),
            "good": _style(c.good, back),
            "warn": _style(c.warn, back),
            "bad": _style(c.bad, back, bold=True),
            "bar": _style(c.chart, back),
            "track": _style(c.track, back),
            "key": _style(c.accent, back, bold=True),
            "bar_text": _style(c.text, raised),
            "bar_dim": _style(c.dim, raised),
            "bar_strong": _style(c.title, raised, bold=True),
            "bar_key": _style(c.accent, raised, bold=True),
            "cursor": Style(reverse=True) if theme.native else _style(c.text, c.cursor, bold=True),
            **badge,  # type: ignore[dict-item]
        }
        self._faded: dict[Role, Style] = {role: self._styles[_faded_role(role)] for role in self._styles}

    def _badge(self, ink: str, back: str) -> Style:
        if self.theme.native:
            return _style(ink, back, bold=True) + Style(reverse=True)
        return _style(back, ink, bold=True)

    def style(self, role: Role, faded: bool = False) -> Style:
        """How `role` is drawn; `faded` for values that are no longer known to be true."""
        return (self._faded if faded else self._styles)[role]


def read_theme(path: Path) -> ThemeFile:
    """The theme in `path`.

    Raises:
        ThemeError: unreadable, not TOML, a key missing or unknown, or a colour that is none.
    """
    try:
        data = path.read_bytes()
        if len(data) > FILE_BYTES_LIMIT:
            raise ThemeError(f"{path.name}: too large for a theme")
        theme = msgspec.convert(tomllib.loads(data.decode()), ThemeFile)
        Look(theme)
    except OSError as error:
        raise ThemeError(f"{path.name}: cannot be read ({error.strerror})") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ThemeError(f"{path.name}: {error}") from error
    except ColorParseError as error:
        raise ThemeError(f"{path.name}: {error}") from error
    return theme


def read_themes(folders: Iterable[Path]) -> tuple[dict[str, ThemeFile], list[str]]:
    """Every theme of `folders` by name, later folders before earlier ones, and what is wrong with others."""
    themes: dict[str, ThemeFile] = {}
    wrong: list[str] = []
    for folder in folders:
        for path in sorted(folder.glob("*.toml")):
            try:
                theme = read_theme(path)
            except ThemeError as error:
                wrong.append(str(error))
            else:
                themes[theme.name] = theme
    return themes, wrong


def shipped_folder() -> Path:
    """Where the shipped themes lie: beside the package, in a checkout as in an installation."""
    return Path(__file__).resolve().parents[2] / "themes"


def _faded_role(role: Role) -> Role:
    if role in ("rule", "track"):
        return role
    return "bar_dim" if role.startswith("bar_") else "dim"


def _badges(c: Colours) -> list[tuple[str, str]]:
    return [("badge_good", c.good), ("badge_warn", c.warn), ("badge_bad", c.bad), ("badge_calm", c.chart)]


def _style(ink: str, back: str, *, bold: bool = False) -> Style:
    return Style(color=ink, bgcolor=back, bold=bold or None)
