"""Pausing until a time: what is offered, what is asked of the node; leaving the dialog asks nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from doubles.console_double import console_on, settle, text_of
from doubles.network_states import HOUR_MS, NOW, STATES, console_in
from doubles.outcomes import toasts
from hypothesis import given
from hypothesis import strategies as st

from console.control.moments import moment_words
from console.control.wire import Answer
from console.settings.config import ScreenConfig
from console.tui.app import QuarterdeckApp
from console.tui.pauses import pause_choices, zone_of
from console.tui.screens.choices import Choose

EAST = timezone(timedelta(hours=9))


def asked_of(app: QuarterdeckApp) -> list[tuple[str, dict[str, Any] | None]]:
    """What the node is asked from now on; it agrees to everything."""
    seen: list[tuple[str, dict[str, Any] | None]] = []

    async def command(name: str, args: dict[str, Any] | None = None) -> Answer:
        seen.append((name, args))
        return Answer("", True, "Paused, says the node.")

    app.source.command = command  # type: ignore[method-assign,assignment]
    return seen


@given(st.integers(1_600_000_000_000, 1_900_000_000_000), st.sampled_from([UTC, EAST]))
def test_every_offer_lies_ahead_and_says_its_local_time(now_ms: int, zone: timezone) -> None:
    choices = pause_choices(now_ms, zone)
    times = [at_ms for _, at_ms in choices[:-1]]
    assert all(now_ms < at_ms <= now_ms + 33 * HOUR_MS for at_ms in times)
    assert all(moment_words(at_ms, zone) in label for label, at_ms in choices[:-1])
    assert choices[-1][1] == 0 and "until I resume" in choices[-1][0]
    tomorrow = datetime.fromtimestamp(times[-1] / 1000, zone)
    today = datetime.fromtimestamp(now_ms / 1000, zone)
    assert (tomorrow.hour, tomorrow.minute) == (8, 0)
    assert tomorrow.date() - today.date() == timedelta(days=1)
    assert (len(times) == 4) is (today.hour < 6)


def test_a_zone_that_is_not_the_machines_is_taken_by_its_offset() -> None:
    here = datetime.fromtimestamp(NOW / 1000).astimezone().utcoffset()
    assert here is not None
    offset_s = int(here.total_seconds())
    assert zone_of(offset_s, NOW) is None
    assert zone_of(offset_s + 1800, NOW) == timezone(timedelta(seconds=offset_s + 1800))


@pytest.mark.parametrize(
    ("keys", "args"),
    [
        (("enter",), {"until_ms": NOW + HOUR_MS}),
        (("down", "enter"), {"until_ms": NOW + 4 * HOUR_MS}),
        (("2",), {"until_ms": NOW + 4 * HOUR_MS}),
        (("j", "j", "space"), {"until_ms": pause_choices(NOW, UTC)[-2][1]}),
        (("4",), {}),
    ],
)
async def test_what_is_chosen_is_what_the_node_is_asked(keys: tuple[str, ...], args: dict[str, Any]) -> None:
    app = console_on("earning")
    asked = asked_of(app)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("P")
        await pilot.pause()
        assert isinstance(app.screen, Choose) and "until Sat 22 Nov 15:00" in text_of(app)
        await pilot.press(*keys)
        await settle(pilot)
        assert asked == [("pause", args)]
        assert not isinstance(app.screen, Choose) and "says the node" in toasts(app)


@pytest.mark.parametrize("keys", [("escape",), ("q",), ("up", "enter"), ("end", "enter"), ("9", "n")])
async def test_leaving_the_dialog_asks_nothing(keys: tuple[str, ...]) -> None:
    app = console_on("earning")
    asked = asked_of(app)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("P", *keys)
        await settle(pilot)
        assert asked == [] and app.room == "deck" and not isinstance(app.screen, Choose)


async def test_p_alone_pauses_at_once_and_resumes() -> None:
    for state, order in (("earning", "pause"), ("paused", "resume")):
        app = console_on(state)
        asked = asked_of(app)
        async with app.run_test(size=(80, 24)) as pilot:
            await settle(pilot)
            await pilot.press("p")
            await settle(pilot)
            assert asked == [(order, None)]


async def test_a_click_takes_the_answer_under_it() -> None:
    app = console_on("earning")
    asked = asked_of(app)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("P")
        await pilot.pause()
        row = next(i for i, line in enumerate(text_of(app).split("\n")) if "4 hours" in line)
        await pilot.click(offset=(40, row))
        await settle(pilot)
        assert asked == [("pause", {"until_ms": NOW + 4 * HOUR_MS})]


@pytest.mark.parametrize("size", [(60, 16), (40, 12), (120, 40)])
async def test_the_dialog_fits_and_follows_the_terminal(size: tuple[int, int]) -> None:
    app = console_on("earning")
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("P")
        await pilot.resize_terminal(*size)
        await pilot.pause()
        answers = app.screen.query_one("#answers")
        assert answers.region.width <= size[0] and "Cancel" in text_of(app)


async def test_a_pause_with_an_end_counts_down_in_the_notice() -> None:
    app = console_in(STATES["paused_until"])
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "until Sun 23 Nov 08:00" in text_of(app) and "ends in 18 h 00" in text_of(app)


async def test_a_read_only_console_does_not_offer_it() -> None:
    app = console_on("earning", ScreenConfig(read_only=True))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("P")
        await settle(pilot)
        assert not isinstance(app.screen, Choose) and "read-only" in toasts(app)
