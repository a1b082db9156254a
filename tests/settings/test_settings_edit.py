"""Changing a setting on disk: one value moves, everything else stays, and nothing unusable is written."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from console.settings.config import ConfigError, load
from console.settings.edit import set_value, unset

FILE = """\
# My node. Ask Kim before changing it.
[screen]
theme = "reef"   # looks fine over SSH

[engine]
# the small one
model = "old"
threads = 2
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "config.toml"
    file.write_text(FILE)
    return file


def test_one_line_changes_and_the_rest_stays(path: Path) -> None:
    config = set_value(path, "engine", "model", "/srv/new.gguf")
    assert path.read_text() == FILE.replace('"old"', '"/srv/new.gguf"')
    assert config == load(path)


def test_a_missing_section_comes_at_the_end(path: Path) -> None:
    set_value(path, "power", "watts", 90.5)
    assert path.read_text().startswith(FILE)
    assert load(path).power.watts == 90.5


def test_a_section_within_a_section(path: Path) -> None:
    set_value(path, "screen.keys", "pause", "P")
    assert load(path).screen.keys == {"pause": "P"}
    assert load(path).screen.theme == "reef"


def test_a_missing_file_is_made_private(tmp_path: Path) -> None:
    file = tmp_path / "new" / "config.toml"
    set_value(file, "screen", "ascii", True)
    assert load(file).screen.ascii is True
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "text",
    ['engine = {model = "old", threads = 2}\n', 'engine.model = "old"\n', "[engine]\r\nthreads = 2\r\n"],
)
def test_other_ways_to_write_a_section(path: Path, text: str) -> None:
    path.write_bytes(text.encode())
    before = load(path).engine.threads
    set_value(path, "engine", "model", "new")
    assert load(path).engine.model == "new"
    assert load(path).engine.threads == before


def test_a_setting_that_is_removed_has_its_default(path: Path) -> None:
    unset(path, "engine", "threads")
    assert path.read_text() == FILE.replace("threads = 2\n", "")
    unset(path, "engine", "threads")
    unset(path, "notify", "ntfy")
    assert path.read_text() == FILE.replace("threads = 2\n", "")


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [("engine", "thread", 3), ("engine", "threads", "two"), ("motor", "x", 1), ("engine.model", "x", 1)],
)
def test_what_would_not_be_understood_is_not_written(path: Path, section: str, key: str, value: str) -> None:
    with pytest.raises(ConfigError, match="not understood"):
        set_value(path, section, key, value)
    assert path.read_text() == FILE
    assert list(path.parent.iterdir()) == [path]


def test_a_file_that_is_not_toml_is_left_alone(path: Path) -> None:
    path.write_text("[engine\n")
    with pytest.raises(ConfigError, match="not valid TOML"):
        set_value(path, "engine", "model", "x")
    assert path.read_text() == "[engine\n"


def test_a_bad_setting_can_be_removed(path: Path) -> None:
    path.write_text(FILE + "thread = 4\n")
    unset(path, "engine", "thread")
    assert path.read_text() == FILE


def test_mode_and_link_are_kept(path: Path) -> None:
    path.chmod(0o640)
    link = path.with_name("link.toml")
    link.symlink_to(path)
    set_value(link, "engine", "threads", 4)
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640
    assert load(path).engine.threads == 4


def test_a_write_that_fails_leaves_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigError, match="No space left on device"):
        set_value(path, "engine", "threads", 4)
    assert path.read_text() == FILE
    assert list(path.parent.iterdir()) == [path]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(value=st.text(st.characters(blacklist_categories=["Cs"]), max_size=40))
def test_any_text_comes_back_as_it_was(path: Path, value: str) -> None:
    path.write_text(FILE)
    set_value(path, "engine", "model", value)
    parsed = tomllib.loads(path.read_text())
    assert parsed["engine"] == {"model": value, "threads": 2}
    assert parsed["screen"] == {"theme": "reef"}
    assert path.read_text().startswith("# My node. Ask Kim before changing it.\n")
