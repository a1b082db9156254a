"""What stands on the screen is what would be drawn now, after every step of the keyboard."""

from __future__ import annotations

import pytest
from doubles.console_double import console_on, settle, text_of

from console.tui.screens.rooms import ROOMS

STEPS = ("tab", "down", "tab", "tab", "shift+tab", "tab", "tab", "escape")


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (120, 40)], ids=["60x16", "80x24", "120x40"])
@pytest.mark.parametrize("room", ["deck", *ROOMS])
async def test_the_keyboard_is_shown_where_it_is(room: str, size: tuple[int, int]) -> None:
    app = console_on("gpu")
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        app.show(room)
        await pilot.pause()
        for step in STEPS:
            await pilot.press(step)
            await pilot.pause()
            shown = text_of(app)
            app.screen.repaint_all()
            await pilot.pause()
            assert shown == text_of(app), f"after {step}"


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (120, 40)], ids=["60x16", "80x24", "120x40"])
@pytest.mark.parametrize("room", ["deck", *ROOMS])
async def test_tab_goes_to_what_is_seen_alone(room: str, size: tuple[int, int]) -> None:
    app = console_on("gpu")
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        app.show(room)
        await pilot.pause()
        for _ in range(10):
            await pilot.press("tab")
            await pilot.pause()
            assert not app.screen.focus_chain or app.focused.region, app.focused


async def test_the_line_of_a_filter_shows_its_cursor_while_it_is_typed_in() -> None:
    app = console_on("earning")
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("2", "slash", "a")
        await pilot.pause()
        assert " / a█ " in text_of(app)
        await pilot.press("enter")
        await pilot.pause()
        assert " / a  / changes it" in text_of(app)
