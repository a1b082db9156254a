"""A pause that ends by itself: durable, by the wall clock, and never answered before it is written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from doubles.agent_doubles import RunningAgent, ScriptedCoordinator
from hypothesis import given
from hypothesis import strategies as st

from console.agent import policies as room
from console.agent.board import Board
from console.agent.clock import now_ms
from console.agent.journal import Journal, JournalError
from console.agent.policies import Policies
from console.agent.reason import Facts, current
from console.control.asking import ask
from console.control.moments import LONGEST_MS, moment_words
from console.control.network import NetworkView
from console.control.state import EngineView, NodeState, Switches
from console.settings.paths import socket_path

KEY = b"k" * 32
NOW = 1_790_000_000_000
HOUR = 3_600_000


class Desk:
    """Counts what it was asked to give back."""

    def __init__(self) -> None:
        self.words: list[str] = []

    async def give_up(self, sentence: str) -> None:
        """Kept."""
        self.words.append(sentence)


class Bench:
    """Policies over a real journal, with a clock that is set by hand."""

    def __init__(self, journal: Journal) -> None:
        self.at_ms = NOW
        self.journal = journal
        self.board = Board(lambda: self.at_ms)
        self.desk = Desk()
        self.policies = self.restarted()

    def restarted(self) -> Policies:
        """As a new agent over the same journal has them, before `load`."""
        self.policies = Policies(self.journal, self.board, lambda: self.at_ms)
        return self.policies

    async def due(self) -> bool:
        return await self.policies.end_if_due(self.desk.give_up)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    journal = Journal(tmp_path, KEY)
    await journal.open()
    yield Bench(journal)
    await journal.close()


async def test_a_pause_ends_when_its_time_has_come_and_not_before(bench: Bench) -> None:
    said = await bench.policies.pause("ada", NOW + HOUR)
    assert moment_words(NOW + HOUR) in said and bench.policies.code == "paused"
    bench.at_ms = NOW + HOUR - 1
    assert not await bench.due() and bench.policies.code == "paused"
    bench.at_ms = NOW + HOUR
    assert await bench.due() and bench.policies.code == ""
    assert bench.board.state.switches == Switches(since_ms=NOW + HOUR, by="ada")
    assert "takes work again" in bench.board.state.notes[0].text
    assert not await bench.due()


async def test_a_pause_without_an_end_stays(bench: Bench) -> None:
    await bench.policies.pause("ada")
    bench.at_ms = NOW + 10 * LONGEST_MS
    assert not await bench.due() and bench.policies.code == "paused"


async def test_the_end_survives_a_restart_also_one_that_lasted_longer(bench: Bench) -> None:
    await bench.policies.pause("ada", NOW + HOUR)
    await bench.restarted().load()
    assert bench.policies.switches == Switches(True, since_ms=NOW, by="ada", until_ms=NOW + HOUR)
    assert not await bench.due()
    bench.at_ms = NOW + 5 * HOUR
    await bench.restarted().load()
    assert bench.policies.code == "paused"
    assert await bench.due() and bench.policies.code == ""
    await bench.restarted().load()
    assert bench.policies.code == ""


async def test_another_order_takes_the_place_of_the_old_end(bench: Bench) -> None:
    await bench.policies.pause("ada", NOW + HOUR)
    await bench.policies.pause("ada", NOW + 2 * HOUR)
    bench.at_ms = NOW + HOUR
    assert not await bench.due()
    await bench.policies.pause("ada")
    bench.at_ms = NOW + 3 * HOUR
    assert not await bench.due() and bench.policies.code == "paused"
    await bench.policies.resume("ada")
    assert bench.policies.code == ""


@pytest.mark.parametrize("until_ms", [NOW, NOW - 1, -1, NOW + LONGEST_MS + 1])
async def test_an_end_that_makes_no_sense_is_refused_and_changes_nothing(bench: Bench, until_ms: int) -> None:
    for order in (bench.policies.pause, bench.policies.drain):
        with pytest.raises(ValueError, match="Nothing was changed"):
            await order("ada", until_ms)
    assert bench.policies.switches == Switches()


async def test_a_drain_gives_back_what_is_left_at_its_time_and_stays_drained(bench: Bench) -> None:
    assert moment_words(NOW + HOUR) in await bench.policies.drain("ada", NOW + HOUR)
    assert not await bench.due() and bench.desk.words == []
    bench.at_ms = NOW + HOUR
    assert await bench.due() and len(bench.desk.words) == 1
    assert bench.policies.code == "draining" and bench.policies.switches.until_ms == 0
    assert not await bench.due()


async def test_a_pause_that_cannot_be_written_off_goes_on_is_said_once_and_tried_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.policies.pause("ada", NOW + HOUR)
    bench.at_ms = NOW + HOUR
    works, tries, ended = bench.journal.facts.put_switches, 0, asyncio.Event()

    async def full(switches: Switches) -> None:
        nonlocal tries
        tries += 1
        if tries < 4:
            raise JournalError("The disk is full.")
        await works(switches)

    monkeypatch.setattr(bench.journal.facts, "put_switches", full)
    monkeypatch.setattr(room, "AGAIN_S", 0.0)
    task = asyncio.create_task(bench.policies.keep_time(bench.desk.give_up, ended.set))
    async with asyncio.timeout(20):
        await ended.wait()
    task.cancel()
    errors = [note for note in bench.board.state.notes if note.level == "error"]
    assert tries == 4 and len(errors) == 1 and bench.policies.code == ""


async def test_time_is_kept_by_the_wall_clock_that_may_be_set(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The node waits an hour; the clock is put forward by two: the pause is over at the next look."""
    monkeypatch.setattr(room, "LOOK_S", 0.01)
    ended = asyncio.Event()
    task = asyncio.create_task(bench.policies.keep_time(bench.desk.give_up, ended.set))
    await bench.policies.pause("ada", NOW + HOUR)
    bench.at_ms = NOW + 2 * HOUR
    async with asyncio.timeout(20):
        await ended.wait()
    task.cancel()
    assert bench.policies.code == ""


@given(st.integers(1, LONGEST_MS), st.integers(0, 3), st.booleans())
def test_the_reason_says_until_when(length_ms: int, running: int, paused: bool) -> None:
    switches = Switches(paused, not paused, NOW, "ada", NOW + length_ms)
    engine, network = EngineView(state="ready"), NetworkView(state="connected", coordinator="x")
    found = current(Facts(NOW, switches, engine, network, running=running))
    assert found.code == ("paused" if paused else "draining")
    if paused or running:
        assert found.until_ms == NOW + length_ms and moment_words(NOW + length_ms) in found.sentence
    else:
        assert found.until_ms == 0
    endless = current(Facts(NOW, Switches(paused=True, since_ms=NOW, by="ada"), engine, network))
    assert endless.until_ms == 0 and "until" not in endless.sentence


async def test_a_whole_agent_pauses_for_a_moment_and_goes_on_by_itself(tmp_path: Path) -> None:
    coordinator = ScriptedCoordinator()
    address = await coordinator.start()
    agent = RunningAgent(tmp_path, address)
    await agent.start()
    socket = socket_path(tmp_path, "agent")
    until_ms = now_ms() + 1_200

    def paused(state: NodeState) -> bool:
        return state.switches.until_ms == until_ms and state.reason.code == "paused"

    answer = await asyncio.to_thread(ask, socket, "pause", {"by": "ada", "until_ms": until_ms})
    assert answer.ok and moment_words(until_ms) in answer.sentence
    await agent.until(paused)
    await agent.until(lambda state: not state.switches.paused and state.reason.code != "paused")
    assert now_ms() >= until_ms
    for wrong in (1, "soon"):
        refused = await asyncio.to_thread(ask, socket, "pause", {"by": "ada", "until_ms": wrong})
        assert not refused.ok and not agent.state.switches.paused
    await agent.stop()
    await coordinator.stop()
