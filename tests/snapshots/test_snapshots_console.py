"""Pictures of the console in its states. A change here is a change that operators see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import textual
from doubles.console_double import console_on, settle
from textual.pilot import Pilot

from console.settings.config import ScreenConfig

PINNED = "8.2.8"
SMALL, COMPACT, ROOMY = (60, 16), (80, 24), (120, 40)
Compare = Callable[..., bool]


@pytest.fixture(autouse=True)
def _pinned() -> None:
    """The pictures belong to one version of Textual; with another they would prove nothing."""
    assert textual.__version__ == PINNED, f"these pictures were taken with textual {PINNED}"


def then(*keys: str, later_ms: int = 0) -> Callable[[Pilot[Any]], Any]:
    async def run(pilot: Pilot[Any]) -> None:
        await pilot.pause()
        await settle(pilot)
        for key in keys:
            await pilot.press(key)
        await settle(pilot, later_ms)

    return run


@pytest.mark.parametrize("size", [COMPACT, ROOMY], ids=["80x24", "120x40"])
@pytest.mark.parametrize(
    "state", ["no_agent", "fresh", "earning", "gpu", "paused", "engine_down", "network_down", "suspended"]
)
def test_deck(snap_compare: Compare, state: str, size: tuple[int, int]) -> None:
    assert snap_compare(console_on(state), terminal_size=size, run_before=then())


@pytest.mark.parametrize("size", [SMALL, COMPACT, ROOMY], ids=["60x16", "80x24", "120x40"])
def test_deck_lost(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(console_on("lost"), terminal_size=size, run_before=then(later_ms=12_000))


@pytest.mark.parametrize("state", ["no_agent", "earning", "paused", "engine_down"])
def test_small_page(snap_compare: Compare, state: str) -> None:
    assert snap_compare(console_on(state), terminal_size=SMALL, run_before=then())


@pytest.mark.parametrize("theme", ["chart", "terminal"])
def test_deck_in_other_themes(snap_compare: Compare, theme: str) -> None:
    app = console_on("engine_down", ScreenConfig(theme=theme))
    assert snap_compare(app, terminal_size=COMPACT, run_before=then())


@pytest.mark.parametrize("size", [COMPACT, ROOMY], ids=["80x24", "120x40"])
def test_deck_without_colour(
    snap_compare: Compare, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(console_on("engine_down"), terminal_size=size, run_before=then())


@pytest.mark.parametrize("size", [SMALL, COMPACT, ROOMY], ids=["60x16", "80x24", "120x40"])
def test_deck_in_ascii(snap_compare: Compare, size: tuple[int, int]) -> None:
    app = console_on("earning", ScreenConfig(ascii=True))
    assert snap_compare(app, terminal_size=size, run_before=then())


PLACES = {
    "job_detail": ("2", "down", "down", "enter"),
    "job_detail_end": ("2", "down", "down", "enter", "end"),
    "job_rejected": ("2", "slash", *"rejected", "enter", "enter"),
    "help": ("question_mark",),
    "drain": ("d",),
    "verdicts_focused": ("tab", "down", "down"),
}


@pytest.mark.parametrize("size", [COMPACT, ROOMY], ids=["80x24", "120x40"])
@pytest.mark.parametrize("place", PLACES)
def test_places(snap_compare: Compare, place: str, size: tuple[int, int]) -> None:
    assert snap_compare(console_on("earning"), terminal_size=size, run_before=then(*PLACES[place]))
