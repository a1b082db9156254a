"""The screen Models: what it says in each state, and what its keys have the agent do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from doubles.console_double import RECORDINGS, console_on, settle, text_of
from doubles.outcomes import toasts

from console.control.connection import Args
from console.control.events import EngineChanged
from console.control.models import ModelView
from console.control.recording import Recorded, read
from console.control.replay import Replay
from console.control.state import EngineView
from console.control.wire import Answer, Delta, Snapshot
from console.settings.config import ScreenConfig
from console.tui.app import QuarterdeckApp
from console.tui.picture import StillClock
from console.tui.screens.dialogs import Confirm
from console.tui.views.models import state_word

COMPACT, ROOMY = (80, 24), (120, 40)
OWN = ModelView(
    "/data/mine.gguf", "mine", "unverified", 675_710_816, quantisation="Q8_0", parameters=494_032_768,
    context=32768, path="/data/mine.gguf", fits=True, fit_sentence="0.9 GB of 21 GB free memory", exact=True,
    tensor_types=("F32", "Q8_0"),
)  # fmt: skip
SERVED = ModelView(
    "starter", "Starter", "verified", 98_362_432, "ab" * 32, "Q4_1", 134_515_008, 8192, "Apache-2.0",
    "/models/starter.gguf", True, True, True, "0.4 GB of 21 GB free memory", True,
)  # fmt: skip
READY = EngineView(state="ready", model="Starter")
change = msgspec.structs.replace


class Obliging(Replay):
    """A replay whose node does everything, and remembers what it was told."""

    def __init__(self, recording: Sequence[Recorded], refuses: str = "") -> None:
        super().__init__(recording, speed=0)
        self.told: list[tuple[str, Args]] = []
        self.refuses = refuses

    async def command(self, name: Any, args: Args | None = None) -> Answer:
        """Remembered, and done."""
        self.told.append((name, args or {}))
        return Answer("", name != self.refuses, f"{name} is done." if name != self.refuses else "Refused.")


def console_with(*models: ModelView, refuses: str = "", live: bool = True, **more: bool) -> QuarterdeckApp:
    """The console on a node that has these weights."""
    recording = []
    for recorded in read(RECORDINGS / "earning.jsonl"):
        message = recorded.message
        if isinstance(message, Snapshot):
            state = message.state
            weights = change(state.models, models=models)
            jobs = state.jobs if live else state.jobs[2:]
            message = change(message, state=change(state, models=weights, jobs=jobs))
        recording.append(change(recorded, message=message))
    return QuarterdeckApp(Obliging(recording, refuses), StillClock(), ScreenConfig(**more))  # type: ignore[arg-type]


def clocked(app: QuarterdeckApp) -> QuarterdeckApp:
    app.clock = StillClock()  # type: ignore[attr-defined]
    return app


async def test_what_cannot_be_known_yet_is_not_shown() -> None:
    app = console_on("no_agent")
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        await pilot.press("6")
        shown = text_of(app)
        assert "No agent is running" in shown and "serving" not in shown.lower().replace("serving now", "")


async def test_a_node_that_has_told_no_weights_says_so() -> None:
    app = clocked(console_with())
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        await pilot.press("6")
        assert "has not told yet which weights are here" in text_of(app)
        for key in ("f", "v", "u"):
            await pilot.press(key)
        assert app.source.told == []  # type: ignore[attr-defined]


async def test_f_fetches_what_is_chosen() -> None:
    absent = change(SERVED, name="other", title="Other", state="absent", serving=False, chosen=False)
    app = clocked(console_with(SERVED, absent))
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        await pilot.press("6", "down")
        assert "○ not here: f fetches it" in text_of(app)
        await pilot.press("f")
        await settle(pilot)
        assert app.source.told == [("fetch_model", {"name": "other"})]  # type: ignore[attr-defined]
        assert "fetch_model is done." in toasts(app)


async def test_f_asks_before_it_stops_what_is_being_fetched() -> None:
    under_way = change(SERVED, name="other", state="fetching", serving=False, done_bytes=1000)
    app = clocked(console_with(SERVED, under_way))
    async with app.run_test(size=ROOMY) as pilot:
        await settle(pilot)
        await pilot.press("6")
        assert "f stop fetching" in text_of(app)
        await pilot.press("f", "escape")
        await settle(pilot)
        assert app.source.told == []  # type: ignore[attr-defined]
        await pilot.press("f", "y")
        await settle(pilot)
        assert app.source.told == [("cancel_fetch", {})]  # type: ignore[attr-defined]


async def test_v_hashes_and_stops_hashing() -> None:
    app = clocked(console_with(OWN, SERVED))
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        await pilot.press("6", "v")
        await settle(pilot)
        assert app.source.told == [("verify_model", {"name": OWN.name})]  # type: ignore[attr-defined]
    app = clocked(console_with(change(OWN, state="checking"), SERVED))
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        await pilot.press("6", "down", "v")
        await settle(pilot)
        assert app.source.told == [("cancel_fetch", {})]  # type: ignore[attr-defined]


async def test_u_asks_then_chooses_then_offers_the_restart() -> None:
    app = clocked(console_with(SERVED, OWN))
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        await pilot.press("6", "down", "u")
        assert isinstance(app.screen, Confirm) and not app.screen.question.agreed
        assert "engine.model" in app.screen.question.text
        await pilot.press("y")
        await settle(pilot)
        assert app.source.told == [("use_model", {"name": OWN.name})]  # type: ignore[attr-defined]
        assert isinstance(app.screen, Confirm)
        assert "2 unfinished jobs are given back to the network" in app.screen.question.text
        await pilot.press("enter")
        await settle(pilot)
        assert len(app.source.told) == 1  # type: ignore[attr-defined]
        await pilot.press("u", "y")
        await settle(pilot)
        await pilot.press("y")
        await settle(pilot)
        assert [name for name, _ in app.source.told] == ["use_model", "use_model", "restart_agent"]  # type: ignore[attr-defined]


async def test_a_refused_choice_offers_no_restart() -> None:
    app = clocked(console_with(SERVED, OWN, refuses="use_model"))
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        await pilot.press("6", "down", "u", "y")
        await settle(pilot)
        assert "Refused." in toasts(app) and not isinstance(app.screen, Confirm)


async def test_u_says_when_nothing_is_to_be_done_or_nothing_can_be() -> None:
    absent = change(SERVED, name="x", title="Other", state="absent", serving=False, chosen=False)
    waiting = change(SERVED, name="y", title="Waiting", serving=False)
    app = clocked(console_with(SERVED, absent, waiting, live=False))
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        await pilot.press("6", "u")
        assert "Starter is served already" in toasts(app)
        await pilot.press("down", "u")
        assert "Other is not on this machine yet" in toasts(app)
        await pilot.press("down", "u")
        assert isinstance(app.screen, Confirm) and "No job runs now." in app.screen.question.text
        assert app.source.told == []  # type: ignore[attr-defined]


async def test_what_does_not_fit_is_used_only_by_an_answer_that_says_so() -> None:
    big = change(OWN, fits=False, fit_sentence="5.6 GB of 3.1 GB free memory")
    app = clocked(console_with(SERVED, big))
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        await pilot.press("6", "down", "u")
        assert isinstance(app.screen, Confirm)
        assert "does not fit" in app.screen.question.text and app.screen.question.action == "Use anyway"
        await pilot.press("y")
        await settle(pilot)
        assert app.source.told == [("use_model", {"name": big.name, "anyway": 1})]  # type: ignore[attr-defined]


async def test_a_read_only_console_checks_and_changes_nothing() -> None:
    app = clocked(console_with(SERVED, OWN, read_only=True))
    async with app.run_test(size=ROOMY) as pilot:
        await settle(pilot)
        await pilot.press("6", "down")
        assert "u use" not in text_of(app) and "v verify" in text_of(app)
        for key in ("f", "u", "v"):
            await pilot.press(key)
        await settle(pilot)
        assert app.source.told == [("verify_model", {"name": OWN.name})]  # type: ignore[attr-defined]
        assert "read-only" in toasts(app)


async def test_enter_goes_to_the_facts_and_escape_back_to_the_list() -> None:
    app = console_on("earning")
    async with app.run_test(size=(60, 16)) as pilot:
        await settle(pilot)
        await pilot.press("6")
        assert "/home/ada" not in text_of(app)
        await pilot.press("enter", "end")
        assert app.focused is not None and app.focused.id == "detail"
        assert "/home/ada/.quarterdeck/models" in text_of(app)
        await pilot.press("escape")
        assert app.focused.id == "models" and app.room == "models"
        await pilot.press("escape")
        assert app.room == "deck"


async def test_the_facts_follow_the_cursor() -> None:
    app = console_on("earning")
    async with app.run_test(size=ROOMY) as pilot:
        await settle(pilot)
        await pilot.press("6", "down", "down")
        assert "1.8 GB of 4.6 GB" in text_of(app) and "14 MB/s" in text_of(app)
        await pilot.press("up")
        assert "/data/qwen2.5-0.5b-instruct-q8_0.gguf" in text_of(app)
        await pilot.press("tab")
        assert app.focused is not None and app.focused.id == "detail"


async def test_the_hash_can_be_copied() -> None:
    app = clocked(console_with(SERVED, OWN))
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        await pilot.press("6")
        assert [(c.name, c.text) for c in app.screen.copyable()][:2] == [  # type: ignore[attr-defined]
            ("SHA-256", SERVED.sha256), ("file", SERVED.path),
        ]  # fmt: skip


async def test_a_served_model_whose_engine_is_down_is_offered_a_start_not_called_served() -> None:
    app = clocked(console_with(SERVED, live=False))
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        down = EngineView(state="waiting", sentence="The engine stopped.", model="Starter")
        app.store.apply(Delta(2, app.store.view().now_ms, EngineChanged(down)))
        await pilot.press("6", "u")
        assert "served already" not in toasts(app)
        assert isinstance(app.screen, Confirm) and "Restart the engine?" in text_of(app)


def test_weights_that_are_not_here_say_so_while_their_engine_is_down() -> None:
    gone = change(SERVED, state="absent")
    assert state_word(gone, EngineView(state="waiting"))[1] == "not here"
    assert state_word(gone, READY)[1] == "serving"
    assert state_word(SERVED, EngineView(state="waiting"))[1] == "engine down"
