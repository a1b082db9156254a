"""The palette's entries: every command that exists on the screen below, and every theme."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from console.tui.commands import key_word, on_screen

if TYPE_CHECKING:
    from collections.abc import Callable

    from console.tui.app import QuarterdeckApp


class CommandsProvider(Provider):
    """Commands and themes, found by a part of their names."""

    def _entries(self) -> list[tuple[str, str, Callable[[], None]]]:
        app = cast("QuarterdeckApp", self.app)
        entries: list[tuple[str, str, Callable[[], None]]] = []
        for command in on_screen(app.room):
            if command.id != "palette":
                label, text = command.words(app)
                title = f"{label[:1].upper()}{label[1:]}  ({key_word(command, app.keys)})"
                entries.append((title, text, partial(app.action_do, command.id)))
        for name, theme in sorted(app.wardrobe.themes.items()):
            entries.append((f"Theme {name}", theme.about, partial(app.wardrobe.wear, name)))
        return entries

    async def discover(self) -> Hits:
        """Everything, before a letter is typed."""
        for title, text, run in self._entries():
            yield DiscoveryHit(Content(title), run, text=title, help=text)

    async def search(self, query: str) -> Hits:
        """What fits the letters."""
        matcher = self.matcher(query)
        for title, text, run in self._entries():
            score = matcher.match(title)
            if score > 0:
                yield Hit(score, matcher.highlight(title), run, text=title, help=text)
