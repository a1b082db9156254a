"""Pictures of the screen Events in its states and sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import textual
from doubles.console_double import console_on, settle
from doubles.crowd_double import console_with, earning, tell
from textual.pilot import Pilot

from console.control.events import Noted
from console.control.state import Note
from console.settings.config import ScreenConfig

SIZES = {"60x16": (60, 16), "80x24": (80, 24), "120x40": (120, 40), "200x50": (200, 50)}
Compare = Callable[..., bool]
every_size = pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
NEW = (
    Note(earning().now_ms + 1_000, "info", "A job was received.", "jobs"),
    Note(
        earning().now_ms + 2_000, "error", "The engine stopped: signal 9 (killed). Next try in 2 s.", "engine"
    ),
)


@pytest.fixture(autouse=True)
def _pinned() -> None:
    assert textual.__version__ == "8.2.8", "these pictures belong to another version of textual"


def on_events(*keys: str, later_ms: int = 0, new: tuple[Note, ...] = ()) -> Callable[[Pilot[Any]], Any]:
    async def run(pilot: Pilot[Any]) -> None:
        await pilot.pause()
        await settle(pilot)
        for key in ("8", *keys):
            await pilot.press(key)
        await settle(pilot, later_ms)
        tell(pilot.app, *map(Noted, new))
        await pilot.pause()

    return run


PLACES: dict[str, tuple[tuple[str, ...], tuple[Note, ...]]] = {
    "following": ((), NEW),
    "paused": (("down", "down"), ()),
    "paused_with_pending": (("down", "down"), NEW),
    "warnings": (("v",), ()),
    "filtered": (("slash", *"engine", "enter"), ()),
    "filtering": (("slash", *"!jobs"), ()),
    "filtered_empty": (("slash", *"zzz", "enter"), ()),
}


@every_size
@pytest.mark.parametrize("place", PLACES)
def test_events(snap_compare: Compare, place: str, size: tuple[int, int]) -> None:
    keys, new = PLACES[place]
    assert snap_compare(console_on("earning"), terminal_size=size, run_before=on_events(*keys, new=new))


@every_size
def test_events_none(snap_compare: Compare, size: tuple[int, int]) -> None:
    app = console_with(msgspec.structs.replace(earning(), notes=()))
    assert snap_compare(app, terminal_size=size, run_before=on_events())


@every_size
@pytest.mark.parametrize("state", ["lost", "no_agent"])
def test_events_out_of_reach(snap_compare: Compare, state: str, size: tuple[int, int]) -> None:
    assert snap_compare(console_on(state), terminal_size=size, run_before=on_events(later_ms=12_000))


def test_events_in_ascii(snap_compare: Compare) -> None:
    app = console_on("earning", ScreenConfig(ascii=True))
    assert snap_compare(app, terminal_size=(80, 24), run_before=on_events("down", "down", new=NEW))
