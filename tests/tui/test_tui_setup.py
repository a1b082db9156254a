"""First-run setup: what was chosen comes out, what cannot work cannot be started, nothing is written."""

from __future__ import annotations

import asyncio

from doubles.setup_double import Host
from textual.pilot import Pilot

from console.settings.config import ScreenConfig
from console.tui.setup.app import SetupApp


def text_of(app: SetupApp) -> str:
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips(app.screen.size))


async def still(pilot: Pilot[str]) -> None:
    async with asyncio.timeout(20):
        await pilot.app.workers.wait_for_complete()
    await pilot.pause()


async def test_practice_is_one_key_away_even_while_the_machine_is_looked_at() -> None:
    host = Host()
    host.may_look.clear()
    app = SetupApp(host, ScreenConfig())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert "looking at" in text_of(app)
        await pilot.press("enter")
        host.may_look.set()
    assert app.chosen is not None and app.chosen.purpose == "practice"


async def test_the_machine_and_its_findings_are_shown() -> None:
    app = SetupApp(Host(), ScreenConfig())
    async with app.run_test(size=(80, 24)) as pilot:
        await still(pilot)
        text = text_of(app)
        assert "EPYC 7B13, 4 cores" in text and "Little room" in text and "none: the model runs" in text


async def test_a_node_can_be_started_only_once_its_network_has_answered() -> None:
    app = SetupApp(Host(), ScreenConfig())
    async with app.run_test(size=(80, 24)) as pilot:
        await still(pilot)
        await pilot.press("down", "enter", *["down"] * 5, "enter")
        assert app.is_running and app.chosen is None
        await pilot.press(*["up"] * 5, "enter", *"ws://bad/net", "enter")
        await still(pilot)
        assert "Nothing answers there" in text_of(app)
        await pilot.press("enter", "ctrl+u", *"ws://good/net", "enter")
        await still(pilot)
        assert "reef network answers" in text_of(app)
        await pilot.press("down", "enter", *"reef-42", "enter", "down", "enter")
        await pilot.press("down", "enter", "ctrl+u", *"85", "enter", "down", "down", "enter")
        await pilot.pause()
    chosen = app.chosen
    assert chosen is not None and chosen.purpose == "join"
    assert (chosen.coordinator, chosen.name, chosen.model, chosen.watts) == (
        "ws://good/net", "reef-42", "other", 85.0,
    )  # fmt: skip


async def test_leaving_chooses_nothing_and_escape_goes_back() -> None:
    app = SetupApp(Host(), ScreenConfig())
    async with app.run_test(size=(60, 16)) as pilot:
        await still(pilot)
        await pilot.press("down", "enter", "escape")
        assert "What would you like?" in text_of(app)
        await pilot.press("q")
    assert app.chosen is None
