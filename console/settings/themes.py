"""Theme files found: which themes there are in folders, and which of them to wear. Drawn with elsewhere.

What a file may say stands in `theme_file`.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from console.settings.theme_file import (
    FILE_BYTES_LIMIT,
    Problem,
    ThemeError,
    ThemeFile,
    is_name,
    parse_theme,
)

DEFAULT = "lantern"
NATIVE = {True: "terminal", False: "terminal-light"}
"""The theme of the terminal's own colours, for a dark ground (True) and a light one: where there are only
sixteen colours, and under NO_COLOR, since its colours can be left out altogether."""
FILES_LIMIT = 200
"""Of one folder; more are not looked at."""


def shipped_folder() -> Path:
    """Where the shipped themes lie: beside the package, in a checkout as in an installation."""
    return Path(__file__).resolve().parents[2] / "themes"


def read_theme(path: Path) -> ThemeFile:
    """The theme in `path`.

    Raises:
        ThemeError: unreadable, or as `parse_theme`.
    """
    try:
        with path.open("rb") as file:
            data = file.read(FILE_BYTES_LIMIT + 1)
    except OSError as error:
        why = f"cannot be read ({error.strerror})"
        raise ThemeError(path.name, [Problem("", why, "Give yourself read access to it.")]) from error
    return parse_theme(data, path.name)


def theme_files(folders: Iterable[Path]) -> list[Path]:
    """The theme files of `folders`, in order; a folder that is not there has none."""
    return [path for folder in folders for path in sorted(folder.glob("*.toml"))[:FILES_LIMIT]]


def read_themes(folders: Iterable[Path]) -> tuple[dict[str, ThemeFile], list[str]]:
    """Every theme of `folders` by name, later folders before earlier ones, and what is wrong with others."""
    themes: dict[str, ThemeFile] = {}
    wrong: list[str] = []
    for path in theme_files(folders):
        try:
            theme = read_theme(path)
        except ThemeError as error:
            wrong.append(str(error))
        else:
            themes[theme.name] = theme
    return themes, wrong


def find_theme(name: str, folders: Iterable[Path]) -> ThemeFile | None:
    """The theme `name`, from the last of `folders` that has it; None when none has.

    Of each folder a file that is called after its theme is tried first, so that few need to be read.
    """
    for folder in reversed(list(folders)):
        theme = _called(name, folder) or read_themes((folder,))[0].get(name)
        if theme is not None:
            return theme
    return None


def _called(name: str, folder: Path) -> ThemeFile | None:
    try:
        theme = read_theme(folder / f"{name}.toml") if is_name(name) else None
    except ThemeError:
        return None
    return theme if theme is not None and theme.name == name else None


def suited(wanted: str, *, few_colours: bool, dark_ground: bool | None, folders: Iterable[Path]) -> str:
    """The name of the theme to wear where `wanted` (empty: the console's own) is asked for.

    Where there are only sixteen colours a theme of finer ones would be a mess: it gives way to the terminal's
    own colours, dark or light as the terminal is, or as the wanted theme is when that is not known.
    """
    if not few_colours:
        return wanted
    theme = find_theme(wanted or DEFAULT, folders)
    if theme is not None and theme.native:
        return wanted
    return NATIVE[dark_ground if dark_ground is not None else theme is None or theme.dark]
