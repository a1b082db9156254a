"""A double of the agent: serves recorded state, or a flood of events, over the real control protocol."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from console.control.events import Event, JobChanged, Ticked
from console.control.recording import Asked, Recorded, read
from console.control.reducer import reduce
from console.control.state import JobView, NodeState
from console.control.wire import (
    Answer,
    Attach,
    Command,
    Delta,
    Hello,
    Snapshot,
    decode_from_client,
    encode_line,
)
from console.protocol.ids import JobId


class AgentDouble:
    """Listens on `path`; `attaches` counts the attach lines seen, `commands` keeps what was asked."""

    def __init__(self, path: Path, recording: Sequence[Recorded]) -> None:
        self.path = path
        self.state = NodeState()
        self.seq = 0
        self.at_ms = 0
        self.attaches = 0
        self.commands: list[Command] = []
        self.attached = asyncio.Event()
        self._asked: list[Asked] = []
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        for recorded in recording:
            self._take(recorded)

    def _take(self, recorded: Recorded) -> None:
        match recorded.message:
            case Snapshot(seq=seq, at_ms=at_ms, state=state):
                self.seq, self.at_ms, self.state = seq, at_ms, state
            case Delta(seq=seq, at_ms=at_ms, event=event):
                self.seq, self.at_ms = seq, at_ms
                self.state = reduce(self.state, at_ms, event)
            case Asked() as asked:
                self._asked.append(asked)

    async def __aenter__(self) -> AgentDouble:
        self._server = await asyncio.start_unix_server(self._serve, str(self.path), limit=4 * 1024 * 1024)
        return self

    async def __aexit__(self, *exc: object) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        with contextlib.suppress(ConnectionError):
            await self._converse(reader, writer)
        self._writers.discard(writer)
        writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            message = decode_from_client(line)
            if isinstance(message, Attach):
                self.attaches += 1
                writer.write(encode_line(Hello(message.version, "double", 1)))
                if message.watch:
                    writer.write(encode_line(Snapshot(self.seq, self.at_ms, self.state)))
                    self.attached.set()
            else:
                self.commands.append(message)
                writer.write(encode_line(self._answer(message)))

    def _answer(self, command: Command) -> Answer:
        for asked in self._asked:
            if asked.name == command.name and asked.args == command.args:
                return msgspec.structs.replace(asked.answer, id=command.id)
        return Answer(command.id, False, "The double does not know this.")

    def tell(self, event: Event, *, skip: int = 0, after_ms: int = 0) -> None:
        """Send `event` to all; with `skip`, as if some deltas before it had been lost."""
        self.seq += 1 + skip
        self.at_ms += after_ms
        self.state = reduce(self.state, self.at_ms, event)
        line = encode_line(Delta(self.seq, self.at_ms, event))
        for writer in self._writers:
            writer.write(line)

    def drop_clients(self) -> None:
        """Close every connection, as an agent that stops does."""
        for writer in self._writers:
            writer.close()
        self._writers.clear()


async def flood(path: Path, recording: Path, per_s: int) -> None:
    """Serve for ever with `per_s` events each second (0: one tick's worth of nothing), for measurements."""
    async with AgentDouble(path, read(recording)) as agent:
        number = 0
        while True:
            await asyncio.sleep(0.01 if per_s else 1.0)
            for _ in range(per_s // 100):
                number += 1
                job = JobView(JobId(f"{number % 40:032x}"), 1, "running", agent.at_ms, tokens=number % 128,
                              max_tokens=128, lease_until_ms=agent.at_ms + 60_000)  # fmt: skip
                agent.tell(JobChanged(job), after_ms=0)
            agent.tell(Ticked(), after_ms=10 if per_s else 1000)


if __name__ == "__main__":
    asyncio.run(flood(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])))
