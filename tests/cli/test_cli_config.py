"""`quarterdeck config`: the file is found, shown, checked and changed; nonsense is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from console.cli import quarterdeck


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("QUARTERDECK_HOME", str(tmp_path))
    return tmp_path


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(quarterdeck, ["config", *arguments])
    return result.exit_code, result.output


def test_set_show_and_unset(home: Path) -> None:
    file = home / "config.toml"
    file.write_text("# mine\n[screen]\nhz = 1.0 # slow line\n")
    assert run("set", "power.price_per_kwh", "0,31")[0] == 0
    assert "# slow line" in file.read_text() and "# mine" in file.read_text()
    code, told = run("show", "--json")
    values = {item["name"]: item["value"] for item in json.loads(told)["settings"]}
    assert code == 0 and values["power.price_per_kwh"] == 0.31 and values["screen.hz"] == 1.0
    assert run("unset", "power.price_per_kwh")[0] == 0
    assert "● power.price_per_kwh" not in run("show")[1]
    assert run("path")[1].strip() == str(file)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("power.nonsense", "1", "There is no setting"),
        ("engine.threads", "many", "whole number"),
        ("engine.context", "1", "from 128"),
        ("screen.mouse", "maybe", "auto, on, off"),
        ("screen.keys", "x", "edit it in the file"),
    ],
)
def test_nonsense_is_refused_and_nothing_written(home: Path, name: str, value: str, says: str) -> None:
    code, told = run("set", name, value)
    assert code == 2 and says in told
    assert not (home / "config.toml").exists()


def test_check_names_what_is_out_of_bounds(home: Path) -> None:
    assert run("check")[0] == 0
    (home / "config.toml").write_text("[engine]\nthreads = -4\n")
    code, told = run("check")
    assert code == 1 and "engine.threads" in told
    (home / "config.toml").write_text("[engine\n")
    code, told = run("check")
    assert code == 1 and "not valid TOML" in told and "Traceback" not in told
