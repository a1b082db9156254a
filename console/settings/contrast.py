"""How well a theme's colours can be told from their grounds, as WCAG 2.2 reckons it. Pure."""

from __future__ import annotations

from typing import NamedTuple

from console.settings.theme_file import Colours, ThemeFile

TEXT, DIM, SHAPE = 4.5, 3.0, 3.0
"""Least ratios: text (WCAG AA), text that only accompanies, and shapes such as charts."""
RGB = tuple[int, int, int]


class Pair(NamedTuple):
    """An ink on a ground that the console really draws; both are keys of `Colours`."""

    ink: str
    ground: str
    least: float


PAIRS = (
    *(Pair(ink, "back", TEXT) for ink in ("text", "title", "accent", "good", "warn", "bad")),
    *(Pair(ink, "raised", TEXT) for ink in ("text", "title", "accent")),
    Pair("text", "cursor", TEXT),
    *(Pair("dim", ground, DIM) for ground in ("back", "raised")),
    Pair("chart", "back", SHAPE),
    # Badges are drawn the other way round.
    *(Pair("back", badge, TEXT) for badge in ("good", "warn", "bad", "chart")),
)


class Weak(NamedTuple):
    """A pair whose contrast is too small."""

    pair: Pair
    ratio: float

    @property
    def sentence(self) -> str:
        """What it means."""
        ink, ground, least = self.pair
        return f"{ink} on {ground} has a contrast of {self.ratio:.1f}:1; below {least:g}:1 it is hard to read"


def weak_pairs(theme: ThemeFile) -> list[Weak]:
    """The pairs of `theme` that are hard to read; none of a native theme, whose colours are not known."""
    if theme.native:
        return []
    found = [
        Weak(pair, ratio(_of(theme.colours, pair.ink), _of(theme.colours, pair.ground))) for pair in PAIRS
    ]
    return [weak for weak in found if weak.ratio < weak.pair.least]


def says_wrong_ground(theme: ThemeFile) -> bool:
    """Whether `dark` contradicts the ground that the theme has."""
    return not theme.native and (luminance(_of(theme.colours, "back")) < 0.18) is not theme.dark


def ratio(one: RGB, other: RGB) -> float:
    """Contrast of two colours: 1 (the same) to 21 (black on white)."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: RGB) -> float:
    """Relative luminance, 0 to 1."""
    red, green, blue = (linear(part) for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def linear(part: int) -> float:
    """One sRGB component, 0 to 255, as an amount of light, 0 to 1."""
    share = part / 255
    return share / 12.92 if share <= 0.04045 else float(((share + 0.055) / 1.055) ** 2.4)


def rgb(colour: str) -> RGB:
    """The components of `#rrggbb`."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _of(colours: Colours, key: str) -> RGB:
    return rgb(getattr(colours, key))
