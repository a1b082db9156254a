"""Pictures of the screen Earnings. A change here is a change that operators see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import textual
from doubles.console_double import console_on, settle
from textual.pilot import Pilot

from console.settings.config import ScreenConfig

PINNED = "8.2.8"
SMALL, COMPACT, ROOMY, WIDE = (60, 16), (80, 24), (120, 40), (200, 50)
SIZES = pytest.mark.parametrize("size", [COMPACT, ROOMY], ids=["80x24", "120x40"])
Compare = Callable[..., bool]


@pytest.fixture(autouse=True)
def _pinned() -> None:
    """The pictures belong to one version of Textual; with another they would prove nothing."""
    assert textual.__version__ == PINNED, f"these pictures were taken with textual {PINNED}"


def then(*keys: str, later_ms: int = 0) -> Callable[[Pilot[Any]], Any]:
    async def run(pilot: Pilot[Any]) -> None:
        await pilot.pause()
        await settle(pilot)
        for key in ("4", *keys):
            await pilot.press(key)
        await settle(pilot, later_ms)

    return run


@SIZES
@pytest.mark.parametrize("state", ["earning", "fresh", "suspended", "network_down", "no_agent", "disputed"])
def test_earnings(snap_compare: Compare, state: str, size: tuple[int, int]) -> None:
    assert snap_compare(console_on(state), terminal_size=size, run_before=then())


@SIZES
def test_earnings_lost(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(console_on("lost"), terminal_size=size, run_before=then(later_ms=12_000))


@pytest.mark.parametrize("state", ["earning", "suspended"])
@pytest.mark.parametrize("size", [SMALL, WIDE], ids=["60x16", "200x50"])
def test_earnings_at_the_edges(snap_compare: Compare, state: str, size: tuple[int, int]) -> None:
    assert snap_compare(console_on(state), terminal_size=size, run_before=then())


@SIZES
def test_earnings_in_ascii(snap_compare: Compare, size: tuple[int, int]) -> None:
    app = console_on("earning", ScreenConfig(ascii=True))
    assert snap_compare(app, terminal_size=size, run_before=then("r"))


PLACES = {
    "week": ("r",),
    "month": ("r", "r"),
    "statement": ("s",),
    "statement_end": ("s", "tab", "end"),
    "difference": ("enter",),
    "penalty": ("down", "enter"),
    "export": ("c",),
    "help": ("question_mark",),
}


@SIZES
@pytest.mark.parametrize("place", PLACES)
def test_earnings_places(snap_compare: Compare, place: str, size: tuple[int, int]) -> None:
    app = console_on("earning")
    assert snap_compare(app, terminal_size=size, run_before=then(*PLACES[place]))


@SIZES
def test_statement_disputed(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(console_on("disputed"), terminal_size=size, run_before=then("s"))


@pytest.mark.parametrize("size", [SMALL, WIDE], ids=["60x16", "200x50"])
def test_statement_at_the_edges(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(console_on("disputed"), terminal_size=size, run_before=then("s"))


@SIZES
def test_statement_without_colour(
    snap_compare: Compare, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = console_on("disputed", ScreenConfig(ascii=True))
    assert snap_compare(app, terminal_size=size, run_before=then("s"))
