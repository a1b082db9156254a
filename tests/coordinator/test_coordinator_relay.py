"""The relay: finds owners by their databases, passes requests on, and says when nobody is there."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import uvicorn
from coordinator_harness import port_of, until
from openai import AsyncOpenAI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from console.coordinator.beside import Beside
from console.coordinator.relay.app import Relay
from console.coordinator.relay.owners import Owners
from console.coordinator.store import OwnerRow
from console.coordinator.store.sqlite import SqliteStore
from console.coordinator.store.unit.owner import LEFT


@contextlib.asynccontextmanager
async def serving(app: Starlette) -> AsyncIterator[str]:
    config = uvicorn.Config(app, port=0, log_level="warning", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    try:
        yield f"http://127.0.0.1:{port_of(server)}"
    finally:
        server.should_exit = True
        await task


class Upstream:
    """An owner that answers with its own name."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.asked = self.left = 0
        self.gate = asyncio.Event()

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v1/chat/completions", self.chat, methods=["POST"]),
                Route("/v1/models", self.models),
                Route(f"/net/v1/jobs/{self.name}/nonce", self.nonce, methods=["POST"]),
                Route("/net/v1/epochs", self.epochs),
                Route("/v1/models/{id:path}", self.model),
            ]
        )

    async def chat(self, request: Request) -> Response:
        asked = await request.json()
        self.asked += 1
        if asked.get("stream"):
            return StreamingResponse(self.events(asked), media_type="text/event-stream")
        if asked.get("slow"):
            try:
                while not await request.is_disconnected():
                    await asyncio.sleep(0.02)
            finally:
                self.left += 1
        told = {"owner": self.name, "asked": asked, "key": request.headers["authorization"]}
        return JSONResponse(told, headers={"x-quarterdeck-job": self.name})

    async def events(self, asked: dict[str, object]) -> AsyncIterator[bytes]:
        yield b'data: {"n": 1}\n\n'
        if asked.get("breaks"):
            raise RuntimeError("in mid-stream")
        await self.gate.wait()
        yield b"data: [DONE]\n\n"

    async def models(self, request: Request) -> Response:
        return JSONResponse({"object": "list", "data": [{"id": self.name, "object": "model"}]})

    async def epochs(self, request: Request) -> Response:
        return JSONResponse({"of": self.name})

    async def model(self, request: Request) -> Response:
        return JSONResponse({"asked": request.scope["raw_path"].decode()})

    async def nonce(self, request: Request) -> Response:
        return JSONResponse({"of": self.name, "body": (await request.body()).decode()})


class Network:
    """Two groups, each with its database, and a relay before them."""

    def __init__(self, folder: Path, relay: str, upstreams: list[Upstream], addresses: list[str]) -> None:
        self.folder, self.relay, self.upstreams, self.addresses = folder, relay, upstreams, addresses

    async def own(self, number: int, address: str, beat: int = 0) -> None:
        store = SqliteStore(self.folder / f"{number}.sqlite")
        seen = await store.transact(lambda unit: unit.owner())
        token, model = (seen.token if seen else 0) + 1, self.upstreams[number].name
        row = OwnerRow(token, "h", beat, address, "ab" * 32, model)
        await store.transact(lambda unit: unit.take_over(row, seen))
        store.close()

    async def post(self, path: str = "/v1/chat/completions", **body: object) -> httpx.Response:
        async with httpx.AsyncClient(base_url=self.relay, trust_env=False, timeout=20) as http:
            return await http.post(path, json=body, headers={"authorization": "Bearer k"})


@contextlib.asynccontextmanager
async def networked(tmp_path: Path, patience_s: float) -> AsyncIterator[Network]:
    upstreams = [Upstream("one"), Upstream("two")]
    async with contextlib.AsyncExitStack() as stack:
        addresses = [await stack.enter_async_context(serving(upstream.app())) for upstream in upstreams]
        databases = [Beside(tmp_path / f"{number}.sqlite") for number in range(2)]
        http = httpx.AsyncClient(timeout=httpx.Timeout(None, connect=1), trust_env=False)
        relay = await stack.enter_async_context(serving(Relay(Owners(databases), http, patience_s).app()))
        found = Network(tmp_path, relay, upstreams, addresses)
        for number, address in enumerate(addresses):
            await found.own(number, address)
        yield found


@pytest.fixture
async def network(tmp_path: Path) -> AsyncIterator[Network]:
    async with networked(tmp_path, 15.0) as found:
        yield found


@pytest.fixture
async def hasty(tmp_path: Path) -> AsyncIterator[Network]:
    """One whose relay waits for an owner no longer than it has to."""
    async with networked(tmp_path, 0.5) as found:
        yield found


async def test_a_request_goes_to_the_owner_of_its_model_and_comes_back_as_it_is(network: Network) -> None:
    for name in ("one", "two"):
        answer = await network.post(model=name, extra="ü")
        told = answer.json()
        assert (told["owner"], told["key"], told["asked"]["extra"]) == (name, "Bearer k", "ü")
        assert answer.headers["x-quarterdeck-job"] == name


async def test_an_unknown_model_is_left_to_an_owner_to_refuse(network: Network) -> None:
    assert (await network.post(model="other")).json()["owner"] == "one"
    assert (await network.post(model=7)).json()["owner"] == "one"


async def test_models_of_all_groups_are_listed(network: Network) -> None:
    async with AsyncOpenAI(base_url=f"{network.relay}/v1", api_key="k") as client:
        assert [model.id async for model in client.models.list()] == ["one", "two"]


async def test_what_is_of_one_group_is_found_wherever_it_is(network: Network) -> None:
    answer = await network.post("/net/v1/jobs/two/nonce", nonce="ab")
    assert answer.json() == {"of": "two", "body": '{"nonce":"ab"}'}
    assert (await network.post("/net/v1/jobs/nobody/nonce", nonce="ab")).status_code == 404


async def test_a_stream_comes_as_it_is_made(network: Network) -> None:
    body = {"model": "one", "stream": True}
    async with (
        httpx.AsyncClient(base_url=network.relay, trust_env=False, timeout=20) as http,
        http.stream("POST", "/v1/chat/completions", json=body) as answer,
    ):
        lines = answer.aiter_lines()
        assert await anext(lines) == 'data: {"n": 1}', "before the end is made"
        network.upstreams[0].gate.set()
        assert [line async for line in lines if line] == ["data: [DONE]"]


async def test_a_stream_that_breaks_off_says_so_in_the_shape_of_its_events(network: Network) -> None:
    answer = await network.post(model="one", stream=True, breaks=True)
    last = json.loads(answer.text.strip().splitlines()[-1].removeprefix("data: "))
    assert last["error"]["code"] == "coordinator_gone"


async def test_a_client_that_leaves_is_known_to_the_owner(network: Network) -> None:
    asking = asyncio.create_task(network.post(model="one", slow=True))
    await until(lambda: network.upstreams[0].asked == 1)
    asking.cancel()
    await until(lambda: network.upstreams[0].left == 1)


async def test_a_request_waits_for_the_next_owner(network: Network) -> None:
    await network.own(0, "http://127.0.0.1:9")
    asking = asyncio.create_task(network.post(model="one"))
    await asyncio.sleep(0.4)
    assert not asking.done()
    await network.own(0, network.addresses[0])
    assert (await asking).json()["owner"] == "one"


@pytest.mark.parametrize("beat", [0, LEFT])
async def test_a_group_that_nobody_owns_is_told_in_time(hasty: Network, beat: int) -> None:
    for number in range(2):
        await hasty.own(number, "http://127.0.0.1:9", beat)
    answer = await hasty.post(model="one")
    assert answer.json()["error"]["code"] == "no_coordinator"
    assert answer.headers["retry-after"]
    async with httpx.AsyncClient(base_url=hasty.relay, trust_env=False) as http:
        health = await http.get("/healthz")
    assert health.status_code == (200 if beat == 0 else 503)


async def test_a_group_whose_owner_let_go_is_waited_for_and_no_other_answers_for_it(network: Network) -> None:
    await network.own(1, network.addresses[1], LEFT)
    asking = asyncio.create_task(network.post(model="two"))
    await asyncio.sleep(0.4)
    assert not asking.done()
    await network.own(1, network.addresses[1])
    assert (await asking).json()["owner"] == "two"


class Stuck:
    """A database that does not answer."""

    async def read(self, query: object) -> None:
        await asyncio.sleep(3600)


async def test_a_database_that_does_not_answer_holds_up_no_other_group(network: Network) -> None:
    owners = Owners([Beside(network.folder / "0.sqlite"), Stuck()])  # type: ignore[list-item]
    await owners.now()
    for _ in range(3):
        async with asyncio.timeout(5):
            assert [one.model for one in await owners.now(after_s=0.0)] == ["one"]


async def test_pages_of_several_groups_are_told_apart(network: Network) -> None:
    async with httpx.AsyncClient(base_url=network.relay, trust_env=False) as http:
        refused = await http.get("/net/v1/epochs")
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "group_unnamed")
        for name in ("one", "two"):
            assert (await http.get("/net/v1/epochs", params={"group": name})).json() == {"of": name}
        assert (await http.get("/net/v1/epochs", params={"group": "none"})).status_code == 400


async def test_a_path_arrives_as_it_was_written(network: Network) -> None:
    async with httpx.AsyncClient(base_url=network.relay, trust_env=False) as http:
        answer = await http.get("/v1/models/a%3Fb%252Fc")
    assert answer.json() == {"asked": "/v1/models/a%3Fb%252Fc"}


async def test_a_body_that_is_too_large_or_no_json_is_refused_in_words(network: Network) -> None:
    answer = await network.post(model="one", text="x" * (2 << 20))
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body_too_large")
