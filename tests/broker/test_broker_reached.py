"""What was said has reached the server: seen by a server that writes down the order of what it reads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from nats.aio.client import Client

from console.broker import connecting
from console.broker.connecting import BrokerError, close, connect, reached


class Server:
    """As much of a NATS server as a client needs to connect; it keeps the first word of each line."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.address = ""
        self.mute = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client."""
        writer.write(b'INFO {"max_payload":1048576}\r\n')
        while line := await reader.readline():
            self.words.append(line.split()[0].decode())
            if self.words[-1] == "PING" and not self.mute:
                writer.write(b"PONG\r\n")
        writer.close()


@pytest_asyncio.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.address = f"nats://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    async with listening:
        yield server


@pytest_asyncio.fixture
async def client(server: Server) -> AsyncIterator[Client]:
    client = await connect(server.address, b"", 5, lambda: None, stay=False)
    server.words.clear()
    yield client
    await close(client)


async def test_what_was_said_before_has_reached_the_server(server: Server, client: Client) -> None:
    for k in range(3):
        await client.subscribe(f"subject.{k}")
    await reached(client)
    assert server.words.count("SUB") == 3
    assert server.words[-1] == "PING", "an answer to what is asked ahead of the rest tells nothing of it"


async def test_a_server_that_does_not_answer_is_told(
    server: Server, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connecting, "REACHED_S", 0.1)
    server.mute = True
    with pytest.raises(BrokerError, match="does not answer any more"):
        await reached(client)
