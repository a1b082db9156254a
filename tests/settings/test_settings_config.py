"""The configuration: defaults, every refusal with file and key, and homes that keep to themselves."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from console.settings import paths
from console.settings.config import Config, ConfigError, load


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(text)
    return path


def test_a_missing_file_gives_the_defaults(tmp_path: Path) -> None:
    assert load(tmp_path / "none.toml") == Config()


def test_a_setting_is_read(tmp_path: Path) -> None:
    assert load(written(tmp_path, "[engine]\nthreads = 3\n")).engine.threads == 3


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("[engine", "TOML"),
        ("[engine]\nthread = 3\n", "thread"),
        ("[engine]\nthreads = 'two'\n", "threads"),
        ("[motor]\nx = 1\n", "motor"),
        ("\x00", "TOML"),
    ],
)
def test_what_is_not_understood_is_named(tmp_path: Path, text: str, word: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigError, match=word) as caught:
        load(path)
    assert str(path) in str(caught.value)


def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path)


def test_the_readmes_example_is_the_defaults() -> None:
    """Every key stands in the README with its true default."""
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    (block,) = re.findall(r"```toml\n(.*?)```", readme, re.S)
    assert tomllib.loads(block) == msgspec.to_builtins(Config())


def test_homes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUARTERDECK_HOME", str(tmp_path))
    assert paths.data_dir() == tmp_path
    assert paths.config_file() == tmp_path / "config.toml"
    assert paths.models_dir() == tmp_path / "models"
    monkeypatch.setenv("QUARTERDECK_MODELS", str(tmp_path / "shared"))
    assert paths.models_dir() == tmp_path / "shared"


def test_a_private_folder_is_private(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True, mode=0o755)
    assert paths.make_private(folder).stat().st_mode & 0o777 == 0o700


def test_a_long_home_gets_a_short_socket(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    first, second = paths.socket_path(deep, "agent"), paths.socket_path(deep / "x", "agent")
    assert len(str(first)) <= paths.SOCKET_PATH_LIMIT
    assert first != second
    assert first.parent.stat().st_mode & 0o777 == 0o700
    assert paths.socket_path(Path("/h"), "agent") == Path("/h/agent.sock")
