"""Pictures of the screen Machine in its states and sizes."""

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
NAMES = {SMALL: "60x16", COMPACT: "80x24", ROOMY: "120x40", WIDE: "200x50"}
Compare = Callable[..., bool]
Size = tuple[int, int]


@pytest.fixture(autouse=True)
def _pinned() -> None:
    """The pictures belong to one version of Textual; with another they would prove nothing."""
    assert textual.__version__ == PINNED, f"these pictures were taken with textual {PINNED}"


def then(*keys: str, later_ms: int = 0) -> Callable[[Pilot[Any]], Any]:
    async def run(pilot: Pilot[Any]) -> None:
        await pilot.pause()
        await settle(pilot)
        for key in ("5", *keys):
            await pilot.press(key)
        await settle(pilot, later_ms)

    return run


def sizes(*wanted: Size) -> Any:
    return pytest.mark.parametrize("size", wanted, ids=[NAMES[size] for size in wanted])


@sizes(SMALL, COMPACT, ROOMY, WIDE)
@pytest.mark.parametrize("state", ["earning", "gpu"])
def test_machine(snap_compare: Compare, state: str, size: Size) -> None:
    assert snap_compare(console_on(state), terminal_size=size, run_before=then())


@sizes(COMPACT, ROOMY)
@pytest.mark.parametrize("state", ["no_agent", "fresh", "engine_down"])
def test_machine_in_other_states(snap_compare: Compare, state: str, size: Size) -> None:
    assert snap_compare(console_on(state), terminal_size=size, run_before=then())


@sizes(SMALL, COMPACT, ROOMY)
def test_machine_lost(snap_compare: Compare, size: Size) -> None:
    assert snap_compare(console_on("lost"), terminal_size=size, run_before=then(later_ms=12_000))


PLACES = {
    "lost_gpu": ("down",),
    "processor_beside_gpus": ("down", "down"),
    "gauges_large": ("enter",),
    "facts_large": ("tab", "tab", "tab", "tab", "z"),
    "facts_end": ("tab", "tab", "tab", "tab", "end"),
}


@sizes(COMPACT, ROOMY)
@pytest.mark.parametrize("place", PLACES)
def test_machine_places(snap_compare: Compare, place: str, size: Size) -> None:
    assert snap_compare(console_on("gpu"), terminal_size=size, run_before=then(*PLACES[place]))


@pytest.mark.parametrize("page", ["users", "facts"])
def test_machine_pages_where_it_is_small(snap_compare: Compare, page: str) -> None:
    keys = ("tab",) * (3 if page == "users" else 4)
    assert snap_compare(console_on("gpu"), terminal_size=SMALL, run_before=then(*keys))


@sizes(COMPACT, ROOMY)
def test_machine_in_ascii(snap_compare: Compare, size: Size) -> None:
    app = console_on("gpu", ScreenConfig(ascii=True))
    assert snap_compare(app, terminal_size=size, run_before=then())


def test_machine_without_colour(snap_compare: Compare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(console_on("gpu"), terminal_size=COMPACT, run_before=then())


@sizes(SMALL, COMPACT, ROOMY)
@pytest.mark.parametrize("state", ["batching", "stepped"])
@pytest.mark.parametrize("opened", [False, True], ids=["panel", "plan"])
def test_machine_engine(snap_compare: Compare, state: str, opened: bool, size: Size) -> None:
    keys = ("tab", "enter") if opened else ("tab",)
    assert snap_compare(console_on(state), terminal_size=size, run_before=then(*keys))


@sizes(COMPACT, ROOMY)
def test_machine_engine_in_ascii(snap_compare: Compare, size: Size) -> None:
    app = console_on("batching", ScreenConfig(ascii=True))
    assert snap_compare(app, terminal_size=size, run_before=then("tab", "enter"))
