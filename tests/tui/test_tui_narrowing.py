"""A terminal that gets smaller while a dialog is open, or rows are sorted: nothing that decides is hidden."""

from __future__ import annotations

import pytest
from doubles.console_double import console_on, settle, text_of

from console.settings.config import ScreenConfig


@pytest.mark.parametrize(("key", "answer"), [("d", "▸ Cancel      Drain"), ("P", "Cancel")])
@pytest.mark.parametrize("size", [(40, 12), (40, 10), (30, 8)])
async def test_an_open_dialog_keeps_its_words_and_answers(
    key: str, answer: str, size: tuple[int, int]
) -> None:
    app = console_on("earning")
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press(key)
        await pilot.resize_terminal(*size)
        await pilot.pause()
        text = text_of(app)
        assert answer in text and "╯" in text and text.count("╮") == 1


async def test_a_click_takes_the_answer_that_is_seen() -> None:
    app = console_on("earning")
    async with app.run_test(size=(40, 10)) as pilot:
        await settle(pilot)
        await pilot.press("P")
        await pilot.pause()
        rows = text_of(app).splitlines()
        await pilot.click(offset=(10, next(y for y, line in enumerate(rows) if "Cancel" in line)))
        await pilot.pause()
        assert app.screen.room == "deck" and not app._notifications


async def test_rows_sorted_by_a_column_that_is_no_more_seen_say_so() -> None:
    app = console_on("earning", ScreenConfig())
    async with app.run_test(size=(160, 24)) as pilot:
        await settle(pilot)
        await pilot.press("2")
        await pilot.pause()
        while app.screen.table.sort != "WHAT HAPPENED":
            await pilot.press("s")
        assert "· by" not in text_of(app).splitlines()[1]
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        assert "· by what happened ─" in text_of(app).splitlines()[1]
        await pilot.press("S")
        assert "· by what happened · reversed" in text_of(app).splitlines()[1]


async def test_what_is_earned_and_what_is_net_have_names_of_their_own_at_every_size() -> None:
    app = console_on("earning")
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "Today      +9,412 µcr" in text_of(app) and "Net        +8,772 µcr" in text_of(app)
        await pilot.resize_terminal(60, 16)
        await pilot.pause()
        assert "Net today     +8,772 µcr" in text_of(app)
