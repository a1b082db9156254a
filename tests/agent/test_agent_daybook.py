"""The daybook over restarts, kills, full disks and clocks that jump, and as a node's clients see it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from doubles.agent_doubles import RunningAgent, ScriptedCoordinator, ScriptedLauncher
from doubles.engine_double import ScriptedEngine

from console.agent.board import Board
from console.agent.clock import local_day
from console.agent.daybook import Daybook
from console.agent.daybook.timeline import MINUTE_MS
from console.agent.journal import Journal, JournalError
from console.control.earnings import EarningRow, EarningsView
from console.control.events import JobChanged, MachineSampled, NetworkChanged, ReasonChanged
from console.control.machine import GpuView, MachineView
from console.control.network import NetworkView
from console.control.state import JobView
from console.control.timeline import DayTime, Spell, TimelineView
from console.protocol.ids import JobId
from console.protocol.messages import ResultAnswered
from console.protocol.reasons import reason
from console.protocol.types import Policy, Result
from console.settings.config import PowerConfig

START = 1_763_820_000_000


class Life:
    """An agent's daybook under a clock that the test turns."""

    def __init__(self, home: Path, at_ms: int = START, power: PowerConfig | None = None) -> None:
        self.wall_ms = self.steady_ms = at_ms
        self.board = Board(lambda: self.wall_ms)
        self.journal = Journal(home, b"k" * 32)
        self._power = power or PowerConfig()

    async def start(self) -> Life:
        await self.journal.open()
        self.daybook = Daybook(
            self.journal, self.board, self._power, "g" * 64, "Toy",
            now_ms=lambda: self.wall_ms, steady_ms=lambda: self.steady_ms,
        )  # fmt: skip
        self.daybook.policy = Policy
        await self.daybook.load()
        return self

    async def live(self, seconds: int, code: str) -> None:
        """So many seconds with one reason, looked at once each."""
        self.board.apply(ReasonChanged(reason(code)))
        for _ in range(seconds):
            await self.daybook.beat()
            self.wall_ms += 1000
            self.steady_ms += 1000
        await self.daybook.beat()

    async def end(self) -> None:
        await self.daybook.close()
        await self.journal.close()

    async def killed(self) -> None:
        await self.journal.close()

    @property
    def timeline(self) -> TimelineView:
        return self.board.state.timeline

    @property
    def earnings(self) -> EarningsView:
        return self.board.state.earnings


async def test_the_reason_is_told_as_it_changes_and_minutes_when_they_are_complete(tmp_path: Path) -> None:
    life = await Life(tmp_path).start()
    assert (life.timeline.minutes, life.timeline.spells) == ("." * 1440, ())
    await life.live(40, "model_loading")
    await life.live(50, "earning")
    assert life.timeline.spells == (
        Spell(START + 40_000, "earning"),
        Spell(START, "model_loading", START + 40_000),
    )
    assert life.timeline.minutes.endswith(".d"), "of the first minute 40 seconds were loading"
    assert life.timeline.end_ms == START + MINUTE_MS
    await life.live(40, "earning")
    assert life.timeline.minutes[-2:] == "de"
    assert life.timeline.days == (DayTime(local_day(START), earning_s=80, down_s=40),)
    await life.end()


async def test_a_restart_keeps_everything_and_the_time_between_was_off(tmp_path: Path) -> None:
    life = await Life(tmp_path).start()
    await life.live(90, "earning")
    await life.live(5, "paused")
    await life.end()
    again = await Life(tmp_path, START + 3_600_000).start()
    told = again.timeline
    assert told.spells == (
        Spell(START + 90_000, "paused", START + 95_000),
        Spell(START, "earning", START + 90_000),
    )
    assert told.minutes[-61:] == ".ee" + "." * 58
    assert told.days == (DayTime(local_day(START), earning_s=90, paused_s=5),)
    await again.live(1, "earning")
    assert again.timeline.spells[:3] == (
        Spell(START + 3_600_000, "earning"),
        Spell(START + 95_000, "off", START + 3_600_000),
        Spell(START + 90_000, "paused", START + 95_000),
    )
    await again.end()


async def test_a_killed_agent_leaves_an_off_spell_that_begins_ten_seconds_early_at_most(
    tmp_path: Path,
) -> None:
    life = await Life(tmp_path).start()
    await life.live(47, "earning")
    await life.killed()
    again = await Life(tmp_path, START + 600_000).start()
    await again.live(1, "earning")
    [_, off, before] = again.timeline.spells
    assert (off.code, off.until_ms) == ("off", START + 600_000)
    assert START + 37_000 <= off.since_ms == before.until_ms <= START + 47_000
    await again.end()


async def test_a_sleep_is_off_and_is_not_worked_online_or_paid_for(tmp_path: Path) -> None:
    life = await Life(tmp_path, power=PowerConfig(watts=100, idle_watts=100)).start()
    life.board.apply(NetworkChanged(NetworkView(state="connected", listed=True)))
    await life.live(30, "no_demand")
    life.wall_ms += 8 * 3_600_000  # the machine slept: the steady clock stood still
    await life.live(30, "no_demand")
    assert [s.code for s in life.timeline.spells] == ["no_demand", "off", "no_demand"]
    await life.live(10, "no_demand")
    days = life.earnings.days
    assert sum(day.online_ms for day in days) == 70_000
    assert sum(day.energy_mwh for day in days) == 100_000 * 70 // 3600
    await life.end()


async def test_a_clock_set_back_takes_the_future_back_with_it(tmp_path: Path) -> None:
    life = await Life(tmp_path).start()
    await life.live(600, "earning")
    life.wall_ms -= 300_000
    await life.live(120, "paused")
    assert life.timeline.spells == (
        Spell(START + 300_000, "paused"),
        Spell(START, "earning", START + 300_000),
    )
    assert life.timeline.days == (DayTime(local_day(START), earning_s=300, paused_s=120),)
    assert life.timeline.minutes[-7:] == "eeeeepp"
    await life.end()
    early = await Life(tmp_path, START + 60_000).start()
    assert early.timeline.spells == (Spell(START, "earning", START + 60_000),), "set back while it was off"
    await early.end()


async def test_a_clock_a_little_behind_changes_nothing(tmp_path: Path) -> None:
    life = await Life(tmp_path).start()
    await life.live(20, "earning")
    life.wall_ms -= 3_000
    await life.live(10, "paused")
    assert life.timeline.spells == (
        Spell(START + 20_000, "paused"),
        Spell(START, "earning", START + 20_000),
    )
    await life.end()


async def test_what_a_full_disk_refused_is_written_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    life = await Life(tmp_path).start()
    await life.live(5, "earning")
    put = life.journal.time.put

    async def full(*args: object) -> None:
        raise JournalError("full")

    monkeypatch.setattr(life.journal.time, "put", full)
    with pytest.raises(JournalError):
        await life.live(20, "earning")
    monkeypatch.setattr(life.journal.time, "put", put)
    life.wall_ms += 1000
    life.steady_ms += 1000
    await life.live(15, "earning")
    await life.end()
    lived_s = (life.wall_ms - START) // 1000
    again = await Life(tmp_path, life.wall_ms).start()
    assert again.timeline.days == (DayTime(local_day(START), earning_s=lived_s),)
    await again.end()


async def test_work_is_counted_to_the_millisecond_and_for_its_model(tmp_path: Path) -> None:
    life = await Life(tmp_path, power=PowerConfig(watts=90, idle_watts=18)).start()
    await life.live(2, "earning")
    one, two = (JobView(JobId(n * 32), 1, "running", START) for n in "ab")
    life.board.apply(JobChanged(one))
    assert life.earnings.power.watts_milli == 18_000
    life.steady_ms += 400
    life.board.apply(JobChanged(two))
    life.steady_ms += 300
    for done in (one, two, two):
        life.board.apply(JobChanged(msgspec.structs.replace(done, state="result")))
        life.steady_ms += 50
    await life.live(20, "earning")
    [day] = life.earnings.days
    assert day.worked_ms == 750, "two at a time are one time; after the last nothing ran"
    assert life.earnings.models[0].worked_ms == 750
    assert life.earnings.models[0].name == "Toy"
    assert life.earnings.power.source == "given"
    await life.end()


async def test_measured_power_counts_while_it_is_known_and_fresh(tmp_path: Path) -> None:
    life = await Life(tmp_path).start()
    gpus = (GpuView("card", power_w=180), GpuView("mute"))
    life.board.apply(MachineSampled(MachineView(at_ms=START, gpus=gpus)))
    await life.live(40, "earning")
    [day] = life.earnings.days
    assert 180_000 * 8 // 3600 <= day.energy_mwh <= 180_000 * 11 // 3600, "after ten seconds it is stale"
    assert life.earnings.power.source == "unknown"
    await life.end()


async def test_time_that_stands_still_is_told_gently(tmp_path: Path) -> None:
    life = await Life(tmp_path).start()
    heard: list[str] = []
    life.board.listen(lambda delta: heard.append(type(delta.event).__name__))
    life.board.apply(NetworkChanged(NetworkView(state="connected", listed=True)))
    await life.live(120, "no_demand")
    assert heard.count("EarningsChanged") <= 120 // 10 + 1
    assert heard.count("TimelineChanged") == 3, "the reason, and two minutes"
    await life.end()


@pytest.fixture
async def coordinator() -> AsyncIterator[ScriptedCoordinator]:
    """Listens."""
    double = ScriptedCoordinator()
    await double.start()
    yield double
    await double.stop()


def running(home: Path, coordinator: ScriptedCoordinator) -> RunningAgent:
    address = f"ws://127.0.0.1:{coordinator.port}/net/v1/ws"
    return RunningAgent(home, address, ScriptedLauncher(ScriptedEngine(end_bias=-50.0)))


async def test_a_node_tells_what_it_earned_and_still_does_after_it_was_killed(
    tmp_path: Path, coordinator: ScriptedCoordinator
) -> None:
    node = running(tmp_path / "home", coordinator)
    await node.start()
    async with asyncio.timeout(20):
        await coordinator.signed_in.wait()
    for outcome in ("accepted", "rejected"):
        await coordinator.say(coordinator.assignment(node.state.node.id))
        result = (await coordinator.hears(Result, count=1 + (outcome == "rejected")))[-1]
        await coordinator.say(ResultAnswered(result.job, 1, 1, "taken", "Taken."))
        verdict = coordinator.verdict(result, outcome)
        now = msgspec.structs.replace(verdict, at_ms=node.state.now_ms)
        await coordinator.say(now)
        if outcome == "accepted":
            await coordinator.say(coordinator.receipt(result, now))
    state = await node.until(lambda s: bool(s.earnings.penalties) and bool(s.earnings.days))
    state = await node.until(lambda s: s.earnings.days[0].settled > 0)
    [day], reward = state.earnings.days, 500 * (3 + 24)
    assert (day.jobs, day.earned) == (2, reward)
    assert (day.claimed, day.passed, day.settled) == (2 * reward, reward, reward)
    assert [m.name for m in state.earnings.models] == ["toy"]
    assert state.earnings.differences[0].sentence == "Rejected: it earns nothing."
    assert (state.limits[0].seen, state.limits[0].limit) == (1, 3)
    answer = await node.link.command("earnings", {"since_ms": 0})
    rows = msgspec.json.decode(answer.result, type=list[EarningRow])
    assert sorted((r.outcome, r.reward) for r in rows) == [("accepted", reward), ("rejected", 0)]
    await node.crash()

    again = running(tmp_path / "home", coordinator)
    await again.start()
    first = again.agent.board.snapshot().state
    assert first.earnings.days[0].settled == reward
    assert [p.job for p in first.earnings.penalties] == [p.job for p in state.earnings.penalties]
    assert (first.limits[0].seen, first.limits[0].limit) == (1, 3)
    assert len(first.timeline.minutes) == 1440
    await again.stop()


async def test_two_rejections_call_the_operator_before_the_third_suspends(
    tmp_path: Path, coordinator: ScriptedCoordinator
) -> None:
    node = running(tmp_path / "home", coordinator)
    await node.start()
    async with asyncio.timeout(20):
        await coordinator.signed_in.wait()
    for count in (1, 2):
        await coordinator.say(coordinator.assignment(node.state.node.id))
        result = (await coordinator.hears(Result, count=count))[-1]
        verdict = coordinator.verdict(result, "rejected")
        await coordinator.say(msgspec.structs.replace(verdict, at_ms=node.state.now_ms))
    state = await node.until(lambda s: any(n.calls for n in s.notes))
    [note] = [n for n in state.notes if n.calls]
    assert note.text.startswith("2 of 3 answers rejected within 1 h.")
    assert state.limits[0].level == "near"
    await node.stop()
    with sqlite3.connect(tmp_path / "home" / "journal.db") as kept:
        assert kept.execute("SELECT count(*) FROM notes WHERE calls = 1").fetchone() == (1,)
