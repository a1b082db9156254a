"""The footer: whole words, or none."""

from __future__ import annotations

import pytest
from doubles.console_double import console_on, settle, text_of
from hypothesis import given
from hypothesis import strategies as st

from console.settings.config import ScreenConfig
from console.tui.rows import width_of
from console.tui.screens.rooms import ROOMS
from console.tui.views.status import footer_row

WORDS = st.sampled_from(["", "Deck", "palette"])
keys = st.lists(st.tuples(st.sampled_from(["1", "^p", "esc"]), WORDS), min_size=1)


@given(keys, st.integers(12, 120))
def test_no_word_of_the_footer_is_cut(given_keys: list[tuple[str, str]], width: int) -> None:
    line, places = footer_row(given_keys, width)
    text = "".join(span.text for span in line)
    assert width_of(line) == width and "…" not in text
    for (key, word), (left, right) in zip(given_keys, places, strict=True):
        assert text[left:right] == (f"{key} {word}" if word else key) * (right > left)


@pytest.mark.parametrize("room", ["deck", *ROOMS])
async def test_pause_and_drain_have_their_place_on_every_screen(room: str) -> None:
    app = console_on("earning")
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        app.show(room)
        await pilot.pause()
        footer = text_of(app).splitlines()[-1]
        assert " p pause d drain " in footer and "?" in footer and " q" in footer
        for command in app.screen._keys if room != "deck" else ():
            assert (
                command in ("palette", "back") or app.screen._places[app.screen._keys.index(command)][1] > 0
            )


async def test_what_ends_a_practice_run_is_named_before_the_rooms() -> None:
    app = console_on("earning", ends_run=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        footer = text_of(app).splitlines()[-1]
        assert " p pause d drain " in footer and "q end run" in footer and " 1 Deck 2 Jobs" in footer


async def test_a_console_that_only_reads_has_no_room_for_what_it_does_not_do() -> None:
    app = console_on("earning", ScreenConfig(read_only=True))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        footer = text_of(app).splitlines()[-1]
        assert "8 Events ? help q detach" in footer and "pause" not in footer
