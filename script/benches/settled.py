"""What a whole network settles, over either pair of transport and store, with 64 jobs in flight.

Three processes: the coordinator with those that ask, the nodes, and this one; over NATS and PostgreSQL their
servers beside them. Nodes answer at once, so all of a job's latency is the network's. Both databases flush to
disk at every commit.
"""

from __future__ import annotations

import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec
import psutil

from benches import bare_requests
from benches.paths import inherited
from benches.rows import Row, say
from benches.settled_answers import GROUP
from benches.settled_load import Listening, Measured, Plan
from console.coordinator.identity import load_identity
from console.coordinator.reports.report import report
from console.coordinator.store import StoreError
from console.coordinator.store.private_postgres import PrivatePostgres
from console.coordinator.store.schema import DATABASE
from console.coordinator.transport.nats_keys import NatsKeys
from console.coordinator.transport.port import TransportError
from console.coordinator.transport.private_nats import PrivateNats
from console.protocol.ids import GroupId

NODES = (1, 10, 100, 1_000)
TOGETHER = 100
"""Nodes at which a second coordinator is added."""
IN_FLIGHT = 64
SQLITE, POSTGRES = "WebSocket + SQLite", "NATS + PostgreSQL"
GOALS = {SQLITE: 6_000, POSTGRES: 2_000}
CEILING = "bare NATS request/reply"
_END_S = 60.0


@dataclass(frozen=True, slots=True)
class Lasts:
    """Seconds of each part of a cell."""

    alone_s: float = 1.0
    warm_s: float = 2.0
    load_s: float = 6.0


@dataclass(frozen=True, slots=True)
class _Cell:
    """One pair with so many nodes: what it came to, and what others than the coordinator worked for it."""

    measured: Measured
    nodes_cpu_s: float
    servers_cpu_s: float


def measure(nodes: tuple[int, ...] = NODES, lasts: Lasts = Lasts()) -> list[Row]:
    """All rows; under four minutes.

    Raises RuntimeError: PostgreSQL or NATS is not here, or what was settled does not add up.
    """
    try:
        with closing(PrivatePostgres()) as server:
            server.start()
            rows = [row for count in nodes for row in _of(count, lasts, server)]
            return rows + (_two(TOGETHER, lasts, server) if TOGETHER in nodes else [])
    except (StoreError, TransportError) as error:
        raise RuntimeError(str(error)) from error


def _of(count: int, lasts: Lasts, server: PrivatePostgres) -> list[Row]:
    rows: list[Row] = []
    nodes = f"{count:,} node{'s' * (count > 1)}"
    for pair, goal in GOALS.items():
        say(f"{pair}, {nodes}")
        cell = _sqlite(count, lasts) if pair == SQLITE else _postgres(count, lasts, server)
        rows += _rows(f"{pair}, {nodes}", goal, cell)
    say(f"{CEILING}, {nodes}")
    bare = bare_requests.measure(count, IN_FLIGHT, lasts.load_s / 2)
    return [
        *rows,
        Row(f"{CEILING}, {nodes}: requests", bare.per_s, "/s"),
        Row(f"{CEILING}, {nodes}: p50", bare.p50_ms, "ms"),
        Row(f"{CEILING}, {nodes}: p99", bare.p99_ms, "ms"),
    ]


def _rows(name: str, goal: int, cell: _Cell) -> list[Row]:
    measured, jobs = cell.measured, max(1, cell.measured.settled)
    rows = [
        Row(f"{name}: settled jobs", measured.settled / measured.lasted_s, "/s", goal, least=True),
        Row(f"{name}: added latency, p50", measured.p50_ms, "ms"),
        Row(f"{name}: added latency, p99", measured.p99_ms, "ms"),
        Row(f"{name}: one job at a time, p50", measured.alone_p50_ms, "ms"),
        Row(f"{name}: one job at a time, p99", measured.alone_p99_ms, "ms"),
        Row(f"{name}: coordinator's processor", 1e6 * measured.cpu_s / jobs, "µs per job"),
        Row(f"{name}: nodes' processor", 1e6 * cell.nodes_cpu_s / jobs, "µs per job"),
    ]
    if cell.servers_cpu_s:
        rows.append(Row(f"{name}: servers' processor", 1e6 * cell.servers_cpu_s / jobs, "µs per job"))
    return rows


def _sqlite(count: int, lasts: Lasts) -> _Cell:
    with _folder() as home:
        return _cell(_plan(home, count, lasts), home / DATABASE)


def _postgres(count: int, lasts: Lasts, server: PrivatePostgres) -> _Cell:
    with _folder() as home:
        url = server.create(f"bench_{secrets.token_hex(4)}")
        with closing(PrivateNats([NatsKeys(load_identity(home, secrets.token_bytes))])) as nats:
            nats.start()
            return _cell(_plan(home, count, lasts, url, nats.address), url)


def _two(count: int, lasts: Lasts, server: PrivatePostgres) -> list[Row]:
    """Two coordinators over the same message servers, each with half of the nodes and of the load."""
    name = f"{POSTGRES}, {count:,} nodes, two coordinators"
    say(name)
    shared, groups = secrets.token_bytes(32), (GROUP, GroupId("cd" * 32))
    with _folder() as one, _folder() as other:
        homes = one, other
        keys = [NatsKeys(load_identity(home, secrets.token_bytes), shared) for home in homes]
        urls = [server.create(f"bench_{secrets.token_hex(4)}") for _ in homes]
        with closing(PrivateNats(keys)) as nats:
            nats.start()
            plans = [
                msgspec.structs.replace(
                    _plan(home, count // 2, lasts, url, nats.address),
                    in_flight=IN_FLIGHT // 2, group=groups[n], first=n * count // 2, shared=shared,
                )
                for n, (home, url) in enumerate(zip(homes, urls, strict=True))
            ]  # fmt: skip
            found, _, servers_s = _together(list(zip(plans, urls, strict=True)))
    settled, cpu_s = sum(one.settled for one in found), sum(one.cpu_s for one in found)
    return [
        Row(f"{name}: settled jobs", sum(one.settled / one.lasted_s for one in found), "/s"),
        Row(f"{name}: added latency, p50, the slower", max(one.p50_ms for one in found), "ms"),
        Row(f"{name}: added latency, p99, the slower", max(one.p99_ms for one in found), "ms"),
        Row(f"{name}: coordinators' processor", 1e6 * cpu_s / settled, "µs per job"),
        Row(f"{name}: servers' processor", 1e6 * servers_s / settled, "µs per job"),
    ]


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="quarterdeck-bench-") as folder:
        yield Path(folder)


def _plan(home: Path, count: int, lasts: Lasts, store_at: str = "", nats_at: str = "") -> Plan:
    return Plan(str(home), count, IN_FLIGHT, lasts.warm_s, lasts.load_s, lasts.alone_s, store_at, nats_at)


def _cell(plan: Plan, where: Path | str) -> _Cell:
    [measured], nodes_s, servers_s = _together([(plan, where)])
    return _Cell(measured, nodes_s, servers_s if plan.nats_at else 0.0)


def _together(plans: Sequence[tuple[Plan, Path | str]]) -> tuple[list[Measured], float, float]:
    """All of them at one time; and the processor time of all nodes and of all servers meanwhile."""
    with ExitStack() as stack:
        coordinators, nodes = [], []
        for plan, _ in plans:
            coordinators.append(stack.enter_context(_coordinator(plan)))
            at = msgspec.json.decode(_line(coordinators[-1]), type=Listening)
            words = at.node_url, str(plan.nodes), str(plan.first), plan.group
            nodes.append(stack.enter_context(_started("benches.settled_nodes", *words)))
        for coordinator in coordinators:
            _line(coordinator)
        ours = [[process.pid for process in side] for side in (coordinators, nodes)]
        before = _cpu_s(*ours)
        lines = [_line(coordinators[0])]
        after = _cpu_s(*ours)  # servers' processes of a coordinator that ends are gone, and their times
        lines += [_line(coordinator) for coordinator in coordinators[1:]]
        measured = [msgspec.json.decode(line, type=Measured) for line in lines]
        if any(coordinator.wait(_END_S) for coordinator in coordinators):
            raise RuntimeError("a coordinator did not end well")
    for _, where in plans:
        jobs = report(where).jobs
        if jobs.accepted != jobs.received or jobs.paid_twice or jobs.unpaid_accepted:
            raise RuntimeError(f"what was settled does not add up: {jobs}")
    return measured, after[0] - before[0], after[1] - before[1]


def _coordinator(plan: Plan) -> AbstractContextManager[subprocess.Popen[str]]:
    return _started("benches.settled_load", msgspec.json.encode(plan).decode())


def _cpu_s(coordinators: list[int], nodes: list[int]) -> tuple[float, float]:
    """Processor time so far of the nodes, and of every server beside the coordinators."""
    nodes_s = servers_s = 0.0
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            times = child.cpu_times()
            if child.pid in nodes:
                nodes_s += times.user + times.system
            elif child.pid not in coordinators:
                servers_s += times.user + times.system
    return nodes_s, servers_s


@contextmanager
def _started(module: str, *words: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", module, *words]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=inherited())
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _line(process: subprocess.Popen[str]) -> str:
    """Raises RuntimeError when it ended instead."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"a process of the bench ended with {process.wait()}")
    return line
