"""Copying and jumping: what is written for the terminal, what is claimed, and where the keyboard goes."""

from __future__ import annotations

import base64
import re

import pytest
from doubles.console_double import console_on, settle, text_of
from hypothesis import given
from hypothesis import strategies as st

from console.tui.clipboard import SCREEN_PIECE, TEXT_LIMIT, osc52
from console.tui.screens.copying import CopyScreen

COMPACT = (80, 24)


def taken(written: str) -> str:
    found = re.search(r"\x1b\]52;c;([^\x07]*)\x07", written)
    assert found is not None
    return base64.b64decode(found[1]).decode()


@given(st.text(max_size=300))
def test_a_plain_terminal_gets_the_text_and_nothing_of_it_as_codes(text: str) -> None:
    written = osc52(text, {})
    assert taken(written) == text.encode("utf-8", "replace").decode()
    assert written.count("\x1b") == 1


def test_tmux_gets_it_wrapped_and_plain() -> None:
    written = osc52("7f3a91", {"TMUX": "/tmp/tmux-0/default,1,0"})
    wrapped, _, plain = written.partition("\x1b\\")
    assert wrapped.startswith("\x1bPtmux;\x1b\x1b]52") and taken(plain) == "7f3a91"


def test_screen_gets_it_in_pieces_that_it_passes_on() -> None:
    written = osc52("x" * 2000, {"STY": "1.tty"})
    pieces = re.findall(r"\x1bP(.*?)\x1b\\", written, re.S)
    assert all(len(piece) <= SCREEN_PIECE for piece in pieces) and taken("".join(pieces)) == "x" * 2000


def test_nothing_endless_is_written() -> None:
    assert len(taken(osc52("y" * 10 * TEXT_LIMIT, {}))) == TEXT_LIMIT


async def test_a_copy_is_not_claimed_but_shown() -> None:
    app = console_on("earning")
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        job = app.store.view().state.jobs[0].job
        await pilot.press("y")
        assert isinstance(app.screen, CopyScreen)
        assert app.screen.list.chosen.name == "job"
        await pilot.press("enter")
        await pilot.pause()
        text = text_of(app)
        assert "was sent" in text and "select it" in text and app.screen.list.chosen.text in text
        assert len(app.screen.list.chosen.text) == len(job)
        await pilot.press("escape")
        assert app.room == "deck"


@pytest.mark.parametrize("letter", ["a", "s", "escape"])
async def test_a_letter_goes_to_its_panel_and_any_other_key_nowhere(letter: str) -> None:
    app = console_on("earning")
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        chain = [widget.id for widget in app.screen.focus_chain if widget.region]
        before = app.focused.id
        await pilot.press("ctrl+o")
        await pilot.pause()
        assert " a " in text_of(app)
        await pilot.press(letter)
        await pilot.pause()
        assert app.focused.id == {"a": chain[0], "s": chain[1]}.get(letter, before)
