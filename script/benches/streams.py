"""A client that costs little: it reads streams as they come, and looks for their first token and end only.

It shares the processor with the server that it measures, and does so alike for all of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

READ_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens: a socket's path, or a port of this machine."""

    path: Path | None = None
    port: int = 0


@dataclass(frozen=True, slots=True)
class Stream:
    """One answer as its client saw it. Times since all were asked."""

    first_s: float
    end_s: float
    body: bytes


async def ask_all(
    address: Address, target: str, bodies: list[bytes], begun: Callable[[bytes], bool]
) -> list[Stream]:
    """Ask everything at once, each on a connection of its own. `begun`: whether a part holds a token.

    Raises RuntimeError when an answer is none.
    """
    started_s = time.perf_counter()
    return await asyncio.gather(*(_ask(address, target, body, begun, started_s) for body in bodies))


async def _ask(
    address: Address, target: str, body: bytes, begun: Callable[[bytes], bool], started_s: float
) -> Stream:
    reader, writer = await _connect(address)
    head = (
        f"POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    writer.write(head.encode() + body)
    parts: list[bytes] = []
    first_s = 0.0
    while part := await reader.read(READ_BYTES):
        parts.append(part)
        if not first_s and begun(part):
            first_s = time.perf_counter() - started_s
    end_s = time.perf_counter() - started_s
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    whole = b"".join(parts)
    if not whole.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"a server refused: {whole[:200]!r}")
    return Stream(first_s, end_s, whole)


async def _connect(address: Address) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if address.path is not None:
        return await asyncio.open_unix_connection(address.path)
    return await asyncio.open_connection("127.0.0.1", address.port)
