"""Opening a screen: painted when all has its place, and never left unpainted."""

from __future__ import annotations

from typing import Any

import pytest
from doubles.console_double import console_on, settle, text_of
from textual.app import App


@pytest.fixture
def paints(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The room on screen at each update that reached the terminal."""
    seen: list[str] = []
    display = App._display

    def counted(app: Any, screen: Any, update: Any) -> None:
        if update is not None and not app._batch_count:
            seen.append(app.room)
        display(app, screen, update)

    monkeypatch.setattr(App, "_display", counted)
    return seen


async def test_the_first_paint_is_not_painted_over(paints: list[str]) -> None:
    app = console_on("busy")
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert len(paints) == 1
        assert "EARNING" in text_of(app)


async def test_screens_opened_and_left_at_once_do_not_stop_the_painting(paints: list[str]) -> None:
    app = console_on("busy")
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        for room in ("jobs", "events"):
            app.show(room)
        while len(app.screen_stack) > 1:
            app.pop_screen()
        await settle(pilot)
        assert app._batch_count == 0
        paints.clear()
        await pilot.press("2")
        await settle(pilot)
        assert paints
        assert app.room == "jobs"
