"""A step's tokens on their way to a socket: one hop, chunks past the web server, slow and leaving readers."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import msgspec
import pytest
import uvicorn

from console.engine.client import LlamaEngine
from console.engine.port import Broken, Generated, GenerateRequest, Tokens
from console.engine.process.listener import listen_on
from console.engine.process.live_requests import LiveRequests
from console.engine.process.server import Endpoints
from console.engine.process.stream import EventStream, ndjson
from console.engine.process.wire import BUFFER_BYTES, TRANSPORT, Outbox, Protocol, chunk, transport_of
from console.engine.process.worker import Worker

END = Generated((1, 2, 3), "length", "c" * 64, b"blob", 4, 5, 6)
REQUEST = GenerateRequest("r", (1, 2), "0" * 64, 700, 500)


class ToldWorker:
    """A worker that says what the test tells it to."""

    def __init__(self) -> None:
        facts = SimpleNamespace(context=4096, vocabulary=100, name="m")
        self.loaded = SimpleNamespace(facts=facts)
        self.failure = None
        self.after_step: Callable[[], None] = lambda: None
        self.sinks: dict[str, Callable[[object], None]] = {}
        self.cancelled: asyncio.Queue[str] = asyncio.Queue()

    def generate(self, request: GenerateRequest, sink: Callable[[object], None]) -> None:
        self.sinks[request.id] = sink

    def cancel(self, request_id: str) -> None:
        self.cancelled.put_nowait(request_id)

    async def step(self, request_id: str, *events: object) -> None:
        """As from the worker's thread."""

        def told() -> None:
            for event in events:
                self.sinks[request_id](event)
            self.after_step()

        await asyncio.to_thread(told)


@contextlib.asynccontextmanager
async def served(folder: Path) -> AsyncIterator[tuple[ToldWorker, Path]]:
    worker = ToldWorker()
    live = LiveRequests(cast("Worker", worker))
    app = Endpoints(cast("Worker", worker), live).app()
    config = uvicorn.Config(app, log_config=None, lifespan="off", ws="none", http=Protocol)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listen_on(folder / "s")]))
    try:
        yield worker, folder / "s"
    finally:
        live.break_all()
        server.should_exit = True
        await serving


async def begun(worker: ToldWorker, request_id: str) -> None:
    async with asyncio.timeout(10):
        while request_id not in worker.sinks:
            await asyncio.sleep(0.001)


async def test_every_token_arrives_once_and_the_connection_can_be_used_again(tmp_path: Path) -> None:
    async with served(tmp_path) as (worker, socket):
        engine = LlamaEngine(socket)
        for name in ("one", "two"):
            request = msgspec.structs.replace(REQUEST, id=name)
            reading = asyncio.create_task(_all(engine, request))
            await begun(worker, name)
            for place in range(50):
                await worker.step(name, Tokens(place, (place,), f"{place} "))
            await worker.step(name, Tokens(50, (50,), "50"), END)
            events = await reading
            assert [i for e in events if isinstance(e, Tokens) for i in e.token_ids] == list(range(51))
            assert events[-1] == END
        assert worker.cancelled.empty()
        await engine.close()


async def _all(engine: LlamaEngine, request: GenerateRequest) -> list[object]:
    return [event async for event in engine.generate(request)]


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
async def test_an_old_client_gets_no_chunks(tmp_path: Path, version: bytes) -> None:
    async with served(tmp_path) as (worker, socket):
        reader, writer = await asyncio.open_unix_connection(socket)
        body = msgspec.json.encode(REQUEST)
        writer.write(
            b"POST /v1/generate HTTP/%b\r\nHost: engine\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b"
            % (version, len(body), body)
        )
        await begun(worker, "r")
        for place in range(5):
            await worker.step("r", Tokens(place, (place,), "x"))
        await worker.step("r", END)
        head, _, answer = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        assert (b"chunked" in head) is (version == b"1.1")
        lines = [line for line in answer.split(b"\n") if line.startswith(b"{")]
        assert sum(b'"tokens"' in line for line in lines) >= 1
        assert b"".join(lines).count(b'"generated"') == 1


async def test_who_leaves_is_noticed_and_the_generation_cancelled(tmp_path: Path) -> None:
    async with served(tmp_path) as (worker, socket):
        engine = LlamaEngine(socket)
        stream = engine.generate(REQUEST)
        reading = asyncio.create_task(anext(stream))
        await begun(worker, "r")
        await worker.step("r", Tokens(0, (1,), "x"))
        await reading
        await stream.aclose()
        assert await asyncio.wait_for(worker.cancelled.get(), 10) == "r"
        await engine.close()


class Unread(asyncio.Transport):
    """A transport with so much unread."""

    def __init__(self) -> None:
        super().__init__()
        self.unread = 0
        self.written: list[bytes] = []

    def get_write_buffer_size(self) -> int:
        return self.unread

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))


async def test_a_slow_reader_gets_its_tokens_together_and_none_twice() -> None:
    transport, sent = Unread(), []

    async def send(message: object) -> None:
        sent.append(message)

    async def receive() -> dict[str, str]:
        await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    stream = EventStream(ndjson, lambda: None, b"x/y")
    scope = {"type": "http", "http_version": "1.1", "state": {TRANSPORT: transport}}
    answering = asyncio.create_task(stream(scope, receive, send))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    stream.put(Tokens(0, (0,), "a"))
    async with asyncio.timeout(10):
        while len(sent) < 2:
            await asyncio.sleep(0)
    stream.put(Tokens(1, (1,), "b"))
    transport.unread = BUFFER_BYTES
    stream.put(Tokens(2, (2,), "c"))
    stream.put(Tokens(3, (3,), "d"))
    transport.unread = 0
    stream.put(Tokens(4, (4,), "e"))
    stream.put(Broken("cancelled", "Gone."))
    await answering
    assert transport.written == [
        chunk(ndjson([Tokens(1, (1,), "b")])),
        chunk(ndjson([Tokens(2, (2, 3, 4), "cde")])),
    ]
    assert sent[-1] == {
        "type": "http.response.body", "body": ndjson([Broken("cancelled", "Gone.")]), "more_body": False,
    }  # fmt: skip


def test_a_transport_is_shown_for_chunked_answers_only() -> None:
    transport = Unread()
    assert transport_of({"http_version": "1.1", "state": {TRANSPORT: transport}}) is transport
    assert transport_of({"http_version": "1.0", "state": {TRANSPORT: transport}}) is None
    assert transport_of({"http_version": "1.1"}) is None


async def test_a_step_is_one_hop_whatever_it_has_to_tell() -> None:
    loop, told = asyncio.get_running_loop(), []
    hops = 0

    class Counted:
        def is_closed(self) -> bool:
            return False

        def call_soon_threadsafe(self, *call: object) -> None:
            nonlocal hops
            hops += 1
            loop.call_soon(*call)  # type: ignore[arg-type]

    outbox = Outbox(cast("asyncio.AbstractEventLoop", Counted()))
    sinks = [outbox.to(told.append) for _ in range(8)]
    for number, sink in enumerate(sinks):
        sink(number)
    assert told == []
    outbox.flush()
    outbox.flush()
    await asyncio.sleep(0)
    assert told == list(range(8))
    assert hops == 1
