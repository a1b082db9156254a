"""The screen Machine: devices, gauges, users and findings, judged by state and by what stands on screen."""

from __future__ import annotations

import msgspec
import pytest
from doubles.console_double import console_on, settle, text_of
from doubles.outcomes import toasts
from textual.geometry import Region

from console.control.engine import PlanView, SequenceView, WhyView
from console.control.events import MachineProbed, MachineSampled, PlanChanged
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
        assert shown(app) == {"gauges", "engine", "users", "facts"}
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
        assert shown(app) == {"engine"}
        await pilot.press("tab")
        await pilot.pause()
        assert shown(app) == {"users"}
        await pilot.press("tab")
        await pilot.pause()
        assert shown(app) == {"facts"}
        await pilot.press("escape")
        await pilot.pause()
        assert app.room == "machine" and shown(app) == {
            "devices", "gauges", "engine", "users", "facts",
        }  # fmt: skip
        await pilot.press("escape")
        assert app.room == "deck"


async def test_where_it_is_small_tab_turns_the_pages() -> None:
    app = console_on("gpu")
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        await pilot.press("5")
        await settle(pilot)
        pages = [shown(app)]
        for _ in range(4):
            await pilot.press("tab")
            await pilot.pause()
            pages.append(shown(app))
        first = {"devices", "gauges"}
        assert pages == [first, first, {"engine"}, {"users"}, {"facts"}]
        assert "→ Reset or reboot" in text_of(app)


async def test_findings_scroll_and_the_worst_stands_first() -> None:
    app = console_on("gpu")
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        await pilot.press("5", "tab", "tab", "tab", "tab")
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


@pytest.mark.parametrize("panel", ["devices", "gauges", "engine", "users", "facts"])
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
            "engine": "launch plan",
            "users": "never read",
            "facts": "stands idle",
        }
        assert isinstance(app.screen, HelpScreen) and words[panel] in app.screen.text


async def test_each_slot_stands_with_what_it_does_and_enter_opens_the_plan() -> None:
    app = console_on("batching")
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        await pilot.press("5", "tab")
        await settle(pilot)
        text = text_of(app)
        assert "5/8 slots" in text and "2 queued" in text and "prefill 1,420 tok/s" in text
        assert "reused 28.0 %" in text and "48/128" in text and "prompt 412, 128 reused" in text
        assert "reads" in text and "you" in text and "512/1,024" in text and "2 more at work" in text
        assert "4 threads · 8 × 2,048 tokens · on the processor" in text
        await pilot.press("enter")
        await settle(pilot)
        assert shown(app) == {"engine"}
        text = text_of(app)
        assert "4 physical cores; more would share them." in text and "Measured: 8 at once" in text
        assert "102/128" in text and "estimated before the start" in text and "1 more below" in text
        await pilot.press("end")
        assert "3 slots free" in text_of(app)
        await pilot.press("escape")
        await pilot.pause()
        assert "gauges" in shown(app)


async def test_steps_down_stand_out_and_say_what_comes_next() -> None:
    app = console_on("stepped")
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        await pilot.press("5", "tab")
        await settle(pilot)
        assert "! memory ran out: stepped down 3 times, last to 4 slots instead of 8" in text_of(app)
        await pilot.press("enter")
        await settle(pilot)
        text = text_of(app)
        assert "512 tokens: memory ran out with 2,048." in text
        assert "if memory runs out again: 2 slots instead of 4" in text


async def test_a_plan_that_came_late_is_shown_and_one_that_never_came_is_not_pretended() -> None:
    app = console_on("earning")
    async with app.run_test(size=ROOMY) as pilot:
        await settle(pilot)
        await pilot.press("5", "tab", "enter")
        await settle(pilot)
        assert "has not been started yet" in text_of(app)
        view = app.store.view()
        made = PlanView(view.now_ms, context=512, slots=2, threads=1, reasons=(WhyView("new", "As it is."),))
        app.store.apply(Delta(2, view.now_ms, PlanChanged(made)))
        app.flush()
        await pilot.pause()
        assert "As it is." in text_of(app)


@pytest.mark.parametrize("size", [SMALL, COMPACT, ROOMY])
async def test_a_hostile_engine_cannot_draw_beyond_its_place(size: tuple[int, int]) -> None:
    app = console_on("batching")
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await pilot.press("5", "tab", "enter")
        await settle(pilot)
        state = app.store.view().state
        evil = SequenceView(-7, "network", -5, 10**18, 10**17, -1, 0, -(10**12))
        engine = replace(state.engine, sequences=(evil,) * 100, slots=10**9, slots_busy=-3, model=HOSTILE)
        plan = replace(state.plan, reasons=(WhyView(HOSTILE, HOSTILE),), taken=(HOSTILE,) * 20)
        app.store.apply(Snapshot(9, state.now_ms, replace(state, engine=engine, plan=plan)))
        app.flush()
        await pilot.pause()
        assert all(len(line) <= size[0] * 2 for line in text_of(app).splitlines())
        assert "\x1b" not in text_of(app) and "\u202e" not in text_of(app)


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
