"""The events: followed, paused with what is pending, by level, by words."""

from __future__ import annotations

from typing import Any

import msgspec
from doubles.console_double import settle, text_of
from doubles.crowd_double import console_with, earning, tell
from textual.pilot import Pilot

from console.control.events import JobChanged, Noted
from console.control.state import NOTES_KEPT, NodeState, Note
from console.settings.config import ScreenConfig
from console.tui.reckoning import DAY_MS
from console.tui.store import View
from console.tui.views.frame import Frame
from console.tui.views.verdicts import notes, whole_note
from console.tui.widgets.log_view import LogView

COMPACT = (80, 24)


def note(number: int, level: Any = "info", room: str = "jobs") -> Noted:
    return Noted(Note(earning().now_ms + number, level, f"Number {number} happened.", room))


async def on_events(pilot: Pilot[Any]) -> LogView:
    await settle(pilot)
    await pilot.press("8")
    await settle(pilot)
    return pilot.app.screen.query_one("#list", LogView)


async def test_it_follows_until_another_than_the_newest_is_chosen() -> None:
    app = console_with(earning())
    async with app.run_test(size=COMPACT) as pilot:
        log = await on_events(pilot)
        tell(app, note(1))
        assert "Number 1 happened." in text_of(app) and "following" in text_of(app)
        await pilot.press("down")
        tell(app, note(2), note(3))
        assert log.paused and "‖ paused · 2 new · f follows" in text_of(app)
        assert "Number 3" not in text_of(app)
        await pilot.press("f")
        assert not log.paused and "Number 3" in text_of(app) and "following" in text_of(app)


async def test_back_at_the_newest_it_follows_by_itself() -> None:
    app = console_with(earning())
    async with app.run_test(size=COMPACT) as pilot:
        log = await on_events(pilot)
        await pilot.press("down", "down")
        tell(app, note(1))
        await pilot.press("up")
        assert log.paused
        await pilot.press("up")
        assert not log.paused and log.cursor == 0 and "Number 1" in text_of(app)


async def test_the_level_key_goes_round_and_only_what_fits_is_pending() -> None:
    app = console_with(earning())
    async with app.run_test(size=COMPACT) as pilot:
        log = await on_events(pilot)
        await pilot.press("v")
        assert log.level == "warnings" and {one.level for one in log.items} == {"warning", "error"}
        assert "Events 3 of 8 · warnings and errors" in text_of(app)
        await pilot.press("down")
        tell(app, note(1), note(2, "error"))
        assert log.pending == 1
        await pilot.press("v")
        assert {one.level for one in log.items} == {"error"} and "· errors" in text_of(app)
        await pilot.press("v")
        assert log.level == "all" and len(log.items) == 10


async def test_words_choose_rooms_and_escape_drops_them() -> None:
    app = console_with(earning())
    async with app.run_test(size=COMPACT) as pilot:
        log = await on_events(pilot)
        await pilot.press("slash", *"engine !jobs", "enter")
        assert log.items and {one.room for one in log.items} == {"engine"}
        await pilot.press("slash", "ctrl+u", *"zzz", "enter")
        assert "No event fits." in text_of(app)
        await pilot.press("escape")
        assert len(log.items) == 8 and app.room == "events"


async def test_however_much_happens_it_holds_no_more_than_the_state_and_says_so() -> None:
    app = console_with(earning())
    async with app.run_test(size=COMPACT) as pilot:
        log = await on_events(pilot)
        tell(app, *(note(number) for number in range(NOTES_KEPT)))
        await pilot.press("down")
        tell(app, *(note(NOTES_KEPT + number) for number in range(NOTES_KEPT + 7)))
        assert "500 or more new" in text_of(app)
        assert len(log.items) == NOTES_KEPT and log.cursor == 1


async def test_what_is_not_listed_draws_nothing(monkeypatch: Any) -> None:
    app = console_with(earning())
    async with app.run_test(size=COMPACT) as pilot:
        log = await on_events(pilot)
        await pilot.press("v")
        drawn: list[int] = []
        build = log._build_list
        monkeypatch.setattr(log, "_build_list", lambda *given: (drawn.append(1), build(*given))[1])
        job = app.store.view().state.jobs[0]
        tell(app, JobChanged(msgspec.structs.replace(job, tokens=99)))
        assert drawn == []
        tell(app, note(1, "error"))
        assert drawn == [1]


async def test_the_key_that_is_told_is_the_one_in_force() -> None:
    app = console_with(earning(), ScreenConfig(keys={"follow": "g"}))
    async with app.run_test(size=COMPACT) as pilot:
        await on_events(pilot)
        await pilot.press("down")
        assert "g follows" in text_of(app)


def test_an_event_of_another_day_says_its_day() -> None:
    now = 20_000 * DAY_MS + 3_600_000
    fresh = Note(now - 1_000, "info", "Ready.", "engine")
    old = Note(now - DAY_MS, "error", "Rejected.", "money")
    view = View(NodeState(notes=(fresh, old)), now, "attached")

    def drawn(*listed: Note) -> list[str]:
        rows = notes(listed, view, Frame(60, 5), 0)
        return ["".join(span.text for span in one).rstrip() for one in rows[1 : 1 + len(listed)]]

    assert drawn(fresh) == [" 00:59:59 · engine    Ready."]
    assert drawn(fresh, old) == [" 00:59:59     · engine    Ready.", " 3 Oct 01:00  ✗ money     Rejected."]
    whole = "".join(span.text for span in whole_note(old, Frame(60, 3), 0, now)[0])
    assert "3 Oct 01:00 money" in whole
