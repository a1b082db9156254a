"""The coordinator's process, from its first wait to its last word."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Awaitable, Callable

import uvicorn

from console.coordinator.app import Coordinator
from console.coordinator.store import NotOwnerError

_WILDCARDS = ("0.0.0.0", "::", "")


def advertised(host: str, port: int, chosen: str) -> str:
    """Where gateways find this coordinator: as chosen, else by the address that it listens on."""
    if chosen:
        return chosen.rstrip("/")
    name = socket.gethostname() if host in _WILDCARDS else host
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


async def run(
    coordinator: Coordinator,
    server: uvicorn.Server,
    listening: socket.socket,
    supervising: asyncio.Task[None],
    begin: Callable[[], Awaitable[None]],
    ready: Callable[[], None],
) -> None:
    """Until a signal, until the reference engine turns out to be unusable, or until another one takes over.

    `supervising`: keeps the reference engine; it is ended here. `begin`: makes this coordinator the owner,
    however long that takes; `ready`: says so.

    Raises:
        NotOwnerError: another coordinator has taken over.
        NoReferenceError: as `supervise`.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    supervising.add_done_callback(lambda _: stop.set())
    try:
        if await _unless(stop, begin()):
            ready()
            ending = asyncio.create_task(_end(server, stop, coordinator.lost))
            try:
                await server.serve(sockets=[listening])
            finally:
                ending.cancel()
    finally:
        supervising.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await supervising
    if coordinator.lost.is_set():
        raise NotOwnerError


async def _unless(stop: asyncio.Event, work: Awaitable[None]) -> bool:
    """Do `work`, or leave it when `stop` comes first: then False."""
    doing, stopping = asyncio.ensure_future(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({doing, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not doing.done():
            return False
        doing.result()
        return True
    finally:
        for task in (doing, stopping):
            task.cancel()
        await asyncio.gather(doing, stopping, return_exceptions=True)


async def _end(server: uvicorn.Server, *reasons: asyncio.Event) -> None:
    waiting = [asyncio.create_task(reason.wait()) for reason in reasons]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
    finally:
        for task in waiting:
            task.cancel()
