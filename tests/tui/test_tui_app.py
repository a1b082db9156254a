"""The app as an operator drives it: keys, screens, orders; judged by state and by what stands on screen."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest
from doubles.console_double import RECORDINGS, console_on, settle, text_of
from doubles.outcomes import OUTCOMES, toasts
from textual.binding import Binding

from console.control.recording import Recorded, read
from console.control.replay import Replay
from console.control.state import NodeState, Note
from console.control.wire import Snapshot
from console.protocol.ids import JobId
from console.settings.config import ScreenConfig
from console.settings.themes import read_themes, shipped_folder
from console.tui.app import QuarterdeckApp
from console.tui.commands import COMMANDS, on_screen
from console.tui.fault import tell_fault
from console.tui.picture import StillClock, picture
from console.tui.screens.job_detail import JobScreen
from console.tui.screens.jobs import Jobs
from console.tui.screens.rooms import ROOMS
from console.tui.teller import Teller
from console.tui.widgets.panel import Listing

COMPACT = (80, 24)


WALK = [(room, command) for room in ("deck", *ROOMS, "job") for command in on_screen(room)]


def test_every_command_has_an_outcome_to_be_seen() -> None:
    assert {command.id for command in COMMANDS} == set(OUTCOMES)


@pytest.mark.parametrize(("room", "command"), WALK, ids=[f"{room}-{c.id}" for room, c in WALK])
async def test_every_binding_of_every_screen_does_what_it_says(room: str, command: Any) -> None:
    app = console_on("earning")
    suspended: list[bool] = []
    app.action_suspend_process = lambda: suspended.append(True)  # type: ignore[method-assign]
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        if room == "job":
            app.open_job(app.store.view().state.jobs[4].job, 1)
        else:
            app.show("events" if command.id == "deck" else room)
        await settle(pilot)
        before = {"theme": app.look.theme.name, "suspended": suspended, "room": room}
        await pilot.press(command.key.split(",")[0])
        if command.id != "detach":
            await settle(pilot)
        assert OUTCOMES[command.id](app, before)


@pytest.mark.parametrize("room", ROOMS)
async def test_news_may_come_while_a_screen_opens(room: str) -> None:
    """Over a slow link a key and a snapshot come together: the screen has no panels yet."""
    app = console_on("gpu")
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        app.show(room)
        app.store.touch()
        app.flush()
        await settle(pilot)
        assert app.room == room


async def test_screens_may_change_faster_than_they_close() -> None:
    """Keys that come together, as they do over a slow link: the screen that closes is still there."""
    app = console_on("earning")
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        for room in ("jobs", "events", "jobs", "deck", "events", "jobs"):
            app.show(room)
        await settle(pilot)
        assert app.room == "jobs"
        assert len(app.screen_stack) == 2


def test_every_command_has_id_key_words_and_a_place_in_help() -> None:
    assert len({command.id for command in COMMANDS}) == len(COMMANDS)
    for room in ("deck", *ROOMS, "job"):
        keys = [key for command in on_screen(room) for key in command.key.split(",")]
        assert len(set(keys)) == len(keys), room
    for command in COMMANDS:
        binding = command.binding()
        assert isinstance(binding, Binding) and binding.id == command.id
        assert binding.tooltip == command.explanation() and command.explanation().endswith(".")
    assert "filter" in {command.id for command in on_screen("jobs")}
    assert "filter" not in {command.id for command in on_screen("deck")}


@pytest.mark.parametrize("ends_run", [True, False])
async def test_leaving_is_called_what_it_does(ends_run: bool) -> None:
    app = console_on("earning", ends_run=ends_run)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        assert ("q end run" in text_of(app)) is ends_run and ("q detach" in text_of(app)) is not ends_run
        await pilot.press("question_mark")
        assert ("End the practice run" in text_of(app)) is ends_run
        assert ("node keeps working; `quarterdeck`" in text_of(app)) is not ends_run


@pytest.mark.parametrize("key", ["q", "ctrl+c", "ctrl+q"])
async def test_every_way_to_leave_is_the_same(key: str) -> None:
    app = console_on("earning")
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        await pilot.press(key)
    assert (app.return_value, app.return_code) == ("detached", 0)


async def test_the_console_closes_when_there_is_nothing_more_to_follow() -> None:
    app = console_on("earning", over=lambda: True)
    async with app.run_test(size=COMPACT), asyncio.timeout(20):
        while app.return_value is None:
            await asyncio.sleep(0.01)
    assert (app.return_value, app.return_code) == ("over", 0)


async def test_a_fault_of_the_console_is_a_sentence_and_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUARTERDECK_HOME", str(tmp_path))
    app = console_on("earning")
    with pytest.raises(ZeroDivisionError):
        async with app.run_test(size=COMPACT) as pilot:
            await settle(pilot)
            app.call_later(lambda: 1 / 0)
            await pilot.pause()
    assert app.return_code == 1
    assert "ZeroDivisionError" in (tmp_path / "console-fault.txt").read_text()
    said = tell_fault(ValueError("x"), tmp_path / "missing")
    assert "The node is not affected" in said and "ValueError" in said


async def test_drain_is_refused_by_enter_and_done_only_when_chosen() -> None:
    app = console_on("earning")
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        await pilot.press("d", "enter")
        await settle(pilot)
        assert toasts(app) == "" and app.room == "deck"
        await pilot.press("d", "right", "enter")
        await settle(pilot)
        assert "Draining" in toasts(app)


async def test_a_job_opens_with_its_evidence_and_escape_leads_back() -> None:
    app = console_on("earning")
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("2", "slash", *"rejected", "enter", "enter")
        await settle(pilot)
        assert isinstance(app.screen, JobScreen) and app.screen.detail is not None
        text = text_of(app)
        assert "rejected by replay" in text and "recomputed here: right" in text
        await pilot.press("end")
        assert "Mismatch" in text_of(app)
        assert "penalty:" in text_of(app) and "0.000000000 cr  sum" in text_of(app)
        await pilot.press("escape")
        assert isinstance(app.screen, Jobs) and "Jobs 1 of 60" in text_of(app)
        await pilot.press("escape")
        assert isinstance(app.screen, Jobs) and "Jobs 60" in text_of(app)
        await pilot.press("escape")
        assert app.room == "deck"


async def test_the_chosen_job_stays_chosen_while_others_arrive() -> None:
    app = console_on("earning")
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        await pilot.press("down", "down", "down")
        live = app.screen.query_one("#live", Listing)
        chosen, place = live.chosen, live.cursor
        state = app.store.view().state
        new = msgspec.structs.replace(state.jobs[0], job=JobId("f" * 32), state="running")
        app.store.apply(Snapshot(9, state.now_ms, msgspec.structs.replace(state, jobs=(new, *state.jobs))))
        app.flush()
        assert live.chosen == chosen and live.cursor == place + 1


async def test_old_figures_stay_and_say_how_old_they_are() -> None:
    app = console_on("lost")
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot, later_ms=12_000)
        text = text_of(app)
        assert "last seen 12 s ago" in text and "NO AGENT" in text and "+9,412 µcr" in text
        assert "quarterdeck agent start" in text


async def test_a_recording_that_is_over_says_so_and_speaks_of_no_agent() -> None:
    source = Replay(read(RECORDINGS / "earning.jsonl"), speed=0, tell_end=True)
    app = QuarterdeckApp(source, StillClock(), ScreenConfig())
    app.clock = app.store._clock  # type: ignore[attr-defined]
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot, later_ms=60_000)
        text = text_of(app)
        assert "ENDED" in text and "The recording ends here. The figures below are its last ones." in text
        assert "NO AGENT" not in text and "last paid 4 s ago" in text and "seen" not in text


async def test_before_the_first_snapshot_nothing_is_pretended() -> None:
    app = QuarterdeckApp(Replay([], speed=0), StillClock(), ScreenConfig())
    async with app.run_test(size=COMPACT) as pilot:
        await pilot.pause()
        text = text_of(app)
        assert "attaching to the agent…" in text and "ATTACHING" in text
        assert "µcr" not in text and " %" not in text


async def test_a_hidden_panel_costs_nothing() -> None:
    app = console_on("earning")
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        page = app.screen.query_one("#page")
        assert page._rows is None
        await pilot.resize_terminal(60, 16)
        await pilot.pause()
        assert page._rows is not None and "EARNING" in text_of(app)


async def test_one_changed_figure_is_a_few_bytes() -> None:
    app = console_on("earning")
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        app.screen._compositor._dirty_regions.clear()
        app.clock.ms += 1_000
        app.flush()
        await pilot.pause(0)
        regions = [region for widget in app.screen.query("*") for region in widget._repaint_regions] + list(
            app.screen._compositor._dirty_regions
        )
        assert sum(region.area for region in regions) <= 80


async def test_after_a_suspension_everything_is_painted_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    app = console_on("earning")
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        painted: list[dict[str, bool]] = []
        monkeypatch.setattr(app, "refresh", lambda **how: painted.append(how))
        app.app_resume_signal.publish(app)
        await pilot.pause()
        assert {"layout": True} in painted
        monkeypatch.undo()


async def test_a_notice_comes_and_goes_with_its_reason_and_hides_no_figure() -> None:
    app = console_on("earning")
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        assert "Engine" in text_of(app) and "▲" not in text_of(app)
        down = read(RECORDINGS / "engine_down.jsonl")[1].message
        app.store.apply(down)
        app.flush()
        await pilot.pause()
        text = text_of(app)
        assert "signal 9 (killed)" in text and "It is started again by itself" in text
        assert "Today" in text and "next try in" in text and "ENGINE DOWN" in text
        app.store.apply(read(RECORDINGS / "earning.jsonl")[1].message)
        app.flush()
        await pilot.pause()
        assert "signal 9 (killed)" not in text_of(app) and "Today" in text_of(app)


@pytest.mark.parametrize("room", ["jobs", "events"])
async def test_news_that_comes_while_a_screen_opens_does_not_end_the_console(room: str) -> None:
    app = console_on("paused")
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        app.show(room)
        app.store.touch()
        app.flush()
        await pilot.pause()
        assert app.room == room and app.return_code is None
        assert "PAUSED" in text_of(app)


async def test_what_is_typed_into_the_filter_is_seen_and_escape_drops_it() -> None:
    app = console_on("earning")
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        await pilot.press("2", "slash", *"!acc p 1 q")
        await pilot.pause()
        assert "/ !acc p 1 q" in text_of(app) and app.room == "jobs"
        await pilot.press("ctrl+u", *"rej", "backspace", "enter")
        await pilot.pause()
        assert "/ re" in text_of(app) and app.focused is not None and app.focused.id == "list"
        await pilot.press("escape")
        await pilot.pause()
        assert "/ re" not in text_of(app) and "Jobs 60" in text_of(app)


async def test_without_colour_no_colour_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = console_on("engine_down")
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        strips = app.screen._compositor.render_strips(app.screen.size)
        styles = [segment.style for strip in strips for segment in strip if segment.style]
        colours = [colour for style in styles for colour in (style.color, style.bgcolor) if colour]
        assert styles and all(colour.is_default for colour in colours)
        assert "▲ ENGINE DOWN" in text_of(app)


HOSTILE = "[bold]x[/]\x1b[2J\x07\u202e\x00" + "漢" * 300_000


async def test_a_hostile_peers_strings_change_nothing_but_their_own_cells() -> None:
    quiet = console_on("earning")
    recorded = read(RECORDINGS / "earning.jsonl")
    state: NodeState = recorded[1].message.state
    engine = msgspec.structs.replace(state.engine, model=HOSTILE)
    network = msgspec.structs.replace(state.network, name=HOSTILE)
    evil = msgspec.structs.replace(
        state, engine=engine, network=network, node=msgspec.structs.replace(state.node, practice=False)
    )
    evil = msgspec.structs.replace(
        evil, notes=tuple(msgspec.structs.replace(note, text=HOSTILE, room=HOSTILE) for note in state.notes)
    )
    replay = Replay([recorded[0], Recorded(recorded[1].at_ms, Snapshot(1, state.now_ms, evil))], speed=0)
    loud = QuarterdeckApp(replay, (clock := StillClock()), ScreenConfig())
    loud.clock = clock
    async with quiet.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        good = text_of(quiet).split("\n")
    async with loud.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        bad = text_of(loud).split("\n")
        assert [i for i, (a, b) in enumerate(zip(good, bad, strict=True)) if a != b] == [0, 6]
        assert not any(char in "\n".join(bad) for char in "\x1b\x07\u202e\x00")
        await pilot.press("8")
        assert "\x1b" not in text_of(loud) and "[bold]x[/]" in text_of(loud)


async def test_keys_can_be_given_to_other_commands_and_nonsense_is_named() -> None:
    app = console_on("earning", ScreenConfig(keys={"jobs": "g", "dance": "x"}))
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        assert "'dance'" in toasts(app) and "g Jobs" in text_of(app)
        await pilot.press("2")
        assert app.room == "deck"
        await pilot.press("g")
        assert app.room == "jobs"


@pytest.mark.parametrize("size", [(40, 10), (60, 16), (20, 5)])
@pytest.mark.parametrize("room", ["1", "2"])
async def test_however_small_the_way_out_and_the_help_are_shown(size: tuple[int, int], room: str) -> None:
    app = console_on("earning")
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await pilot.press(room)
        await pilot.pause()
        assert "q detach" in text_of(app) and "? help" in text_of(app)


@pytest.mark.parametrize(("size", "more"), [(COMPACT, True), ((120, 60), False)])
async def test_help_says_how_it_closes_and_whether_there_is_more(size: tuple[int, int], more: bool) -> None:
    app = console_on("earning")
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await pilot.press("question_mark")
        await pilot.pause()
        assert "esc closes" in text_of(app) and ("for more" in text_of(app)) is more


async def test_an_event_too_long_for_its_row_is_shown_whole_below() -> None:
    app = console_on("engine_down")
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        state = app.store.view().state
        long = Note(
            at_ms=1, level="error", room="engine", text="Once " + "upon a time " * 12 + "it ended well."
        )
        short = Note(at_ms=2, level="info", room="jobs", text="A short one.")
        app.store.apply(Snapshot(9, 9, msgspec.structs.replace(state, notes=(short, long))))
        await pilot.press("8")
        await pilot.pause()
        assert "ended well." not in text_of(app)
        await pilot.press("down")
        await pilot.pause()
        assert "ended well." in text_of(app)


async def test_a_broken_theme_is_one_toast_and_the_others_work(tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text("name = 'one'\nabout = 'x'\n")
    (tmp_path / "two.toml").write_bytes(b"\xff\xfe")
    app = console_on("earning", theme_folders=(tmp_path,))
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        assert len(app._notifications) == 1
        assert "one.toml" in toasts(app) and "two.toml" in toasts(app)
        assert set(app.wardrobe.themes) == set(read_themes((shipped_folder(),))[0])


def test_a_picture_is_an_svg_of_the_recording(tmp_path: Path) -> None:
    out = tmp_path / "deck.svg"
    picture(RECORDINGS / "earning.jsonl", (100, 30), out, keys=("8",))
    assert "self-test" in out.read_text() and out.read_text().startswith("<svg")


def test_line_mode_says_each_thing_once() -> None:
    teller = Teller()
    lines = [line for recorded in read(RECORDINGS / "busy.jsonl") for line in teller.lines(recorded.message)]
    assert lines[0].startswith("EARNING:")
    assert len([line for line in lines if line.startswith("EARNING")]) == 1
    assert len([line for line in lines if line.startswith("accepted")]) == 15
