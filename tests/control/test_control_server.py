"""The control server's contract: who comes in, what they get, and that nobody slows the agent."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from console.agent.board import Board
from console.control.attached import QUEUE_LINES
from console.control.events import Noted, ReasonChanged
from console.control.link import Link
from console.control.reducer import reduce
from console.control.server import ControlError, ControlServer
from console.control.state import Note
from console.control.wire import (
    VERSION,
    Answer,
    Attach,
    Command,
    Delta,
    FromAgent,
    Hello,
    Snapshot,
    decode_from_agent,
    encode_line,
)
from console.protocol.reasons import reason

CLOCK_MS = 5_000


async def answer(command: Command) -> Answer:
    """Echoes; breaks on `stop`."""
    if command.name == "stop":
        raise RuntimeError("boom")
    return Answer(command.id, True, command.name, msgspec.Raw(b"[1]"))


class Served:
    """A board behind a server."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.board = Board(lambda: CLOCK_MS)
        self.server = ControlServer(path, self.board, answer, "test/1")

    async def client(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A raw connection."""
        return await asyncio.open_unix_connection(self.path, limit=16 << 20)


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    """A server that listens."""
    thing = Served(tmp_path / "agent.sock")
    await thing.server.start()
    yield thing
    await thing.server.close()


async def heard(reader: asyncio.StreamReader) -> FromAgent:
    """The next message."""
    async with asyncio.timeout(10):
        return decode_from_agent(await reader.readline())


async def test_hello_snapshot_and_deltas_without_gaps(served: Served) -> None:
    reader, writer = await served.client()
    served.board.note("info", "operator", "before")
    writer.write(encode_line(Attach(VERSION, "test")))
    hello = await heard(reader)
    assert isinstance(hello, Hello)
    assert (hello.version, hello.software) == (VERSION, "test/1")
    snapshot = await heard(reader)
    assert isinstance(snapshot, Snapshot)
    assert snapshot.seq == 1
    served.board.apply(ReasonChanged(reason("earning")))
    served.board.note("good", "money", "paid")
    state, seq = snapshot.state, snapshot.seq
    for _ in range(2):
        delta = await heard(reader)
        assert isinstance(delta, Delta)
        assert delta.seq == seq + 1
        state, seq = reduce(state, delta.at_ms, delta.event), delta.seq
    assert state == served.board.state
    writer.close()


async def test_a_second_attach_brings_a_fresh_snapshot(served: Served) -> None:
    reader, writer = await served.client()
    for seq in (0, 3):
        writer.write(encode_line(Attach(VERSION, "test")))
        assert isinstance(await heard(reader), Hello)
        snapshot = await heard(reader)
        assert isinstance(snapshot, Snapshot)
        assert snapshot.seq == seq
        if seq == 0:
            for _ in range(3):
                served.board.note("info", "operator", "news")
            for _ in range(3):
                assert isinstance(await heard(reader), Delta)
    writer.close()


async def test_commands_get_one_answer_each_also_without_watching(served: Served) -> None:
    reader, writer = await served.client()
    writer.write(encode_line(Attach(VERSION, "cli", watch=False)))
    assert isinstance(await heard(reader), Hello)
    for n in range(5):
        writer.write(encode_line(Command(str(n), "pause")))
    served.board.note("info", "operator", "unheard")
    for n in range(5):
        assert await heard(reader) == Answer(str(n), True, "pause", msgspec.Raw(b"[1]"))
    writer.close()


async def test_a_command_that_breaks_is_an_answer_not_a_crash(served: Served) -> None:
    link = Link(served.path)
    broken = await link.command("stop")
    assert not broken.ok
    assert "RuntimeError" in broken.sentence
    assert "boom" not in broken.sentence
    assert (await link.command("pause")).ok


async def test_a_stuck_client_loses_deltas_gets_a_snapshot_and_slows_nobody(served: Served) -> None:
    stuck, stuck_writer = await asyncio.open_unix_connection(served.path, limit=16 << 20)
    stuck_writer.write(encode_line(Attach(VERSION, "stuck")))
    assert isinstance(await heard(stuck), Hello)
    assert isinstance(await heard(stuck), Snapshot)
    stuck_transport = stuck_writer.transport
    stuck_transport.pause_reading()  # type: ignore[attr-defined]
    lively, lively_writer = await served.client()
    lively_writer.write(encode_line(Attach(VERSION, "lively")))
    assert isinstance(await heard(lively), Hello)
    assert isinstance(await heard(lively), Snapshot)
    total = QUEUE_LINES * 20
    text = "x" * 400
    seq = 0
    for n in range(total):
        served.board.apply(Noted(Note(n, "info", text)))
        if n % 100 == 99:
            while seq < n + 1:
                message = await heard(lively)
                assert isinstance(message, Delta)
                assert message.seq == seq + 1
                seq = message.seq
    stuck_transport.resume_reading()  # type: ignore[attr-defined]
    seen: list[FromAgent] = []
    last = 0
    while last < total:
        message = await heard(stuck)
        seen.append(message)
        assert isinstance(message, Delta | Snapshot)
        assert message.seq == last + 1 or isinstance(message, Snapshot)
        last = message.seq
    assert any(isinstance(m, Snapshot) for m in seen)
    assert len(seen) < total
    stuck_writer.close()
    lively_writer.close()


@pytest.mark.parametrize("line", [b"{\n", b"[]\n", b'{"type":"nonsense"}\n', b"\xff\xfe\n", b"a" * 200_000])
async def test_nonsense_ends_that_connection_only(served: Served, line: bytes) -> None:
    reader, writer = await served.client()
    writer.write(line)
    async with asyncio.timeout(10):
        assert await reader.read() == b""
    writer.close()
    assert (await Link(served.path).command("resume")).ok


async def test_another_version_gets_hello_and_is_hung_up_on(served: Served) -> None:
    reader, writer = await served.client()
    writer.write(encode_line(Attach(VERSION + 1, "future")))
    assert isinstance(await heard(reader), Hello)
    async with asyncio.timeout(10):
        assert await reader.read() == b""
    writer.close()


async def test_the_socket_is_private_and_gone_afterwards(tmp_path: Path) -> None:
    thing = Served(tmp_path / "agent.sock")
    await thing.server.start()
    assert stat.S_IMODE(thing.path.stat().st_mode) == 0o600
    await thing.server.close()
    assert not thing.path.exists()


async def test_another_user_is_turned_away(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.control.server._uid_allowed", lambda uid: False)
    reader, writer = await served.client()
    async with asyncio.timeout(10):
        assert await reader.read() == b""
    writer.close()


async def test_a_socket_in_use_is_refused_and_a_stale_one_replaced(served: Served, tmp_path: Path) -> None:
    with pytest.raises(ControlError, match="in use"):
        await Served(served.path).server.start()
    stale = Served(tmp_path / "stale.sock")
    listener = await asyncio.start_unix_server(lambda r, w: None, stale.path)
    listener.close()
    stale.path.touch()
    await stale.server.start()
    assert (await Link(stale.path).command("pause")).ok
    await stale.server.close()


async def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ControlError, match="cannot be opened"):
        await Served(tmp_path / "absent" / "agent.sock").server.start()
