"""The palette: every command is found in it, and nothing in it blinks."""

from __future__ import annotations

from doubles.console_double import console_on, settle
from textual.command import CommandPalette
from textual.widgets import Input


async def test_the_palettes_cursor_stands_still_and_a_second_one_does_not_open() -> None:
    app = console_on("earning")
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("ctrl+p")
        await settle(pilot)
        assert CommandPalette.is_open(app)
        field = app.screen.query_one(Input)
        assert field.has_focus and not field.cursor_blink
        screens = len(app.screen_stack)
        await pilot.press("ctrl+p")
        await settle(pilot)
        assert len(app.screen_stack) <= screens
