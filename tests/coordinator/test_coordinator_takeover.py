"""Real kills under load: coordinators on one PostgreSQL, nodes over NATS, clients through a relay."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
import uvicorn
from coordinator_harness import AUTH, MODEL, FakeNode, port_of, until
from store_contract import PostgresPlace

from console.coordinator.beside import Beside
from console.coordinator.identity import NAME, load_identity
from console.coordinator.relay.app import Relay
from console.coordinator.relay.owners import Owners
from console.coordinator.reports.report import report
from console.coordinator.store.private_postgres import PrivatePostgres
from console.coordinator.transport.nats_keys import NatsKeys
from console.coordinator.transport.private_nats import PrivateNats, address_of, cluster_of, free_port
from console.network.port import LinkError
from console.protocol.messages import Welcome

HERE = Path(__file__).parent
BODY = {"model": MODEL, "messages": [{"role": "user", "content": "ahoy"}], "max_tokens": 8}
pytestmark = pytest.mark.e2e


class Network:
    """Two coordinators, one of them waiting, a relay before them, and nodes that dial until they are in."""

    def __init__(self, homes: list[Path], store: str, servers: list[PrivateNats], relay: str) -> None:
        self.homes, self.store, self.servers, self.relay = homes, store, servers, relay
        self.nats = address_of(servers)
        self.running: list[asyncio.subprocess.Process] = []
        self.nodes: list[FakeNode] = []
        self.answers: list[httpx.Response] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def coordinator(self, number: int) -> asyncio.subprocess.Process:
        path = os.pathsep.join([str(HERE), str(HERE.parent), str(HERE.parent.parent)])
        words = [str(self.homes[number]), str(free_port()), self.store, self.nats]
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(HERE / "coordinator_process.py"), *words,
            env=os.environ | {"PYTHONPATH": path},
        )  # fmt: skip
        self.running.append(process)
        return process

    async def join(self, count: int) -> None:
        for number in range(count):
            node = FakeNode(SimpleNamespace(address=self.nats), f"n{number}")  # type: ignore[arg-type]
            self.nodes.append(node)
            self._tasks.append(asyncio.create_task(_stay(node)))

    async def ask(self) -> httpx.Response:
        async with httpx.AsyncClient(base_url=self.relay, trust_env=False, timeout=60) as http:
            return await http.post("/v1/chat/completions", json=BODY, headers=AUTH)

    async def load(self, requests: int, at_once: int = 4) -> None:
        """So many requests, each of which ends: in an answer or in an error that says what happened."""
        left = iter(range(requests))

        async def client() -> None:
            for _ in left:
                self.answers.append(await self.ask())

        await asyncio.gather(*(client() for _ in range(at_once)))

    async def owner(self) -> str:
        """Address of the coordinator that owns the database."""
        [row] = await Owners([Beside(self.store)]).now()
        return row.address

    async def served(self) -> float:
        """Seconds until a request is answered."""
        began_s = time.monotonic()
        async with asyncio.timeout(60):
            while (await self.ask()).status_code != 200:
                await asyncio.sleep(0.05)
        return time.monotonic() - began_s

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for node in self.nodes:
            await node.drop()
        for process in self.running:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def _stay(node: FakeNode) -> None:
    """As a dialler does: whenever the line is down, another one."""
    while True:
        with contextlib.suppress(LinkError, TimeoutError):
            answer = await asyncio.wait_for(node.connect(), 12)
            if isinstance(answer, Welcome):
                await until(lambda: not node.connected, 3600)
        await node.drop()
        await asyncio.sleep(0.2)


@pytest.fixture
async def network(tmp_path: Path, postgres: PrivatePostgres) -> AsyncIterator[Network]:
    homes = [tmp_path / "one", tmp_path / "two"]
    for home in homes:
        home.mkdir()
    keys = NatsKeys(load_identity(homes[0], secrets.token_bytes))
    shutil.copy(homes[0] / NAME, homes[1] / NAME)
    store = PostgresPlace(postgres).url
    http = httpx.AsyncClient(timeout=httpx.Timeout(None, connect=2), trust_env=False)
    app = Relay(Owners([Beside(store)]), http).app()
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", timeout_graceful_shutdown=1))
    serving = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    with cluster_of([keys], 3) as servers:
        found = Network(homes, store, servers, f"http://127.0.0.1:{port_of(server)}")
        try:
            yield found
        finally:
            await found.close()
            server.should_exit = True
            await serving


async def _all_ended_well(network: Network) -> None:
    assert {answer.status_code for answer in network.answers} <= {200, 502, 503}
    assert all("error" in answer.json() for answer in network.answers if answer.status_code != 200)
    await until(lambda: report(network.store).jobs.open == 0, 30)
    found = report(network.store)
    assert (found.ledger.sum, found.ledger.held) == (0, 0)
    assert (found.jobs.paid_twice, found.jobs.unpaid_accepted) == (0, 0)
    assert found.jobs.accepted >= sum(answer.status_code == 200 for answer in network.answers)


async def test_the_owner_is_killed_under_load_and_the_other_takes_over(network: Network) -> None:
    owner = await network.coordinator(0)
    await network.join(3)
    await network.served()
    await network.coordinator(1)
    load = asyncio.create_task(network.load(60))
    await until(lambda: len(network.answers) >= 20, 60)
    owner.send_signal(signal.SIGKILL)
    seconds = await network.served()
    await load
    print(f"taken over, and a request answered, {seconds:.1f} s after the kill")
    assert len(network.answers) == 60
    await _all_ended_well(network)


async def test_an_owner_that_froze_is_fenced_and_ends(network: Network) -> None:
    owner = await network.coordinator(0)
    await network.join(2)
    await network.served()
    await network.coordinator(1)
    load = asyncio.create_task(network.load(40))
    await until(lambda: len(network.answers) >= 10, 60)
    frozen = await network.owner()
    owner.send_signal(signal.SIGSTOP)
    async with asyncio.timeout(60):
        while await network.owner() == frozen:
            await asyncio.sleep(0.1)
    owner.send_signal(signal.SIGCONT)
    assert await asyncio.wait_for(owner.wait(), 30) == 1
    await network.served()
    await load
    await _all_ended_well(network)


async def test_one_of_three_message_servers_and_a_fifth_of_the_nodes_die_under_load(network: Network) -> None:
    await network.coordinator(0)
    await network.join(5)
    await network.served()
    load = asyncio.create_task(network.load(50))
    await until(lambda: len(network.answers) >= 15, 60)
    network._tasks[0].cancel()
    await network.nodes[0].drop()
    network.servers[0].kill()
    await load
    await network.served()
    await _all_ended_well(network)


async def test_postgres_dies_under_load(network: Network, postgres: PrivatePostgres) -> None:
    await network.coordinator(0)
    await network.join(2)
    await network.served()
    load = asyncio.create_task(network.load(60))
    await until(lambda: len(network.answers) >= 15, 60)
    postgres.kill()
    await asyncio.sleep(1)
    postgres.start()
    await load
    await network.served()
    await _all_ended_well(network)
