"""The table of jobs: what it lists, what stays chosen, what it paints, and that many cost as much as few."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from doubles.console_double import console_on, settle, text_of
from doubles.crowd_double import console_with, crowd, earning, tell
from textual.events import MouseScrollDown
from textual.pilot import Pilot

from console.control.events import JobChanged
from console.control.state import JOBS_KEPT, JobView
from console.control.wire import Snapshot
from console.protocol.ids import JobId
from console.tui import job_order
from console.tui.widgets.job_table import JobTable

replace = msgspec.structs.replace
COMPACT, MANY = (80, 24), 3_000


def rows_of(app: Any) -> list[str]:
    """The table's rows as they stand on the screen."""
    return text_of(app).split("\n")[3:-1]


async def on_jobs(pilot: Pilot[Any]) -> JobTable:
    await settle(pilot)
    await pilot.press("2")
    await settle(pilot)
    return pilot.app.screen.query_one("#list", JobTable)


async def test_all_of_many_are_listed_and_the_place_is_told() -> None:
    app = console_with(crowd(MANY))
    async with app.run_test(size=COMPACT) as pilot:
        table = await on_jobs(pilot)
        total = MANY + 60
        assert f"Jobs {total:,} · {MANY + 2:,} live" in text_of(app)
        assert f"1–20 of {total:,}" in text_of(app)
        await pilot.press("end")
        assert f"{total - 19:,}–{total:,} of {total:,}" in text_of(app)
        await pilot.press("home", "pagedown")
        assert table.cursor == 19 and f"1–20 of {total:,}" in text_of(app)
        await pilot.press("down")
        assert f"2–21 of {total:,}" in text_of(app)


async def test_the_chosen_job_stays_chosen_and_in_its_row_while_others_come_and_go() -> None:
    app = console_with(crowd(100))
    async with app.run_test(size=COMPACT) as pilot:
        table = await on_jobs(pilot)
        await pilot.press("pagedown", "pagedown", "down")
        chosen, before = table.chosen, rows_of(app)
        new = replace(table.order[0], job=JobId("f" * 32), received_ms=app.store.view().now_ms)
        tell(app, JobChanged(new))
        assert table.chosen == chosen
        assert rows_of(app) == before
        gone = replace(new, state="accepted", received_ms=0)
        tell(app, JobChanged(gone))
        assert table.chosen == chosen
        assert rows_of(app) == before


async def test_a_chosen_job_that_goes_hands_over_to_the_one_in_its_place() -> None:
    app = console_with(crowd(30))
    async with app.run_test(size=COMPACT) as pilot:
        table = await on_jobs(pilot)
        await pilot.press("down", "down", "down")
        next_one = table.order.key_at(4)
        state = app.store.view().state
        left = tuple(job for job in state.jobs if (job.job, job.attempt) != table.chosen)
        app.store.apply(Snapshot(2, state.now_ms, replace(state, jobs=left)))
        app.flush()
        assert (table.chosen, table.cursor) == (next_one, 3)
        app.store.apply(Snapshot(3, state.now_ms, replace(state, jobs=())))
        app.flush()
        assert table.cursor == -1
        await pilot.press("enter", "down", "end")
        assert app.room == "jobs"


async def test_a_job_that_is_not_seen_paints_nothing_and_one_that_is_paints_its_row(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = console_with(crowd(MANY))
    async with app.run_test(size=COMPACT) as pilot:
        table = await on_jobs(pilot)
        app.flush()
        painted: list[Any] = []
        monkeypatch.setattr(table, "refresh", lambda *regions, **how: painted.extend(regions or [how]))
        drawn: list[int] = []
        build = table._build_list
        monkeypatch.setattr(table, "_build_list", lambda *given: (drawn.append(1), build(*given))[1])
        tell(app, JobChanged(replace(table.order[500], tokens=1)))
        assert (painted, drawn) == ([], [])
        tell(app, JobChanged(replace(table.order[3], tokens=1)))
        assert drawn == [1]
        assert [(region.y, region.height) for region in painted] == [(5, 1)]
        assert all(region.width < 20 for region in painted)


async def test_a_step_of_one_job_looks_at_few_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    app = console_with(crowd(MANY))
    async with app.run_test(size=COMPACT) as pilot:
        table = await on_jobs(pilot)
        await pilot.press("slash", *"running", "enter")
        looked: list[JobView] = []
        plain = job_order.searched
        monkeypatch.setattr(job_order, "searched", lambda job: (looked.append(job), plain(job))[1])
        tell(app, *(JobChanged(replace(table.order[place], tokens=2)) for place in range(50)))
        assert 0 < len(looked) <= 100


async def test_s_sorts_by_each_column_and_capital_s_turns_it_round() -> None:
    app = console_with(crowd(50))
    async with app.run_test(size=COMPACT) as pilot:
        table = await on_jobs(pilot)
        first = table.order.key_at(0)
        for head in ("JOB", "STATE", "TOKENS"):
            await pilot.press("s")
            assert table.sort == head and f"{head}▾" in text_of(app)
        tokens = [job.tokens for job in table.order]
        assert tokens == sorted(tokens, reverse=True)
        await pilot.press("S")
        assert "TOKENS▴" in text_of(app)
        assert [job.tokens for job in table.order] == sorted(tokens)
        for _ in range(6):
            await pilot.press("s")
        assert table.sort == "" and table.order.key_at(0) == first


async def test_sorted_rows_change_places_once_a_second_and_what_is_gone_goes_at_once() -> None:
    app = console_with(crowd(50))
    async with app.run_test(size=COMPACT) as pilot:
        table = await on_jobs(pilot)
        await pilot.press("s", "s", "s")
        low = replace(table.order[0], tokens=0)
        places = [table.order.key_at(place) for place in range(10)]
        tell(app, JobChanged(low))
        assert [table.order.key_at(place) for place in range(10)] == places
        assert " 0/4096" in rows_of(app)[0]
        app.clock.ms += 1_000
        app.flush()
        assert [table.order.key_at(place) for place in range(9)] == places[1:]


async def test_a_filter_lists_what_fits_and_keeps_the_chosen_one_if_it_does() -> None:
    app = console_with(crowd(50))
    async with app.run_test(size=COMPACT) as pilot:
        table = await on_jobs(pilot)
        await pilot.press("s", "down", "down", "slash", *"running !000001", "enter")
        assert "Jobs 50 of 110" in text_of(app)
        assert table.cursor == 1 and table.order[1].job.startswith("000002")
        tell(app, JobChanged(replace(table.order[7], state="failed")))
        assert "Jobs 49 of 110" in text_of(app)
        await pilot.press("slash", "ctrl+u", *"zzz", "enter")
        assert "No job fits the filter." in text_of(app) and "Jobs 0 of 110" in text_of(app)
        await pilot.press("escape")
        assert "Jobs 110" in text_of(app)


async def test_live_jobs_are_all_kept_and_finished_ones_are_bounded() -> None:
    app = console_with(crowd(JOBS_KEPT + 100))
    async with app.run_test(size=COMPACT) as pilot:
        table = await on_jobs(pilot)
        done = [
            replace(job, state="accepted", ended_ms=job.received_ms) for job in table.order[: JOBS_KEPT + 50]
        ]
        tell(app, *map(JobChanged, done))
        assert app.store.view().book.live_count == 52
        assert len(table.order) == JOBS_KEPT + 52


async def test_the_mouse_chooses_opens_scrolls_and_sorts() -> None:
    app = console_with(crowd(100))
    async with app.run_test(size=COMPACT) as pilot:
        table = await on_jobs(pilot)
        await pilot.click("#list", offset=(5, 5))
        assert table.cursor == 3
        await pilot._post_mouse_events([MouseScrollDown], "#list", (5, 5), button=0)
        assert table.cursor == 6
        await pilot.click("#list", offset=(28, 1))
        assert (table.sort, table.reverse) == ("TOKENS", False)
        await pilot.click("#list", offset=(28, 1))
        assert (table.sort, table.reverse) == ("TOKENS", True)
        await pilot.click("#list", offset=(5, 5), times=2)
        await settle(pilot)
        assert app.room == "job"


@pytest.mark.parametrize(
    ("size", "heads", "missing"),
    [
        ((40, 12), "JOB    STATE", "DRAW"),
        ((60, 16), "EARNED", "AGE"),
        (COMPACT, "PROMPT", "FIRST"),
        ((120, 40), "TRY", "WHAT"),
        ((200, 50), "WHAT HAPPENED", "ID"),
    ],
)
async def test_columns_give_way_where_it_is_narrow(size: tuple[int, int], heads: str, missing: str) -> None:
    app = console_on("earning")
    async with app.run_test(size=size) as pilot:
        await on_jobs(pilot)
        head = text_of(app).split("\n")[2]
        assert heads in head and missing not in head


async def test_without_a_job_it_is_said_why() -> None:
    state = replace(earning(), jobs=(), switches=replace(earning().switches, paused=True))
    app = console_with(state)
    async with app.run_test(size=COMPACT) as pilot:
        await on_jobs(pilot)
        assert "Paused: no work is taken. Press p to go on." in text_of(app)


async def test_a_table_that_was_hidden_catches_up() -> None:
    app = console_with(crowd(30))
    async with app.run_test(size=COMPACT) as pilot:
        await on_jobs(pilot)
        state = app.store.view().state
        new = replace(state.jobs[0], job=JobId("e" * 32), received_ms=state.now_ms + 5)
        tell(app, JobChanged(new))
        await pilot.press("1")
        await settle(pilot)
        assert "eeeeee" in text_of(app)
