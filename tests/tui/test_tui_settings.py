"""Settings: what is shown is in the file, what is changed gets there, and what is nonsense does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from doubles.console_double import console_on, settle, text_of
from doubles.outcomes import toasts

from console.settings.config import ScreenConfig, load
from console.settings.schema import SETTINGS
from console.tui.screens.ask import Ask, TypedWord
from console.tui.screens.settings import Settings

COMPACT = (80, 24)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("QUARTERDECK_HOME", str(tmp_path))
    return tmp_path / "config.toml"


def place(name: str) -> int:
    return [setting.name for setting in SETTINGS].index(name)


async def test_a_typed_number_gets_into_the_file_and_nonsense_does_not(file: Path) -> None:
    file.write_text("# mine\n")
    app = console_on("earning")
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        await pilot.press("comma", *["down"] * place("power.watts"), "enter")
        assert isinstance(app.screen, Ask)
        await pilot.press("x", "enter")
        assert isinstance(app.screen, Ask) and "number" in app.screen.line.wrong
        await pilot.press("ctrl+u", *"85.5", "enter")
        await settle(pilot)
        assert load(file).power.watts == 85.5 and file.read_text().startswith("# mine")
        assert "85.5" in text_of(app) and "agent starts again" in toasts(app)
        await pilot.press("u")
        assert load(file).power.watts == 0 and "watts" not in file.read_text()


async def test_a_switch_turns_a_choice_goes_on_and_a_theme_is_worn(file: Path) -> None:
    app = console_on("earning")
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        await pilot.press("comma", *["down"] * place("screen.theme"), "enter", *"chart", "enter")
        await settle(pilot)
        assert app.look.theme.name == "chart" and load(file).screen.theme == "chart"
        await pilot.press("down", "enter")
        assert load(file).screen.ascii
        await pilot.press("down", "down", "enter")
        assert load(file).screen.mouse == "on"


async def test_a_read_only_console_changes_nothing(file: Path) -> None:
    app = console_on("earning", ScreenConfig(read_only=True))
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        await pilot.press("comma", *["down"] * place("screen.ascii"), "enter", "u")
        await settle(pilot)
        assert not file.exists() and "read-only" in toasts(app)


async def test_a_file_that_cannot_be_used_is_said_and_left_alone(file: Path) -> None:
    file.write_text("[screen\n")
    app = console_on("earning")
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        await pilot.press("comma")
        await settle(pilot)
        assert isinstance(app.screen, Settings) and "not valid TOML" in text_of(app)
        await pilot.press(*["down"] * place("screen.ascii"), "enter")
        assert file.read_text() == "[screen\n"


async def test_a_word_must_be_typed_before_what_cannot_be_undone() -> None:
    app = console_on("earning")
    answers: list[str | None] = []
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        app.push_screen(TypedWord("Forget it all?", "The journal is erased.", "forget"), answers.append)
        await pilot.pause()
        await pilot.press("enter")
        assert answers == [] and "Type forget" in text_of(app)
        await pilot.press(*"forget", "enter")
        await pilot.pause()
        assert answers == ["forget"]
