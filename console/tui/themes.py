"""A theme, worn: which colour each role on screen has. Meaning is never in the colour alone."""

from __future__ import annotations

from rich.style import Style

from console.settings.theme_file import FAINT, Colours, ThemeFile
from console.tui.rows import Role


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


def _faded_role(role: Role) -> Role:
    if role in ("rule", "track"):
        return role
    return "bar_dim" if role.startswith("bar_") else "dim"


def _badges(c: Colours) -> list[tuple[str, str]]:
    return [("badge_good", c.good), ("badge_warn", c.warn), ("badge_bad", c.bad), ("badge_calm", c.chart)]


def _style(ink: str, back: str, *, bold: bool = False) -> Style:
    faint = ink == FAINT
    return Style(color="default" if faint else ink, bgcolor=back, bold=bold or None, dim=faint or None)
