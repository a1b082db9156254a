"""The HTTP and WebSocket server around the app."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from starlette.applications import Starlette

from console.protocol.messages import FRAME_BYTES_LIMIT

_SHUTDOWN_S = 3


def server_of(app: Starlette, host: str, port: int) -> uvicorn.Server:
    """A server for `build`'s app, not started yet. Frames up to twice the limit are read, to be refused."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        ws="websockets-sansio",
        ws_max_size=2 * FRAME_BYTES_LIMIT,
        ws_per_message_deflate=False,
        lifespan="on",
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=_SHUTDOWN_S,
        server_header=False,
        h11_max_incomplete_event_size=64 << 10,
        log_config=None,
    )
    return _Server(config)


class QuietServer(uvicorn.Server):
    """Signals are its starter's business: uvicorn's own handling would end the process by the signal."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


class _Server(QuietServer):
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Tell the clients before their connections are waited for."""
        app: Starlette = self.config.app  # type: ignore[assignment]
        await app.state.coordinator.wind_up()
        await super().shutdown(sockets)
