"""The screen Models: what it says in each state, and what its keys have the agent do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from doubles.console_double import RECORDINGS, console_on, settle, text_of
from doubles.outcomes import toasts

from console.control.link import Args
from console.control.models import ModelState, ModelView
from console.control.recording import Recorded, Replay, read
from console.control.state import EngineView
from console.control.wire import Answer, Snapshot
from console.settings.config import ScreenConfig
from console.tui.app import QuarterdeckApp
from console.tui.picture import StillClock
from console.tui.rows import Row
from console.tui.screens.dialogs import Confirm
from console.tui.store import View
from console.tui.views.frame import Frame
from console.tui.views.model_detail import detail
from console.tui.views.models import listing, parameters, size, state_word

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


def words(rows: Sequence[Row]) -> str:
    return "\n".join("".join(span.text for span in row) for row in rows)


def view_of(*models: ModelView) -> View:
    message = next(r.message for r in read(RECORDINGS / "earning.jsonl") if isinstance(r.message, Snapshot))
    state = change(message.state, models=change(message.state.models, models=models))
    return View(state, message.at_ms, "attached")


@pytest.mark.parametrize(
    ("model", "engine", "word"),
    [
        (SERVED, READY, "serving"),
        (SERVED, change(READY, state="loading"), "starting"),
        (SERVED, change(READY, state="waiting"), "engine down"),
        (SERVED, change(READY, state="failed"), "engine down"),
        (change(SERVED, state="checking"), READY, "checking"),
        (change(SERVED, state="wrong"), READY, "wrong file"),
        (change(SERVED, serving=False), READY, "next start"),
        (change(SERVED, serving=False, chosen=False), READY, "verified"),
        (change(SERVED, serving=False, state="absent"), READY, "not here"),
        (change(SERVED, serving=False, chosen=False, state="unverified"), READY, "not checked"),
        (change(SERVED, serving=False, state="partial"), READY, "in part"),
        (OWN, READY, "own file"),
        (change(OWN, sha256="cd" * 32), READY, "hashed"),
    ],
)
def test_the_one_word_for_a_model(model: ModelView, engine: EngineView, word: str) -> None:
    assert state_word(model, engine)[1] == word


def test_every_state_has_a_glyph_a_word_and_a_line_in_the_list() -> None:
    for state in ModelState.__args__:  # type: ignore[attr-defined]
        model = change(OWN, name="catalogue", state=state, done_bytes=1000)
        for width in (60, 80, 118, 198):
            rows = listing([model], view_of(model), Frame(width, 5, cursor=0))
            assert state_word(model, READY)[1][:5] in words(rows), (state, width)


def test_sizes_and_parameters_are_round() -> None:
    assert [size(n) for n in (0, 5, 98_362_432, 4_920_000_000, 40 << 30)] == [
        "—", "1 MB", "93 MB", "4.6 GB", "40 GB",
    ]  # fmt: skip
    assert [parameters(n) for n in (0, 384, 134_515_008, 8_030_000_000, 70_600_000_000)] == [
        "—", "384", "135 M", "8.0 B", "71 B",
    ]  # fmt: skip


def test_the_detail_says_what_exact_means_and_what_inexact_costs() -> None:
    exact = words(detail(OWN, view_of(OWN), 100))
    assert "✓ exact: all its tensor types (F32, Q8_0)" in exact
    inexact = words(detail(change(OWN, exact=False, tensor_types=("BF16",)), view_of(OWN), 100))
    assert "! inexact: not all its tensor types (BF16)" in inexact and "lists this node no more" in inexact
    unknown = words(detail(change(OWN, exact=None), view_of(OWN), 100))
    assert "? unknown: its header has not been read" in unknown


def test_the_detail_says_why_something_does_not_fit_or_is_wrong() -> None:
    big = change(OWN, fits=False, fit_sentence="5.6 GB of 3.1 GB free memory")
    assert "✗ too big: 5.6 GB of 3.1 GB free memory" in words(detail(big, view_of(big), 80))
    wrong = change(SERVED, serving=False, state="wrong", sentence="The file is not the model.")
    assert "✗ wrong file\n" in words(detail(wrong, view_of(wrong), 80)).replace(" \n", "\n")
    assert "The file is not the model." in words(detail(wrong, view_of(wrong), 80))


def test_a_hash_is_whole_at_any_width() -> None:
    for width in (40, 58, 78, 118):
        told = words(detail(SERVED, view_of(SERVED), width)).replace("\n", "").replace(" ", "")
        assert SERVED.sha256 in told


def test_a_hostile_header_changes_nothing_but_its_own_cell() -> None:
    nasty = "\x1b[2J[bold]\u202eevil\x00" + "x" * 1_000_000
    model = change(OWN, title=nasty, quantisation=nasty, path="/" + nasty, sentence=nasty, fit_sentence=nasty)
    calm = listing([OWN, SERVED], view_of(), Frame(80, 6, cursor=1))
    rows = listing([model, SERVED], view_of(), Frame(80, 6, cursor=1))
    assert rows[0] == calm[0] and rows[1] == calm[1] and rows[3] == calm[3]
    for text in (words(rows), words(detail(model, view_of(model), 80))):
        assert not any(c in text for c in "\x1b\u202e\x00")
    assert len(detail(model, view_of(model), 80)) < 40


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
