"""The screen Machine: devices, gauges, users and findings, judged by state and by what stands on screen."""

from __future__ import annotations

import msgspec
import pytest
from doubles.console_double import console_on, settle, text_of
from doubles.outcomes import toasts
from textual.geometry import Region

from console.control.events import MachineProbed, MachineSampled
from console.control.machine import GpuView, MachineFacts, ProcessView
from console.control.wire import Delta, Snapshot
from console.tui.app import QuarterdeckApp
from console.tui.screens.dialogs import HelpScreen
from console.tui.screens.machine import Machine
from console.tui.widgets.canvas import Canvas
from console.tui.widgets.panel import Panel

COMPACT, ROOMY, SMALL = (80, 24), (120, 40), (60, 16)
HOSTILE = "[bold]x[/]\x1b[2J\x07\u202e\x00" + "漢" * 3_000
replace = msgspec.structs.replace


def change(app: QuarterdeckApp, **machine: object) -> None:
    """Another reading of the same machine."""
    state = app.store.view().state
    changed = replace(state, machine=replace(state.machine, **machine))
    app.store.apply(Snapshot(9, state.now_ms, changed))
    app.flush()


def shown(app: QuarterdeckApp) -> set[str]:
    """The panels that are placed, frame lines left aside."""
    return {panel.id or "" for panel in app.screen.query(Panel) if panel.region.area} - {
        "status", "footer", "notice",
    }  # fmt: skip


async def test_each_gpu_can_be_chosen_and_a_lost_one_is_plain_to_see() -> None:
    app = console_on("gpu")
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        await pilot.press("5")
        await settle(pilot)
        assert app.focused is not None and app.focused.id == "devices"
        text = text_of(app)
        assert "142/200 W" in text and "LOST: its driver does not answer" in text
        assert "! Held back by power cap" in text and "limit 200 W" in text and "10,501 MHz" in text
        assert "quarterdeck eng" in text and "6.4 GB" in text
        await pilot.press("down")
        text = text_of(app)
        assert "nothing can run on it" in text and "limit 200 W" not in text and "it is lost" in text
        await pilot.press("down")
        text = text_of(app)
        assert "AMD EPYC 7B13 · 8 cores" in text and "Who uses the processor" in text and "96 %" in text


async def test_without_a_gpu_the_room_goes_to_the_processor() -> None:
    app = console_on("earning")
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        await pilot.press("5")
        await settle(pilot)
        assert shown(app) == {"gauges", "users", "facts"}
        assert app.focused is not None and app.focused.id == "gauges"
        text = text_of(app)
        assert "load 2.1" in text and "41 of 100 GB free" in text and "mains" in text and "2,450 MHz" in text
        assert "llama.cpp can use" in text


async def test_a_gpu_that_comes_brings_the_list_and_takes_it_along_when_it_goes() -> None:
    app = console_on("earning")
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        await pilot.press("5")
        await settle(pilot)
        change(app, gpus=(GpuView("RTX", load_percent=7),))
        await pilot.pause()
        assert "devices" in shown(app) and app.focused is not None and app.focused.id == "devices"
        change(app, gpus=())
        await pilot.pause()
        assert "devices" not in shown(app) and app.focused is not None and app.focused.id == "gauges"


async def test_the_chosen_device_stays_chosen_while_figures_change() -> None:
    app = console_on("gpu")
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        await pilot.press("5", "down", "down")
        await settle(pilot)
        change(app, cpu_percent=99)
        await pilot.pause()
        screen = app.screen
        assert isinstance(screen, Machine) and screen.listed.cursor == 2 and "99 %" in text_of(app)


async def test_enter_enlarges_the_chosen_device_arrows_change_it_and_escape_leads_back() -> None:
    app = console_on("gpu")
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        await pilot.press("5", "enter")
        await settle(pilot)
        assert shown(app) == {"gauges"} and "NVIDIA RTX 4070" in text_of(app)
        await pilot.press("down")
        assert "nothing can run on it" in text_of(app)
        await pilot.press("tab")
        await pilot.pause()
        assert shown(app) == {"users"}
        await pilot.press("tab")
        await pilot.pause()
        assert shown(app) == {"facts"}
        await pilot.press("escape")
        await pilot.pause()
        assert app.room == "machine" and shown(app) == {"devices", "gauges", "users", "facts"}
        await pilot.press("escape")
        assert app.room == "deck"


async def test_where_it_is_small_tab_turns_the_pages() -> None:
    app = console_on("gpu")
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await pilot.press("5")
        await settle(pilot)
        pages = [shown(app)]
        for _ in range(3):
            await pilot.press("tab")
            await pilot.pause()
            pages.append(shown(app))
        assert pages == [{"devices", "gauges"}, {"devices", "gauges"}, {"users"}, {"facts"}]
        assert "→ Reset or reboot" in text_of(app)


async def test_findings_scroll_and_the_worst_stands_first() -> None:
    app = console_on("gpu")
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        await pilot.press("5", "tab", "tab", "tab")
        await settle(pilot)
        text = text_of(app)
        assert "✗ NVIDIA RTX 3060 no longer answers" in text and "more below" in text
        await pilot.press("end")
        text = text_of(app)
        assert (
            "probed 89 min ago" in text and "no longer answers" not in text.split("Driver and llama.cpp")[1]
        )


async def test_the_machine_is_probed_again_and_what_came_of_it_is_shown() -> None:
    app = console_on("earning")
    async with app.run_test(size=ROOMY) as pilot:
        await settle(pilot)
        await pilot.press("5", "g")
        await settle(pilot)
        assert "Probing the machine" in toasts(app)
        view = app.store.view()
        app.store.apply(Delta(2, view.now_ms, MachineProbed(MachineFacts(probed_ms=view.now_ms))))
        app.flush()
        await pilot.pause()
        text = text_of(app)
        assert "llama.cpp cannot be loaded" in text and "probed 0 s ago" in text


@pytest.mark.parametrize("panel", ["devices", "gauges", "users", "facts"])
async def test_every_panel_explains_itself(panel: str) -> None:
    app = console_on("gpu")
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        await pilot.press("5")
        await settle(pilot)
        app.screen.query_one(f"#{panel}").focus()
        await pilot.press("question_mark")
        words = {
            "devices": "held back",
            "gauges": "fixed scale",
            "users": "never read",
            "facts": "stands idle",
        }
        assert isinstance(app.screen, HelpScreen) and words[panel] in app.screen.text


async def test_old_gauges_are_dated_and_faded() -> None:
    app = console_on("lost")
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        await pilot.press("5")
        await settle(pilot, later_ms=12_000)
        assert "Last seen 12 s ago" in text_of(app) and "load 2.1" in text_of(app)
        assert {
            panel._faded for panel in app.screen.query(Panel) if panel.id in ("gauges", "users", "facts")
        } == {True}


async def test_before_the_first_snapshot_no_figure_is_pretended() -> None:
    app = console_on("no_agent")
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        await pilot.press("5")
        await settle(pilot)
        assert not any(word in text_of(app) for word in ("%", "°C", "GB", "MHz", "Not probed"))


async def test_a_figure_that_wanders_repaints_itself_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    app = console_on("gpu")
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        await pilot.press("5")
        await settle(pilot)
        state, painted = app.store.view().state, list[Region]()
        monkeypatch.setattr(Canvas, "refresh", lambda self, *regions, **how: painted.extend(regions))
        card = replace(state.machine.gpus[0], clock_mhz=2460)
        changed = replace(state, machine=replace(state.machine, gpus=(card, *state.machine.gpus[1:])))
        app.store.apply(Snapshot(9, state.now_ms, changed))
        app.flush()
        monkeypatch.undo()
        assert {(region.width, region.height) for region in painted} == {(11, 1), (9, 1)}


async def test_hostile_names_change_nothing_but_their_own_cells() -> None:
    app = console_on("gpu")
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        await pilot.press("5")
        await settle(pilot)
        good = text_of(app).split("\n")
        gpu = app.store.view().state.machine.gpus[0]
        evil = replace(
            gpu,
            throttle=HOSTILE,
            processes=(ProcessView(7, HOSTILE, memory_bytes=1), *(gpu.processes or ())[1:]),
        )
        change(app, gpus=(evil, *app.store.view().state.machine.gpus[1:]))
        await pilot.pause()
        bad = text_of(app).split("\n")
        changed = [i for i, (a, b) in enumerate(zip(good, bad, strict=True)) if a != b]
        assert len(changed) <= 3 and "[bold]x[/]" in "\n".join(bad)
        assert not any(char in "\n".join(bad) for char in "\x1b\x07\u202e\x00")


async def test_a_sample_from_the_agent_moves_the_charts() -> None:
    app = console_on("earning")
    async with app.run_test(size=ROOMY) as pilot:
        await settle(pilot)
        await pilot.press("5")
        await settle(pilot)
        before = text_of(app)
        view = app.store.view()
        sample = replace(view.state.machine, cpu_percent=100)
        app.store.apply(Delta(2, view.now_ms, MachineSampled(sample)))
        app.flush()
        await pilot.pause()
        assert "100 %" in text_of(app) and text_of(app) != before
