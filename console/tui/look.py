"""The wardrobe: which themes there are, which one is worn, what changed on disk, and telling Textual."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from textual.theme import BUILTIN_THEMES, Theme

from console.settings.theme_file import FAINT, ThemeError, ThemeFile
from console.settings.themes import DEFAULT, NATIVE, find_theme, read_theme, shipped_folder, theme_files
from console.tui.themes import Look

if TYPE_CHECKING:
    from console.tui.app import QuarterdeckApp

LOOK_EVERY_S = 2.0
"""How often the files are looked at: their times and sizes alone, so that it costs nothing to speak of."""
Stamp = tuple[int, int]
"""When a file was written, in nanoseconds, and its size."""


class Kept(NamedTuple):
    """One file as last read: the last theme in it that was sound, and what is wrong with it now."""

    stamp: Stamp
    theme: ThemeFile | None
    wrong: str


class Wardrobe:
    """Reads one theme before the first paint, the others after it, and from then on whichever changes."""

    def __init__(
        self, app: QuarterdeckApp, folders: tuple[Path, ...], wanted: str, *, colourless: bool
    ) -> None:
        self._app = app
        self._folders = (shipped_folder(), *folders)
        self._files: dict[Path, Kept] = {}
        self._changes = 0
        name = NATIVE[True] if colourless else wanted or DEFAULT
        found = find_theme(name, self._folders)
        self._missing = "" if found else name
        theme = found or read_theme(shipped_folder() / f"{DEFAULT}.toml")
        self.themes: dict[str, ThemeFile] = {theme.name: theme}
        self.look = Look(theme)
        self._tell(theme)

    def open(self) -> None:
        """Read all themes, and look at the files again from time to time."""
        missing = f"there is no theme {self._missing!r}, so this is {self.look.theme.name}"
        self._look(missing if self._missing else "")
        if self._app.frames.hz:
            self._app.set_interval(LOOK_EVERY_S, self.look_again)

    def look_again(self) -> None:
        """Take in what changed on disk. A theme that is worn is repainted at once; a broken file leaves the
        last good look, and is told of once, until it changes again."""
        self._look("")

    def wear(self, name: str) -> None:
        """Change to the theme `name`."""
        self._put_on(self.themes[name])

    def wear_next(self) -> None:
        """Change to the theme after this one."""
        names = sorted(self.themes)
        worn = self.look.theme.name
        self.wear(next((name for name in names if name > worn), names[0]))

    def _look(self, wrong: str) -> None:
        stamps = {path: stamp for path in theme_files(self._folders) if (stamp := _stamp(path))}
        changed = [path for path, stamp in stamps.items() if path not in self._files
                   or self._files[path].stamp != stamp]  # fmt: skip
        if not changed and len(stamps) == len(self._files) and not wrong:
            return
        read = {path: _read(path, stamps[path], self._files.get(path)) for path in changed}
        self._files = {path: read.get(path) or self._files[path] for path in stamps}
        self.themes = {kept.theme.name: kept.theme for kept in self._files.values() if kept.theme is not None}
        self._complain([wrong, *(kept.wrong for kept in read.values())])
        worn = self.look.theme
        if self.themes.get(worn.name, worn) != worn:
            self.wear(worn.name)

    def _complain(self, said: list[str]) -> None:
        wrong = [text for text in said if text]
        if wrong:
            end = "The others work. `quarterdeck themes check` says all."
            self._app.say(f"Themes: {'; '.join(wrong)}. {end}", "warning")

    def _put_on(self, theme: ThemeFile) -> None:
        self.look = Look(theme)
        self._tell(theme)
        for screen in self._app.screen_stack:
            repaint = getattr(screen, "repaint_all", None)
            if repaint is not None:
                repaint()

    def _tell(self, theme: ThemeFile) -> None:
        """Textual repaints its own parts when the name of its theme changes, so each change has a new one."""
        before, self._changes = self._changes, self._changes + 1
        self._app.register_theme(_for_textual(theme, f"worn-{self._changes}"))
        self._app.theme = f"worn-{self._changes}"
        if before:
            self._app.unregister_theme(f"worn-{before}")


def _read(path: Path, stamp: Stamp, before: Kept | None) -> Kept:
    try:
        return Kept(stamp, read_theme(path), "")
    except ThemeError as error:
        return Kept(stamp, before.theme if before else None, str(error))


def _stamp(path: Path) -> Stamp | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def _for_textual(theme: ThemeFile, name: str) -> Theme:
    """The same theme for the parts that Textual draws: palette, toasts."""
    c = theme.colours
    ink = _native if theme.native else _same
    like = "ansi-dark" if theme.dark else "ansi-light"
    return Theme(
        name=name,
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
    return "ansi_default" if name == FAINT else f"ansi_{name}"


def _same(name: str) -> str:
    return name
