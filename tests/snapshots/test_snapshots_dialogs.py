"""Pictures of first-run setup, Settings and the small dialogs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from doubles.console_double import console_on, settle
from doubles.setup_double import Host
from textual.pilot import Pilot

from console.settings.config import ScreenConfig
from console.tui.setup.app import SetupApp

SIZES = {"60x16": (60, 16), "80x24": (80, 24), "120x40": (120, 40)}
Compare = Callable[..., bool]
HOME = Path("/home/ada/.quarterdeck")


@pytest.fixture(params=SIZES)
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    return SIZES[request.param]


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch) -> None:
    """A path that is the same on every machine, and nothing in it."""
    monkeypatch.setenv("QUARTERDECK_HOME", str(HOME))


def then(*keys: str) -> Callable[[Pilot[Any]], Any]:
    async def run(pilot: Pilot[Any]) -> None:
        await pilot.pause()
        await settle(pilot)
        for key in keys:
            await pilot.press(key)
            await pilot.pause()
        await settle(pilot)

    return run


DIALOGS = {
    "settings": ("comma",),
    "settings_number": ("comma", *["down"] * 3, "enter", "ctrl+u", *"12", "enter"),
    "settings_end": ("comma", "end"),
    "jump": ("ctrl+o",),
    "copy": ("y",),
    "copy_sent": ("y", "down", "enter"),
    "palette": ("ctrl+p",),
}


@pytest.mark.parametrize("dialog", DIALOGS)
def test_dialogs(snap_compare: Compare, dialog: str, size: tuple[int, int]) -> None:
    assert snap_compare(console_on("suspended"), terminal_size=size, run_before=then(*DIALOGS[dialog]))


SETUP = {
    "first": (),
    "form": ("down", "enter"),
    "typing": ("down", "enter", "enter", *"ws://good/n"),
    "bad_address": ("down", "enter", "enter", *"ws://bad/net", "enter"),
    "good_address": ("down", "enter", "enter", *"ws://good/net", "enter"),
}


@pytest.mark.parametrize("place", SETUP)
def test_setup(snap_compare: Compare, place: str, size: tuple[int, int]) -> None:
    async def run(pilot: Pilot[Any]) -> None:
        await pilot.app.workers.wait_for_complete()
        for key in SETUP[place]:
            await pilot.press(key)
            await pilot.pause()
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()

    app = SetupApp(Host(), ScreenConfig())
    assert snap_compare(app, terminal_size=size, run_before=run)


def test_setup_in_ascii_while_it_looks(snap_compare: Compare) -> None:
    host = Host(patience_s=2)
    host.may_look.clear()

    async def run(pilot: Pilot[Any]) -> None:
        await pilot.pause()

    app = SetupApp(host, ScreenConfig(ascii=True))
    try:
        assert snap_compare(app, terminal_size=(80, 24), run_before=run)
    finally:
        host.may_look.set()
