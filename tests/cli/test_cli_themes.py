"""`quarterdeck themes`, and the options that say how the console looks."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from console.cli import quarterdeck
from console.settings.themes import shipped_folder

LANTERN = (shipped_folder() / "lantern.toml").read_text()


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The operator's folder of themes, of a home of its own."""
    monkeypatch.setenv("QUARTERDECK_HOME", str(tmp_path))
    folder = tmp_path / "themes"
    folder.mkdir()
    return folder


def run(*words: str, console: Callable[..., int] | None = None) -> Result:
    return CliRunner().invoke(quarterdeck, words, obj=console)


def test_all_themes_are_listed_with_where_they_are_from_and_what_is_wrong(mine: Path) -> None:
    (mine / "night.toml").write_text(LANTERN.replace('"lantern"', '"night"'))
    (mine / "torn.toml").write_text("name = ")
    done = run("themes", "list")
    lines = {line.split()[0]: line for line in done.stdout.splitlines() if line}
    assert "dark, shipped" in lines["lantern"] and "light, shipped" in lines["chart"]
    assert "dark, yours" in lines["night"] and "broken" in lines["torn.toml"] and "TOML" in lines["torn.toml"]
    assert str(mine) in done.stderr and done.exit_code == 0


def test_the_list_can_be_read_by_programs(mine: Path) -> None:
    (mine / "lantern.toml").write_text(LANTERN)
    listed = json.loads(run("themes", "list", "--json").stdout)
    assert listed["schema_version"] == 1
    by_name = {theme["name"]: theme for theme in listed["themes"]}
    assert by_name["lantern"]["from"] == "yours" and by_name["terminal"]["native"] is True


def test_everything_wrong_with_a_theme_is_said_with_its_remedy(mine: Path) -> None:
    path = mine / "bad.toml"
    path.write_text(LANTERN.replace("accent =", "acent =").replace('dim = "#8799a0"', 'dim = "grey"'))
    done = run("themes", "check", str(path))
    assert done.exit_code == 1
    for words in ("colours.acent", "Did you mean accent?", "missing accent", "colours.dim", "#rrggbb"):
        assert words in done.stdout


@pytest.mark.parametrize("named", ["weak", "weak.toml"])
def test_what_is_hard_to_read_is_a_warning_and_no_failure(mine: Path, named: str) -> None:
    weak = (
        LANTERN.replace('"lantern"', '"weak"')
        .replace("#d3dcd8", "#45505a")
        .replace("dark = true", "dark = false")
    )
    (mine / "weak.toml").write_text(weak)
    done = run("themes", "check", named)
    assert done.exit_code == 0
    assert "text on back has a contrast of" in done.stdout and "its ground is dark" in done.stdout


def test_check_alone_is_about_your_own(mine: Path) -> None:
    assert run("themes", "check").exit_code == 0
    (mine / "one.toml").write_text(LANTERN)
    (mine / "two.toml").write_bytes(b"\xff")
    done = run("themes", "check")
    assert done.exit_code == 1 and "one.toml: sound" in done.stdout and "two.toml: broken" in done.stdout


def test_a_file_says_nothing_to_the_terminal(mine: Path) -> None:
    (mine / "evil.toml").write_text('name = "\\u001b[2J"\nabout = "x"\n"\\u001b]0;x" = 1\n')
    assert "\x1b" not in run("themes", "check").stdout + run("themes", "list").stdout
    (mine / "evil.toml").write_text(LANTERN.replace("The night", "\\u001b[2JThe night"))
    assert "\x1b" not in run("themes", "list").stdout


@pytest.mark.parametrize("name", ["lantern", "terminal-light", "beacon"])
def test_shipped_themes_pass_their_own_check(mine: Path, name: str) -> None:
    done = run("themes", "check", name)
    assert done.exit_code == 0 and "sound" in done.stdout and "warning" not in done.stdout


def test_a_theme_that_is_not_there_is_a_wrong_usage(mine: Path) -> None:
    assert run("themes", "check", "nowhere").exit_code == 2
    done = run("--theme", "nowhere", "status")
    assert done.exit_code == 2 and "lantern" in done.stderr


def test_how_the_console_looks_is_told_to_whatever_opens_it(
    mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Any] = {}

    @click.command()
    @click.pass_context
    def opened(ctx: click.Context) -> None:
        ctx.obj("socket", farewell="")

    monkeypatch.setattr("console.cli.LazyCommands.get_command", lambda *_: opened)
    done = run(
        "--theme", "beacon", "--no-mouse", "--read-only", "--plain", "practice",
        console=lambda source, **how: seen.update(how) or 0,
    )  # fmt: skip
    assert done.exit_code == 0
    assert seen == {"theme": "beacon", "mouse": False, "read_only": True, "plain": True, "farewell": ""}


def test_options_go_before_the_configuration(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from console.__main__ import run_console

    (mine.parent / "config.toml").write_text('[screen]\nmouse = "on"\ntheme = "chart"\n')
    seen: dict[str, Any] = {}
    monkeypatch.setattr("console.tui.run", lambda source, **how: seen.update(how) or 0)
    run_console(Path("x"), mouse=False, read_only=True, theme="beacon")
    assert seen["screen"].mouse == "off" and seen["screen"].read_only and seen["theme"] == "beacon"
    run_console(Path("x"))
    assert seen["screen"].mouse == "on" and not seen["screen"].read_only
