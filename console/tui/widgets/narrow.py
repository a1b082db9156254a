"""A compositor that writes from where a change begins, not from the left edge of the widget that changed.

Textual 8.2.8 cuts a partial update at its right end only, so one figure at the end of a row would cost the
row. This is the one place that reaches into Textual; the version is pinned exactly and tests stand beside it.
"""

from __future__ import annotations

from rich.console import Console
from rich.control import Control
from textual._compositor import ChopsUpdate, Compositor, LayoutUpdate

from console.tui.widgets.ink import condense


class NarrowUpdate(ChopsUpdate):
    """Writes the changed spans and nothing else."""

    def render_segments(self, console: Console) -> str:
        """The spans as text for the terminal."""
        out: list[str] = []
        for y, x1, x2 in self.spans:
            for end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                left, right = max(x, x1), min(end, x2)
                if strip is None or left >= right:
                    continue
                out.append(Control.move_to(left, y).segment.text)
                out.append(strip.crop(left - x, right - x).render(console))
        return condense("".join(out))


class WholeUpdate(LayoutUpdate):
    """Writes the whole screen, and each colour only where it changes."""

    def render_segments(self, console: Console) -> str:
        """The screen as text for the terminal."""
        return condense(super().render_segments(console))


class NarrowCompositor(Compositor):
    """Textual's compositor with narrow partial updates."""

    def render_full_update(self, simplify: bool = False) -> LayoutUpdate:
        """All of the screen."""
        update = super().render_full_update(simplify)
        return WholeUpdate(update.strips, update.region)

    def render_partial_update(self) -> ChopsUpdate | None:
        """What changed since the last time."""
        update = super().render_partial_update()
        if update is None:
            return None
        return NarrowUpdate(update.chops, update.spans, update.chop_ends)
