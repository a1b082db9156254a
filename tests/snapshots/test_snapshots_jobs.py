"""Pictures of the screen Jobs in its states and sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import textual
from doubles.console_double import console_on, settle
from doubles.crowd_double import console_with, crowd, earning
from textual.pilot import Pilot

from console.settings.config import ScreenConfig

SIZES = {"60x16": (60, 16), "80x24": (80, 24), "120x40": (120, 40), "200x50": (200, 50)}
Compare = Callable[..., bool]
every_size = pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)


@pytest.fixture(autouse=True)
def _pinned() -> None:
    assert textual.__version__ == "8.2.8", "these pictures belong to another version of textual"


def on_jobs(*keys: str, later_ms: int = 0) -> Callable[[Pilot[Any]], Any]:
    async def run(pilot: Pilot[Any]) -> None:
        await pilot.pause()
        await settle(pilot)
        for key in ("2", *keys):
            await pilot.press(key)
        await settle(pilot, later_ms)

    return run


PLACES = {
    "all": (),
    "sorted": ("s", "s", "s", "down"),
    "reversed": ("s", "s", "s", "S"),
    "filtered": ("slash", *"rejected", "enter"),
    "filtering": ("slash", *"!acc"),
    "filtered_empty": ("slash", *"zzz", "enter"),
}


@every_size
@pytest.mark.parametrize("place", PLACES)
def test_jobs(snap_compare: Compare, place: str, size: tuple[int, int]) -> None:
    assert snap_compare(console_on("earning"), terminal_size=size, run_before=on_jobs(*PLACES[place]))


@every_size
def test_jobs_many(snap_compare: Compare, size: tuple[int, int]) -> None:
    keys = ("pagedown", "pagedown", "down", "down")
    assert snap_compare(console_with(crowd(10_000)), terminal_size=size, run_before=on_jobs(*keys))


@every_size
@pytest.mark.parametrize("state", ["fresh", "paused", "no_agent"])
def test_jobs_none(snap_compare: Compare, state: str, size: tuple[int, int]) -> None:
    assert snap_compare(console_on(state), terminal_size=size, run_before=on_jobs())


@every_size
def test_jobs_paused_and_empty(snap_compare: Compare, size: tuple[int, int]) -> None:
    state = earning()
    switches = msgspec.structs.replace(state.switches, paused=True)
    app = console_with(msgspec.structs.replace(state, jobs=(), switches=switches))
    assert snap_compare(app, terminal_size=size, run_before=on_jobs())


@every_size
def test_jobs_lost(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(console_on("lost"), terminal_size=size, run_before=on_jobs(later_ms=12_000))


@pytest.mark.parametrize("size", [(80, 24)], ids=["80x24"])
def test_jobs_in_ascii(snap_compare: Compare, size: tuple[int, int]) -> None:
    app = console_on("earning", ScreenConfig(ascii=True))
    assert snap_compare(app, terminal_size=size, run_before=on_jobs("s", "s", "s"))


def test_jobs_without_colour(snap_compare: Compare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = console_on("earning")
    assert snap_compare(app, terminal_size=(80, 24), run_before=on_jobs("s", "s", "s", "down"))
