"""The clients' end of the control socket: follow the agent, and command it.

Following survives everything: an agent that is not there, one that stops, a lost delta. No screen may enter.
"""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Protocol

import msgspec

from console.control.connection import (
    ANSWER_TIMEOUT_S,
    READ_BYTES,
    Args,
    Lines,
    NoAgent,
    find_answer,
    new_id,
    question,
    unix_socket,
    why_not,
)
from console.control.wire import (
    VERSION,
    Answer,
    Attach,
    Command,
    CommandName,
    Delta,
    FromAgent,
    Hello,
    Snapshot,
    decode_from_agent,
    encode_line,
)

PACE_S = 0.1
"""Pause between two reads while following: many events become one wake-up; the kernel holds the rest."""
FIRST_RETRY_S = 0.25
LAST_RETRY_S = 8.0


class Lost(msgspec.Struct, frozen=True, tag="lost"):
    """This client's own news: the agent is not reached, and is tried again after `retry_s` seconds."""

    sentence: str
    retry_s: float
    """0: it is not tried again, for a recording is over."""


News = Hello | Snapshot | Delta | Lost
"""What `attach` yields."""


class Source(Protocol):
    """Where a client's news come from: the agent's socket, or a recording."""

    def attach(self) -> AsyncIterator[News]:
        """News without end; after `Lost` it goes on by itself with `Hello` and `Snapshot`."""
        ...

    async def command(self, name: CommandName, args: Args | None = None) -> Answer:
        """Have something done. Never raises for an absent agent: the answer says so."""
        ...


def backoff(jitter: Callable[[], float]) -> Iterator[float]:
    """Waits before each next try: 0.25 s doubling to 8 s, each shortened by up to half at random."""
    for n in itertools.count():
        yield min(LAST_RETRY_S, FIRST_RETRY_S * 2 ** min(n, 10)) * (1 - 0.5 * jitter())


class Link:
    """A client of the agent behind `path`."""

    def __init__(
        self,
        path: Path,
        *,
        client: str = "console",
        pace_s: float = PACE_S,
        jitter: Callable[[], float] | None = None,
    ) -> None:
        self.path = path
        self._client = client
        self._pace_s = pace_s
        self._jitter = jitter or _os_jitter

    async def attach(self) -> AsyncIterator[News]:
        """Hello, Snapshot, Deltas without gaps; `Lost` whenever the agent is out of reach."""
        waits = backoff(self._jitter)
        while True:
            try:
                async for news in self._follow():
                    if isinstance(news, Snapshot):
                        waits = backoff(self._jitter)
                    yield news
                sentence = "The agent closed the connection."
            except (OSError, NoAgent) as error:
                sentence = why_not(error, self.path)
            except (ValueError, msgspec.MsgspecError) as error:
                sentence = f"The agent said something that is not understood ({error})."
            retry_s = next(waits)
            yield Lost(sentence, retry_s)
            await asyncio.sleep(retry_s)

    async def _follow(self) -> AsyncIterator[News]:
        """One connection's life."""
        loop = asyncio.get_running_loop()
        hello = encode_line(Attach(VERSION, self._client))
        with unix_socket() as sock:
            sock.setblocking(False)
            await loop.sock_connect(sock, str(self.path))
            await loop.sock_sendall(sock, hello)
            lines, order = Lines(), Order()
            while data := await loop.sock_recv(sock, READ_BYTES):
                for line in lines.feed(data):
                    news = order.next(decode_from_agent(line))
                    if news is not None:
                        yield news
                if order.ask_again():
                    await loop.sock_sendall(sock, hello)
                # A full read is a part of a snapshot, or more than was expected: more is to be read at once.
                await asyncio.sleep(0 if len(data) == READ_BYTES else self._pace_s)

    async def command(
        self, name: CommandName, args: Args | None = None, *, timeout_s: float = ANSWER_TIMEOUT_S
    ) -> Answer:
        """Send a command on a connection of its own; a stuck or absent agent is an answer with `ok` false."""
        try:
            async with asyncio.timeout(timeout_s):
                return await self._ask(Command(new_id(), name, args or {}))
        except TimeoutError:
            sentence = f"The agent gave no answer within {timeout_s:.0f} s. Try again, or see Events."
        except (OSError, NoAgent) as error:
            sentence = why_not(error, self.path)
        except (ValueError, msgspec.MsgspecError) as error:
            sentence = f"The agent's answer is not understood ({error})."
        return Answer("", False, sentence)

    async def _ask(self, command: Command) -> Answer:
        loop = asyncio.get_running_loop()
        with unix_socket() as sock:
            sock.setblocking(False)
            await loop.sock_connect(sock, str(self.path))
            await loop.sock_sendall(sock, question(command, self._client))
            lines = Lines()
            while data := await loop.sock_recv(sock, READ_BYTES):
                answer = find_answer(lines.feed(data), command.id)
                if answer is not None:
                    return answer
        raise NoAgent("The agent closed the connection before it answered.")


class Order:
    """Holds back deltas that do not follow what this client has, until a snapshot mends the gap."""

    def __init__(self) -> None:
        self._seq: int | None = None
        self._ask = False

    def next(self, message: FromAgent) -> News | None:
        """`message` if it may be shown now.

        Raises:
            NoAgent: the agent speaks another version of the protocol.
        """
        match message:
            case Hello(version=version) if version != VERSION:
                raise NoAgent(
                    f"The agent speaks version {version} of the control protocol, this console {VERSION}. "
                    "Restart the agent with `quarterdeck agent stop` and `quarterdeck agent start`."
                )
            case Hello():
                return message
            case Snapshot(seq=seq):
                self._seq = seq
                return message
            case Delta(seq=seq) if self._seq is not None and seq == self._seq + 1:
                self._seq = seq
                return message
            case Delta(seq=seq) if self._seq is not None and seq > self._seq:
                self._seq, self._ask = None, True
        return None

    def ask_again(self) -> bool:
        """True once after each gap: a new snapshot must be asked for."""
        ask, self._ask = self._ask, False
        return ask


def _os_jitter() -> float:
    return int.from_bytes(os.urandom(2)) / 65536
