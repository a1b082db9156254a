"""Pictures of the Deck in its states, and of help and questions. A change here is one that operators see."""

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
    "state",
    [
        "no_agent", "fresh", "earning", "gpu", "paused", "near_limit", "engine_down", "network_down",
        "suspended", "batching",
    ],
)  # fmt: skip
def test_deck(snap_compare: Compare, state: str, size: tuple[int, int]) -> None:
    assert snap_compare(console_on(state), terminal_size=size, run_before=then())


@pytest.mark.parametrize("state", ["earning", "gpu"])
def test_deck_very_wide(snap_compare: Compare, state: str) -> None:
    assert snap_compare(console_on(state), terminal_size=WIDE, run_before=then())


@pytest.mark.parametrize("size", [SMALL, COMPACT, ROOMY], ids=["60x16", "80x24", "120x40"])
def test_deck_lost(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(console_on("lost"), terminal_size=size, run_before=then(later_ms=12_000))


@pytest.mark.parametrize("size", [COMPACT, ROOMY], ids=["80x24", "120x40"])
def test_deck_as_an_earlier_console_saw_it(snap_compare: Compare, size: tuple[int, int]) -> None:
    app = console_on("no_agent")
    state = console_on("earning").source._recording[1].message.state
    app.store.recall(state, state.now_ms, unseen_ms=720_000)
    assert snap_compare(app, terminal_size=size, run_before=then())


@pytest.mark.parametrize("state", ["no_agent", "earning", "paused", "engine_down", "near_limit"])
def test_small_page(snap_compare: Compare, state: str) -> None:
    assert snap_compare(console_on(state), terminal_size=SMALL, run_before=then())


@pytest.mark.parametrize("size", [COMPACT, ROOMY], ids=["80x24", "120x40"])
def test_deck_for_others_to_see(snap_compare: Compare, size: tuple[int, int]) -> None:
    app = console_on("earning", ScreenConfig(read_only=True))
    assert snap_compare(app, terminal_size=size, run_before=then())


PLACES = {
    "help": ("question_mark",),
    "drain": ("d",),
    "pause_until": ("P",),
    "verdicts_focused": ("tab", "down", "down"),
}


@pytest.mark.parametrize("size", [SMALL, COMPACT, ROOMY], ids=["60x16", "80x24", "120x40"])
@pytest.mark.parametrize("place", PLACES)
def test_places(snap_compare: Compare, place: str, size: tuple[int, int]) -> None:
    assert snap_compare(console_on("earning"), terminal_size=size, run_before=then(*PLACES[place]))
