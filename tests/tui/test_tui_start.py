"""What the console makes of the terminal that it finds."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from console.control.last_seen import keep
from console.control.link import News
from console.control.state import NodeFacts, NodeState
from console.control.wire import Answer
from console.settings.terminal import colour_depth, dark_ground, promises_utf8, shows_glyphs, takes_mouse
from console.tui.plain import follow
from console.tui.start import prepare_colours, recall_into
from console.tui.store import ViewStore


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({}, False),
        ({"LANG": "C"}, False),
        ({"LANG": ""}, False),
        ({"LANG": "en_GB.UTF-8"}, True),
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, True),
        ({"LANG": "C.UTF-8", "LC_ALL": "C"}, False),
    ],
)
def test_what_locale_variables_promise(environment: dict[str, str], told: bool) -> None:
    assert promises_utf8(environment) is told


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere Python hides what it was started with")
@pytest.mark.parametrize(("lang", "told"), [({}, "False"), ({"LANG": "C.UTF-8"}, "True")])
def test_the_locale_that_python_sets_is_not_taken_for_the_operators(lang: dict[str, str], told: str) -> None:
    kept = {k: v for k, v in os.environ.items() if k != "LANG" and not k.startswith("LC_")}
    code = "from console.settings.terminal import speaks_utf8; print(speaks_utf8())"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=kept | lang, check=True
    )
    assert done.stdout.strip() == told


@pytest.mark.parametrize(
    ("environment", "depth"),
    [
        ({}, "none"),
        ({"TERM": "dumb"}, "none"),
        ({"TERM": "xterm"}, "16"),
        ({"TERM": "linux"}, "16"),
        ({"TERM": "vt220"}, "16"),
        ({"TERM": "screen"}, "16"),
        ({"TERM": "tmux-256color"}, "256"),
        ({"TERM": "screen.xterm-256color"}, "256"),
        ({"TERM": "xterm-direct"}, "16 million"),
        ({"TERM": "xterm-ghostty"}, "16 million"),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, "16 million"),
        ({"TERM": "screen", "COLORTERM": "truecolor", "TMUX": "x"}, "16 million"),
        ({"TERM": "screen", "COLORTERM": "truecolor", "STY": "x"}, "16"),
        ({"TERM": "screen-256color", "COLORTERM": "24bit", "STY": "x"}, "256"),
        ({"TERM": "screen", "COLORTERM": "truecolor", "STY": "x", "TMUX": "y"}, "16 million"),
        ({"TERM": "xterm", "TEXTUAL_COLOR_SYSTEM": "truecolor"}, "16 million"),
        ({"TERM": "xterm-256color", "TEXTUAL_COLOR_SYSTEM": "auto"}, "256"),
    ],
)
def test_how_many_colours_a_terminal_has(environment: dict[str, str], depth: str) -> None:
    assert colour_depth(environment) == depth


@pytest.mark.parametrize(
    ("told", "dark"),
    [("15;0", True), ("0;15", False), ("0;default;15", False), ("12;8", True), ("0;7", False), ("x", None)],
)
def test_whether_the_terminal_says_that_it_is_dark(told: str, dark: bool | None) -> None:
    assert dark_ground({"COLORFGBG": told}) is dark
    assert dark_ground({}) is None and dark_ground({"COLORFGBG": "0;99"}) is None


def test_the_mouse_is_left_alone_over_ssh_unless_asked_for() -> None:
    remote = {"SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22"}
    assert takes_mouse("auto", {}) and not takes_mouse("auto", remote)
    assert takes_mouse("on", remote) and not takes_mouse("off", {})


def test_the_linux_console_has_too_few_glyphs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.settings.terminal.speaks_utf8", lambda: True)
    assert shows_glyphs({"TERM": "xterm"}) and not shows_glyphs({"TERM": "linux"})


@pytest.mark.parametrize(
    ("term", "configured", "asked", "worn", "system"),
    [
        ("xterm-256color", "", "", "", "256"),
        ("xterm-256color", "chart", "", "chart", "256"),
        ("xterm", "", "", "terminal", "standard"),
        ("linux", "chart", "", "terminal-light", "standard"),
        ("xterm", "chart", "lantern", "lantern", "standard"),
    ],
)
def test_the_theme_fits_the_terminal_unless_one_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, term: str, configured: str, asked: str, worn: str, system: str
) -> None:
    monkeypatch.setattr(os, "environ", {"TERM": term, "NO_COLOR": ""})
    assert prepare_colours(configured, asked, ()) == worn
    assert os.environ["TEXTUAL_COLOR_SYSTEM"] == system and "NO_COLOR" not in os.environ


class Silence:
    """A source that never says anything."""

    async def attach(self) -> AsyncIterator[News]:
        await asyncio.Event().wait()
        yield  # type: ignore[misc]

    async def command(self, name: Any, args: Any = None) -> Answer:
        raise AssertionError


def test_line_mode_ends_when_there_is_nothing_more_to_follow() -> None:
    assert follow(Silence(), ascii_only=True, over=lambda: True) == 0


def test_what_the_last_console_saw_is_shown_until_the_agent_speaks(tmp_path: Path) -> None:
    kept = tmp_path / "seen.json"
    state = NodeState(now_ms=5_000, node=NodeFacts(name="reef-42"))
    keep(kept, round(time.time() * 1000) - 60_000, state)
    store = ViewStore(lambda: 1_000_000)
    recall_into(store, kept)
    view = store.view()
    assert view.phase == "recalled" and view.state.node.name == "reef-42" and not store.heard
    assert view.unseen_ms >= 59_000
    empty = ViewStore(lambda: 0)
    recall_into(empty, tmp_path / "none.json")
    assert empty.view().phase == "attaching"
