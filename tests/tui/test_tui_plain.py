"""Line mode: what it says of news and of keys; with a pipe on either side there are no keys."""

from __future__ import annotations

import asyncio
import io
import os
import subprocess
import sys
import unicodedata
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from doubles.console_double import RECORDINGS
from hypothesis import given
from hypothesis import strategies as st

from console.control.link import Lost, News
from console.control.recording import read
from console.control.state import NodeState, Note
from console.control.wire import Answer, Snapshot
from console.protocol.reasons import Reason
from console.tui import summaries
from console.tui.keyboard import has_keys
from console.tui.plain import Lines
from console.tui.store import View
from console.tui.teller import Teller

EARNING = read(RECORDINGS / "earning.jsonl")[1].message
UNFIT = {"Cc", "Cf", "Cs", "Co", "Cn", "Mn", "Me", "Zl", "Zp"}
VIEW = View(EARNING.state, EARNING.at_ms, "attached")


class Told:
    """A source that tells one snapshot, or nothing, and remembers what it was ordered."""

    def __init__(self, *news: News) -> None:
        self.news = news
        self.orders: list[str] = []

    async def attach(self) -> AsyncIterator[News]:
        for news in self.news:
            yield news
        await asyncio.Event().wait()

    async def command(self, name: Any, args: Any = None) -> Answer:
        self.orders.append(name)
        return Answer("", True, f"{name} done")


async def pressed(source: Told, keys: str, *, read_only: bool = False) -> tuple[list[str], int | None]:
    """What is said after `keys`, and the exit code when they led out."""
    said: list[str] = []
    lines = Lines(source, said.append, read_only=read_only, clock=lambda: 0)
    following = asyncio.create_task(lines.follow())
    await asyncio.sleep(0)
    said.clear()
    for key in keys:
        lines.press(key)
        while lines._orders:
            await asyncio.gather(*lines._orders)
    following.cancel()
    return said, lines.left.result() if lines.left.done() else None


async def test_each_key_answers_in_sentences() -> None:
    said, _ = await pressed(Told(EARNING), "hsej")
    text = "\n".join(said)
    for words in ("164 tokens/s", "EARNING: ", "211 accepted", "last paid 4 s ago", "Pending", "running, 48"):
        assert words in text
    assert all(line.endswith(".") for line in said)


async def test_orders_are_given_and_answered_and_drain_is_asked_about() -> None:
    source = Told(EARNING)
    said, _ = await pressed(source, "prdn")
    assert source.orders == ["pause", "resume"] and said[-1] == "Not drained."
    said, _ = await pressed(source, "dy")
    assert source.orders[-1] == "drain" and said[-1] == "drain done"
    said, code = await pressed(source, "dq")
    assert source.orders[-1] == "drain" and code is None


async def test_read_only_gives_no_order() -> None:
    source = Told(EARNING)
    _, code = await pressed(source, "prdyq", read_only=True)
    assert source.orders == [] and code == 0
    assert "pause" not in summaries.keys(read_only=True) and "leave" in summaries.keys(read_only=True)


async def test_before_anything_is_known_nothing_is_pretended() -> None:
    said, _ = await pressed(Told(), "hsej")
    assert set(said) == {"Nothing is known yet: attaching to the agent."}
    said, _ = await pressed(Told(Lost("No agent is running here.", 1.0)), "s")
    assert said == ["No agent is running here."]


def test_old_figures_are_said_to_be_old() -> None:
    old = msgspec.structs.replace(VIEW, phase="lost", unseen_ms=12_000, trouble="It is gone.")
    assert summaries.summary(old)[0] == "These figures are 12 s old: It is gone."


def test_an_engine_that_is_down_has_no_speed() -> None:
    down = read(RECORDINGS / "engine_down.jsonl")[1].message
    assert "tokens/s" not in summaries.speed(View(down.state, down.at_ms, "attached"))[0]


def test_each_thing_is_said_once() -> None:
    teller = Teller()
    lines = [line for recorded in read(RECORDINGS / "busy.jsonl") for line in teller.lines(recorded.message)]
    assert lines[0].startswith("EARNING:")
    assert len([line for line in lines if line.startswith("EARNING")]) == 1
    assert len([line for line in lines if line.startswith("accepted")]) == 15


@given(st.text(max_size=50) | st.sampled_from(["\x1b[2J\u202e\x00", "a\nb", "\ud800"]))
def test_what_a_peer_says_is_one_line_without_commands_to_the_terminal(text: str) -> None:
    state = EARNING.state
    engine = msgspec.structs.replace(state.engine, model=text, state="ready")
    switches = msgspec.structs.replace(state.switches, paused=True, by=text)
    evil = msgspec.structs.replace(
        state, engine=engine, switches=switches, reason=Reason("paused", text, text), notes=()
    )
    noted = msgspec.structs.replace(evil, notes=(Note(at_ms=9, level="info", text=text, room=text),))
    teller = Teller()
    lines = [*teller.lines(Snapshot(1, 1, evil)), *teller.lines(Snapshot(2, 2, noted))]
    view = View(noted, 2, "lost", 1, text)
    for answer in (summaries.speed, summaries.summary, summaries.earnings, summaries.running):
        lines += answer(view)
    unfit = {unicodedata.category(char) for line in lines for char in line} & UNFIT
    assert lines and not unfit


def test_what_happens_in_one_millisecond_is_all_told() -> None:
    teller, state = Teller(), EARNING.state
    list(teller.lines(Snapshot(1, EARNING.at_ms, state)))
    first, second, third = (
        Note(EARNING.at_ms + 5, "info", text, "engine") for text in ("one", "two", "three")
    )
    told = []
    for number, notes in enumerate(((first,), (second, first), (third, second, first)), 2):
        later = msgspec.structs.replace(state, notes=(*notes, *state.notes))
        told += list(teller.lines(Snapshot(number, EARNING.at_ms + 5, later)))
    assert told == ["info engine: one", "info engine: two", "info engine: three"]


def test_an_empty_state_is_told_too() -> None:
    view = View(NodeState(), 0, "attached")
    for answer in (summaries.speed, summaries.summary, summaries.earnings, summaries.running):
        assert all(answer(view))


def test_a_pipe_has_no_keys() -> None:
    assert not has_keys(io.StringIO(), io.StringIO())
    reading, writing = os.pipe()
    with os.fdopen(reading) as stdin, os.fdopen(writing, "w") as stdout:
        assert not has_keys(stdin, stdout)


@pytest.mark.parametrize("stdin", [b"", b"pdyq"])
def test_through_pipes_lines_go_on_without_keys(tmp_path: Path, stdin: bytes) -> None:
    """Keys that come through a pipe are no keys: a script's input must not drain a node."""
    home = os.environ | {"QUARTERDECK_HOME": str(tmp_path), "LANG": "C.UTF-8"}
    command = [sys.executable, "-m", "console", "replay", str(RECORDINGS / "earning.jsonl")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=home) as console:
        assert console.stdin is not None and console.stdout is not None
        console.stdin.write(stdin)
        console.stdin.close()
        lines = [console.stdout.readline().decode() for _ in range(2)]
        console.terminate()
        rest = console.stdout.read().decode()
    assert "EARNING: " in lines[0] and "ENDED: The recording ends" in lines[1]
    assert "Keys" not in "".join(lines) + rest and "Drain" not in rest
    assert console.returncode == 143
