"""Pictures of the screen Models in its states and sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import textual
from doubles.console_double import RECORDINGS, console_on, settle
from textual.pilot import Pilot

from console.control.models import ModelView
from console.control.recording import Recorded, read
from console.control.replay import Replay
from console.control.wire import Answer, Snapshot
from console.settings.config import ScreenConfig
from console.tui.app import QuarterdeckApp
from console.tui.picture import StillClock

PINNED = "8.2.8"
SMALL, COMPACT, ROOMY, WIDE = (60, 16), (80, 24), (120, 40), (200, 50)
Compare = Callable[..., bool]
change = msgspec.structs.replace


@pytest.fixture(autouse=True)
def _pinned() -> None:
    """The pictures belong to one version of Textual; with another they would prove nothing."""
    assert textual.__version__ == PINNED, f"these pictures were taken with textual {PINNED}"


def then(*keys: str, later_ms: int = 0) -> Callable[[Pilot[Any]], Any]:
    async def run(pilot: Pilot[Any]) -> None:
        await pilot.pause()
        await settle(pilot)
        for key in ("6", *keys):
            await pilot.press(key)
        await settle(pilot, later_ms)

    return run


def troubled(models: tuple[ModelView, ...]) -> tuple[ModelView, ...]:
    """A wrong file, one that does not fit and is not exact, one fetched in part, one for the next start."""
    first, own, fetched = models
    return (
        change(first, chosen=False),
        change(
            first, name="wrong", title="A file that was changed", state="wrong", serving=False, chosen=False,
            sentence="The file is not the model: its SHA-256 is 0a1b2c3d4e5f6071…. Fetch it again.",
        ),
        change(
            own, name="/data/huge-f16.gguf", title="huge-f16", path="/data/huge-f16.gguf", quantisation="F16",
            size_bytes=48_000_000_000, parameters=24_000_000_000, fits=False, exact=False,
            fit_sentence="46 GB of 21 GB free memory", tensor_types=("F16", "F32"),
        ),
        change(fetched, state="partial", sentence="stopped, as you asked."),
        change(own, chosen=True, tensor_types=("F32", "Q8_0"), sha256="5c" * 32),
    )  # fmt: skip


def console_in_trouble() -> QuarterdeckApp:
    recording = []
    for recorded in read(RECORDINGS / "earning.jsonl"):
        message = recorded.message
        if isinstance(message, Snapshot):
            weights = message.state.models
            weights = change(weights, models=troubled(weights.models))
            message = change(message, state=change(message.state, models=weights))
        recording.append(Recorded(recorded.at_ms, message))
    clock = StillClock()
    app = QuarterdeckApp(Agreeing(recording, speed=0), clock, ScreenConfig())
    app.clock = clock  # type: ignore[attr-defined]
    return app


class Agreeing(Replay):
    """Does what it is told."""

    async def command(self, name: Any, args: Any = None) -> Answer:
        """Done."""
        return Answer("", True, "Chosen. It is served once the agent was restarted.")


SIZES = pytest.mark.parametrize(
    "size", [SMALL, COMPACT, ROOMY, WIDE], ids=["60x16", "80x24", "120x40", "200x50"]
)
TWO = pytest.mark.parametrize("size", [COMPACT, ROOMY], ids=["80x24", "120x40"])


@SIZES
def test_models(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(console_on("earning"), terminal_size=size, run_before=then())


@SIZES
def test_models_fetching(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(console_on("earning"), terminal_size=size, run_before=then("down", "down"))


@TWO
@pytest.mark.parametrize("state", ["no_agent", "fresh", "gpu", "engine_down", "network_down"])
def test_models_in_a_state(snap_compare: Compare, state: str, size: tuple[int, int]) -> None:
    assert snap_compare(console_on(state), terminal_size=size, run_before=then())


@SIZES
def test_models_lost(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(console_on("lost"), terminal_size=size, run_before=then(later_ms=12_000))


@TWO
@pytest.mark.parametrize(
    "place", range(5), ids=["until_restart", "wrong", "too_big", "in_part", "next_start"]
)
def test_models_in_trouble(snap_compare: Compare, place: int, size: tuple[int, int]) -> None:
    assert snap_compare(console_in_trouble(), terminal_size=size, run_before=then(*["down"] * place))


@pytest.mark.parametrize("size", [SMALL, COMPACT], ids=["60x16", "80x24"])
@pytest.mark.parametrize(
    "keys",
    [("down", "down", "u"), ("down", "down", "down", "down", "u"), ("enter",), ("question_mark",)],
    ids=["use_anyway", "restart", "facts", "help"],
)
def test_models_dialogs(snap_compare: Compare, keys: tuple[str, ...], size: tuple[int, int]) -> None:
    assert snap_compare(console_in_trouble(), terminal_size=size, run_before=then(*keys))


@TWO
def test_models_in_ascii(snap_compare: Compare, size: tuple[int, int]) -> None:
    app = console_on("earning", ScreenConfig(ascii=True))
    assert snap_compare(app, terminal_size=size, run_before=then("down", "down"))


@TWO
def test_models_without_colour(
    snap_compare: Compare, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(console_in_trouble(), terminal_size=size, run_before=then())
