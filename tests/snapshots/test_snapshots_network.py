"""Pictures of Network in its states and sizes, and of the dialog that asks until when to pause."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import textual
from doubles.console_double import console_on, settle
from doubles.network_states import STATES, console_in
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
        for key in keys:
            await pilot.press(key)
        await settle(pilot, later_ms)

    return run


def sizes(*wanted: Size) -> Any:
    return pytest.mark.parametrize("size", wanted, ids=[NAMES[size] for size in wanted])


@sizes(SMALL, COMPACT, ROOMY, WIDE)
def test_network(snap_compare: Compare, size: Size) -> None:
    assert snap_compare(console_on("earning"), terminal_size=size, run_before=then("7"))


@sizes(COMPACT, ROOMY)
@pytest.mark.parametrize("state", ["no_agent", "fresh", "paused", "network_down", "suspended"])
def test_network_in_recorded_states(snap_compare: Compare, state: str, size: Size) -> None:
    assert snap_compare(console_on(state), terminal_size=size, run_before=then("7"))


@sizes(COMPACT, ROOMY)
@pytest.mark.parametrize("state", STATES)
def test_network_in_other_states(snap_compare: Compare, state: str, size: Size) -> None:
    assert snap_compare(console_in(STATES[state]), terminal_size=size, run_before=then("7"))


@sizes(SMALL, COMPACT, ROOMY)
def test_network_lost(snap_compare: Compare, size: Size) -> None:
    assert snap_compare(console_on("lost"), terminal_size=size, run_before=then("7", later_ms=12_000))


@sizes(SMALL)
@pytest.mark.parametrize("keys", [("end",), ("r",)], ids=["end", "rules"])
def test_network_small_scrolls(snap_compare: Compare, keys: tuple[str, ...], size: Size) -> None:
    assert snap_compare(console_on("network_down"), terminal_size=size, run_before=then("7", *keys))


@sizes(COMPACT)
@pytest.mark.parametrize(
    "keys", [("r",), ("tab",), ("tab", "question_mark"), ("P",), ("P", "down", "down")],
    ids=["rules", "draws", "help", "pause", "pause_chosen"],
)  # fmt: skip
def test_network_places(snap_compare: Compare, keys: tuple[str, ...], size: Size) -> None:
    assert snap_compare(console_on("earning"), terminal_size=size, run_before=then("7", *keys))


@sizes(SMALL)
def test_pause_dialog_small(snap_compare: Compare, size: Size) -> None:
    assert snap_compare(console_on("earning"), terminal_size=size, run_before=then("P"))


@sizes(COMPACT, ROOMY)
def test_network_in_ascii(snap_compare: Compare, size: Size) -> None:
    app = console_on("earning", ScreenConfig(ascii=True))
    assert snap_compare(app, terminal_size=size, run_before=then("7"))


@sizes(COMPACT, ROOMY)
def test_network_without_colour(snap_compare: Compare, monkeypatch: pytest.MonkeyPatch, size: Size) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(console_in(STATES["far_below"]), terminal_size=size, run_before=then("7"))
