"""The wardrobe: which themes there are, which one is worn, and telling Textual about it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from textual.theme import BUILTIN_THEMES, Theme

from console.tui.themes import (
    COLOURLESS,
    DEFAULT,
    Look,
    ThemeError,
    ThemeFile,
    read_theme,
    read_themes,
    shipped_folder,
)

if TYPE_CHECKING:
    from console.tui.app import QuarterdeckApp


class Wardrobe:
    """Reads one theme before the first paint, and the others after it."""

    def __init__(
        self, app: QuarterdeckApp, folders: tuple[Path, ...], wanted: str, *, colourless: bool
    ) -> None:
        self._app = app
        self._folders = (shipped_folder(), *folders)
        self._wrong: list[str] = []
        name = COLOURLESS if colourless else wanted or DEFAULT
        theme = self._find(name)
        self.themes: dict[str, ThemeFile] = {theme.name: theme}
        self.look = Look(theme)
        self._tell(theme)

    def _find(self, name: str) -> ThemeFile:
        for folder in reversed(self._folders):
            path = folder / f"{name}.toml"
            if path.is_file():
                try:
                    return read_theme(path)
                except ThemeError:
                    continue
        themes, _ = read_themes(self._folders)
        if name not in themes:
            self._wrong.append(f"there is no theme {name!r}")
        return themes.get(name) or themes[DEFAULT]

    def open(self) -> None:
        """Read all themes; whatever is wrong with them is one toast."""
        themes, wrong = read_themes(self._folders)
        for theme in themes.values():
            if theme.name not in self.themes:
                self.themes[theme.name] = theme
                self._app.register_theme(_for_textual(theme))
        wrong = [*self._wrong, *wrong]
        if wrong:
            self._app.say("Themes: " + "; ".join(wrong) + ". The others work.", "warning")

    def wear(self, name: str) -> None:
        """Change to the theme `name`."""
        theme = self.themes[name]
        self.look = Look(theme)
        self._tell(theme)
        for screen in self._app.screen_stack:
            repaint = getattr(screen, "repaint_all", None)
            if repaint is not None:
                repaint()

    def wear_next(self) -> None:
        """Change to the theme after this one."""
        names = sorted(self.themes)
        self.wear(names[(names.index(self.look.theme.name) + 1) % len(names)])

    def _tell(self, theme: ThemeFile) -> None:
        self._app.register_theme(_for_textual(theme))
        self._app.theme = theme.name


def _for_textual(theme: ThemeFile) -> Theme:
    """The same theme for the parts that Textual draws: palette, toasts."""
    c = theme.colours
    ink = _native if theme.native else _same
    like = "ansi-dark" if theme.dark else "ansi-light"
    return Theme(
        name=theme.name,
        primary=ink(c.accent),
        secondary=ink(c.title),
        accent=ink(c.accent),
        warning=ink(c.warn),
        error=ink(c.bad),
        success=ink(c.good),
        foreground=ink(c.text),
        background=ink(c.back),
        surface=ink(c.raised),
        panel=ink(c.raised),
        boost=ink(c.raised),
        dark=theme.dark,
        ansi=theme.native,
        variables=dict(BUILTIN_THEMES[like].variables) if theme.native else {},
    )


def _native(name: str) -> str:
    return f"ansi_{name}"


def _same(name: str) -> str:
    return name
