"""Sockets that peers dial: what is small goes out at once, and waits for no acknowledgement."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import pytest

from console.coordinator.start import take_port
from console.engine.process.local_port import listen_on_loopback


@pytest.mark.parametrize(
    "listens", [lambda: take_port("127.0.0.1", 0), lambda: listen_on_loopback(0)], ids=["network", "engine"]
)
async def test_nothing_small_is_held_back(listens: Callable[[], socket.socket]) -> None:
    """asyncio takes a socket for one of TCP only if its protocol says so; else Nagle's algorithm and delayed
    acknowledgements hold the third of three frames back for 40 ms (a lone job took 47 ms, not 4)."""
    told: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted = writer.get_extra_info("socket")
        told.set_result(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    with listens() as listening:
        async with await asyncio.start_server(serve, sock=listening):
            _, writer = await asyncio.open_connection(*listening.getsockname())
            assert await told
            writer.close()
