"""Pictures of the Deck in every theme, and in every kind of terminal that it may meet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import textual
from doubles.console_double import console_on, settle
from textual.pilot import Pilot

from console.settings.config import ScreenConfig
from console.settings.themes import read_themes, shipped_folder, suited

PINNED = "8.2.8"
THEMES = read_themes((shipped_folder(),))[0]
COMPACT, SMALL = (80, 24), (60, 16)
STATE = "engine_down"
"""Has good, bad and middling news, a notice, a badge and a gauge."""
Compare = Callable[..., bool]


@pytest.fixture(autouse=True)
def _pinned() -> None:
    """The pictures belong to one version of Textual; with another they would prove nothing."""
    assert textual.__version__ == PINNED, f"these pictures were taken with textual {PINNED}"


async def drawn(pilot: Pilot[Any]) -> None:
    await pilot.pause()
    await settle(pilot)


def shot(compare: Compare, size: tuple[int, int], **how: Any) -> bool:
    return compare(console_on(STATE, ScreenConfig(**how)), terminal_size=size, run_before=drawn)


@pytest.mark.parametrize("theme", sorted(THEMES))
def test_theme(snap_compare: Compare, theme: str) -> None:
    assert shot(snap_compare, COMPACT, theme=theme)


@pytest.mark.parametrize("theme", sorted(THEMES))
def test_theme_on_a_small_page(snap_compare: Compare, theme: str) -> None:
    assert shot(snap_compare, SMALL, theme=theme)


@pytest.mark.parametrize("theme", sorted(THEMES))
def test_theme_in_ascii(snap_compare: Compare, theme: str) -> None:
    assert shot(snap_compare, COMPACT, theme=theme, ascii=True)


@pytest.mark.parametrize("theme", sorted(THEMES))
def test_theme_without_colour(snap_compare: Compare, monkeypatch: pytest.MonkeyPatch, theme: str) -> None:
    """One picture for all: whatever theme is asked for, without colour they are the same."""
    monkeypatch.setenv("NO_COLOR", "1")
    assert shot(snap_compare, COMPACT, theme=theme)


@pytest.mark.parametrize("theme", sorted(THEMES))
def test_theme_in_sixteen_colours(snap_compare: Compare, theme: str) -> None:
    """What is worn in place of it, as a terminal that does not tell its ground makes it."""
    worn = suited(theme, few_colours=True, dark_ground=None, folders=(shipped_folder(),))
    assert THEMES[worn].native and THEMES[worn].dark is THEMES[theme].dark
    assert shot(snap_compare, COMPACT, theme=worn)


@pytest.mark.parametrize("size", [COMPACT, SMALL], ids=["80x24", "60x16"])
def test_read_only(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert shot(snap_compare, size, read_only=True)
