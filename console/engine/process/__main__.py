"""`python -m console.engine.process`: start, serve, end well."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, NoReturn

import uvicorn
from starlette.types import ASGIApp

from console.engine.process import log
from console.engine.process.causes import Cause, ExitCode
from console.engine.process.listener import AddressError, listen_on
from console.engine.process.live_requests import LiveRequests
from console.engine.process.local_port import listen_on_loopback, read_key
from console.engine.process.openai_server import OpenaiEndpoints
from console.engine.process.parent import watch_parent
from console.engine.process.server import Endpoints
from console.engine.process.settings import Settings
from console.engine.process.wire import Protocol
from console.engine.process.worker import Worker

FAILURE_SHOWN_S = 3.0
"""How long health can be asked why, before the process exits."""
SWITCH_S = 0.0005
"""How long a thread may keep Python's lock from another: the worker comes back from llama.cpp hundreds of
times a second, and with Python's own 5 ms would wait for every request that is being read."""
STOP_S = 3.0
"""A decode that is not over by then is not waited for."""


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are handled here, not by uvicorn: open streams must be told first."""
        yield


class Doors(NamedTuple):
    """Where the process listens."""

    own: socket.socket
    local: socket.socket | None
    """For the operator's own programs, with `key`."""
    key: str


def _server(app: ASGIApp) -> _Server:
    return _Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            http=Protocol,
            timeout_graceful_shutdown=1,
            timeout_keep_alive=300,
        )
    )


class Process:
    """The main thread: an event loop that serves until it is told to end."""

    def __init__(self, settings: Settings) -> None:
        """Call it on the loop."""
        self._loop = asyncio.get_running_loop()
        self._ending = asyncio.Event()
        self._code = ExitCode.FINE
        self._worker = Worker(settings, self._failed)
        self._live = LiveRequests(self._worker)

    async def run(self, doors: Doors) -> ExitCode:
        """Serve until a signal, the parent's end or a failure."""
        endpoints = Endpoints(self._worker, self._live)
        servers = [(_server(endpoints.app()), doors.own)]
        if doors.local is not None:
            local = OpenaiEndpoints(self._live, doors.key).app()
            servers.append((_server(local), doors.local))
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            self._loop.add_signal_handler(number, self._ending.set)
        watch_parent(self._from_thread)
        self._worker.start()
        serving = [asyncio.create_task(server.serve(sockets=[door])) for server, door in servers]
        ending = asyncio.create_task(self._ending.wait())
        await asyncio.wait((*serving, ending), return_when=asyncio.FIRST_COMPLETED)
        self._live.break_all()
        for server, _ in servers:
            server.should_exit = True
        await asyncio.wait(serving, timeout=2.0)
        await asyncio.to_thread(self._worker.stop, STOP_S)
        return self._code

    def _failed(self, cause: Cause) -> None:
        print(cause.sentence, file=sys.stderr, flush=True)
        self._code = cause.code
        self._loop.call_soon_threadsafe(self._live.break_all)
        self._loop.call_soon_threadsafe(self._loop.call_later, FAILURE_SHOWN_S, self._ending.set)

    def _from_thread(self) -> None:
        threading.Timer(STOP_S + 5.0, os._exit, (ExitCode.FINE,)).start()
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._ending.set)


def _arguments(words: list[str]) -> tuple[Settings, Path | None]:
    parser = argparse.ArgumentParser(prog="console.engine.process", description="Serve one model.")
    parser.add_argument("--model", type=Path, required=True, help="GGUF file")
    parser.add_argument("--socket", type=Path, required=True, help="Unix socket to listen on")
    parser.add_argument("--context", type=int, default=2048, help="tokens of prompt and answer together")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--gpu-layers", type=int, default=0)
    parser.add_argument("--slots", type=int, default=1, help="sequences that run at once")
    parser.add_argument(
        "--local", choices=("first", "equal", "last"), default="equal", help="the operator's own requests"
    )
    parser.add_argument("--log", type=Path, help="file that takes the log instead of standard error")
    parser.add_argument("--local-port", type=int, help="loopback port for the operator's own programs")
    parser.add_argument("--local-key-file", type=Path, help="file of mode 0600 with that port's key")
    given = parser.parse_args(words)
    if given.context < 64 or given.threads < 1 or given.gpu_layers < 0 or not 1 <= given.slots <= 64:
        parser.error(
            "--context must be at least 64, --threads at least 1, --gpu-layers at least 0, --slots 1 to 64"
        )
    if (given.local_port is None) != (given.local_key_file is None):
        parser.error("--local-port and --local-key-file go together: no port is opened without a key")
    settings = Settings(
        given.model, given.socket, given.context, given.threads, given.gpu_layers, given.slots,
        given.local, given.local_port, given.local_key_file,
    )  # fmt: skip
    return settings, given.log


def _log_to(path: Path) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(descriptor, stream)
    os.close(descriptor)


def _open(settings: Settings) -> Doors:
    """Raises AddressError."""
    key, local = "", None
    if settings.local_port is not None and settings.local_key_file is not None:
        key, local = read_key(settings.local_key_file), listen_on_loopback(settings.local_port)
    return Doors(listen_on(settings.socket), local, key)


async def _serve(settings: Settings, doors: Doors) -> NoReturn:
    try:
        code = await Process(settings).run(doors)
    finally:
        settings.socket.unlink(missing_ok=True)
    sys.stderr.flush()
    # Without unwinding: a decode that still runs may not meet freed memory, and a hostile template is not
    # waited for.
    os._exit(code)


def main() -> None:
    """Run, and exit with an `ExitCode`."""
    settings, log_path = _arguments(sys.argv[1:])
    if log_path is not None:
        _log_to(log_path)
    log.listen()
    sys.setswitchinterval(SWITCH_S)
    try:
        doors = _open(settings)
    except AddressError as error:
        print(error, file=sys.stderr)
        sys.exit(ExitCode.ADDRESS)
    asyncio.run(_serve(settings, doors))


if __name__ == "__main__":
    main()
