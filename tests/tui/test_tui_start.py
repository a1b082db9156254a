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
from console.settings.terminal import promises_utf8
from console.tui.plain import follow
from console.tui.start import recall_into
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
