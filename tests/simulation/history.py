"""One history from its seed: a small network works while things break, comes to rest, and is checked."""

from __future__ import annotations

import asyncio
import gc
import hashlib
from collections import Counter
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random

from console.coordinator.sealing import Secrets
from simulation import faults, lies
from simulation.attendance import Attendance
from simulation.books import Books
from simulation.client import WAYS, Client
from simulation.disk import Disk
from simulation.host import IDENTITY, Host
from simulation.logged import unexpected_errors
from simulation.loop import SimulatedLoop, StuckError
from simulation.network import Line, Weather
from simulation.node import Node
from simulation.proofs import check_verdicts
from simulation.rules import MOST_NODES, config
from simulation.signatures import cheap_signatures
from simulation.trace import Trace
from simulation.transcript import Draws

QUIET_S = 30.0
"""From here on nothing breaks any more."""
_REST_S = 300.0
"""So long after that, at most, everything has come to its end."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one history."""

    seed: int
    digest: str
    complaints: tuple[str, ...]
    counts: Counter[str]
    lines: tuple[str, ...]

    @property
    def failure(self) -> str:
        """How many invariants are broken, and how to see it again."""
        return f"seed {self.seed}: {len(self.complaints)} invariants broken. Replay: {self.replay}"

    @property
    def replay(self) -> str:
        """How to have it again."""
        return replay(self.seed)


def replay(seed: int) -> str:
    """The command that plays the history of that seed again."""
    return f"PYTHONPATH=.:tests python -m simulation --seeds {seed}..{seed} --trace"


def play(seed: int) -> Outcome:
    """The history of that seed."""
    with _collected_later():
        return _play(seed)


def _play(seed: int) -> Outcome:
    loop = SimulatedLoop()
    world = None
    with cheap_signatures(), unexpected_errors() as errors:
        try:
            world = _World(seed, loop)
            loop.set_exception_handler(
                lambda _, told: errors.append(str(told.get("exception", told["message"])))
            )
            loop.run_until_complete(world.run())
            errors += [error for process in loop.processes for error in process.unheard]
        except StuckError as error:
            errors.append(str(error))
        finally:
            _empty(loop)
    assert world is not None
    complaints = (*world.complaints, *errors)
    trace = world.trace
    return Outcome(seed, trace.digest, complaints, trace.counts, tuple(trace.lines))


class _World:
    """Everything there is."""

    def __init__(self, seed: int, loop: SimulatedLoop) -> None:
        self._seed = seed
        self._loop = loop
        self.complaints: list[str] = []
        self.trace = Trace(loop)
        self._config = config(self._chance("policy"))
        self._weather = Weather(loop, self._chance("weather"))
        self._disk = Disk(loop, self._chance("disk"), self.trace)
        entropy = self._chance("entropy").randbytes
        self._host = Host(loop, self._disk, self.trace, self._config, entropy)
        self._books = Books(self._disk, self.trace, self._config.policy, self.complain)
        self._attendance = Attendance(loop, self._config.policy.heartbeat_s)
        who = (self._host.clock, self._attendance, self._books)
        self._draws = Draws(self._disk.database, self._config.policy, *who, self.complain)
        self._disk.committed = self._committed
        self._client = Client(self._host, self._chance("words"), self.trace, self.complain, most=6)
        self._rush_s = self._chance("rush").uniform(4.0, QUIET_S - 12.0)
        self._nodes = self._people(self._chance("nodes"))

    def complain(self, sentence: str) -> None:
        """Something is not as it must be."""
        if sentence not in self.complaints:
            self.complaints.append(sentence)
            self.trace.note("WRONG", sentence)

    async def run(self) -> None:
        """Until everything rests, or something is wrong."""
        self._host.start()
        for node in self._nodes:
            node.start()
        place = faults.Place(self._host, self._disk, self._weather, self._nodes, self.trace)
        plan = faults.plan(self._chance("faults"), self._rush_s, QUIET_S)
        breaking = [asyncio.create_task(faults.carry_out(fault, place)) for fault in plan]
        asking = [asyncio.create_task(work) for work in self._requests(self._chance("clients"))]
        await asyncio.gather(*breaking, asyncio.sleep(QUIET_S))
        self.trace.note("quiet")
        await self._rest(asking)
        await self._end()
        for task in asking:
            task.cancel()

    async def _rest(self, asking: list[asyncio.Task[None]]) -> None:
        until_s = self._loop.time() + _REST_S
        while not self.complaints and not self._at_rest(asking):
            if self._loop.time() > until_s:
                waiting = sum(not task.done() for task in asking)
                states = sorted(job.state for job in self._books.jobs.values())
                self.complain(
                    f"{_REST_S:.0f} s after the last fault {waiting} clients wait, jobs are {states}"
                )
                return
            await asyncio.sleep(2.0)

    def _at_rest(self, asking: list[asyncio.Task[None]]) -> bool:
        (waiting,) = self._disk.database.execute("SELECT count(*) FROM outbox").fetchone()
        quiet = self._books.settled and not waiting and self._host.up
        return quiet and all(task.done() for task in asking)

    async def _end(self) -> None:
        coordinator = self._host.coordinator
        if self.complaints or coordinator is None:
            return
        await coordinator.epochs.open_next()  # reveals the seeds of the last one that was drawn from
        await self._host.stop()
        for node in self._nodes:
            node.crash()
        (held,) = self._disk.database.execute(
            "SELECT count(*) FROM balances WHERE account LIKE 'escrow:%'"
        ).fetchone()
        if held:
            self.complain(f"money of {held} jobs is still held")
        listable = {node.id for node in self._nodes if node.speed_milli > 1000}
        self._draws.machines = {node.id: node.machine for node in self._nodes}
        self._draws.check(listable, died=bool(self._disk.failures) or self._host.lives > 1)
        await check_verdicts(self._disk.database, Secrets(IDENTITY), self._nodes, self.complain)
        self._check_taken()
        for job in self._client.refused:
            if self._books.jobs[job].state == "SETTLED" or f"fee:{job}" in self._books.moved:
                self.complain(f"job {job[:6]} is charged, and its client was told that nothing is")
        if not self._host.forgotten():
            self.complain("a coordinator that was killed runs on")
        self._write_down()

    def _check_taken(self) -> None:
        """The network told at most one node that it has the result of a job, and paid no other."""
        taken: dict[str, tuple[int, str]] = {}
        for node in self._nodes:
            for (job, attempt), status in node.journal.answered.items():
                if status == "taken" and taken.setdefault(job, (attempt, node.id)) != (attempt, node.id):
                    self.complain(f"job {job[:6]}: two results were taken")
        for job, (attempt, id_) in taken.items():
            now = self._books.jobs[job]
            if now.state in ("SETTLED", "PENALISED") and (now.attempt, now.node) != (attempt, id_):
                self.complain(f"job {job[:6]}: the result taken is not the one judged")

    def _write_down(self) -> None:
        """The whole database goes into the trace; of what is sealed with fresh keys, the ids alone."""
        tables = self._disk.database.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"
        )
        for (table,) in tables.fetchall():
            wanted = "id, node" if table == "evidence" else "*"
            rows = self._disk.database.execute(f"SELECT {wanted} FROM {table}").fetchall()
            digest = hashlib.sha256(repr(sorted(map(repr, rows))).encode()).hexdigest()
            self.trace.note("table", f"{table} {len(rows)} {digest[:16]}")

    def _committed(self, touched: set[str]) -> None:
        self._books.look(touched)
        self._draws.look(touched, self._loop.time())

    def _people(self, chance: Random) -> list[Node]:
        honest = chance.random() < 0.3
        made = []
        for i in range(chance.randint(2, MOST_NODES)):
            made.append(
                Node(
                    f"node-{i}",
                    lies.character(chance, honest or i == 0),
                    self._loop,
                    self._host,
                    self._weather,
                    self._chance(f"node-{i}"),
                    self._config,
                    self.trace,
                    self.complain,
                    self._attend,
                )
            )
        if len(made) > 3 and chance.random() < 0.2:
            made[-1].speed_milli = 500
        if chance.random() < 0.3:
            made[1].machine = made[0].machine
        return made

    def _attend(self, node: Node, line: Line) -> None:
        self._attendance.watch(node.id, line)

    def _requests(self, chance: Random) -> Iterator[Coroutine[None, None, None]]:
        for _ in range(chance.randint(5, 14)):
            alone = chance.random() < 0.5
            way, at_s = (
                chance.choice(WAYS),
                chance.uniform(2.0, QUIET_S) if alone else self._rush_s + chance.random(),
            )
            name = "poor" if way == "greedy" else chance.choice(("rich", "rich", "poor"))
            yield _later(at_s, self._client, way, name)

    def _chance(self, what: str) -> Random:
        return Random(f"{self._seed}/{what}")


async def _later(at_s: float, client: Client, way: str, name: str) -> None:
    await asyncio.sleep(at_s)
    await client.ask(way, name)


@contextmanager
def _collected_later() -> Iterator[None]:
    """One history leaves little garbage, and when it is collected must decide nothing."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _empty(loop: SimulatedLoop) -> None:
    """End every task, so that none is destroyed while it waits."""
    loop.set_exception_handler(lambda *_: None)
    for _ in range(5):
        left = sorted(asyncio.all_tasks(loop), key=hash)
        if not left:
            break
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
    loop.close()
