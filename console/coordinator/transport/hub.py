"""The WebSocket hub: each line is a connection to the coordinator's own server."""

from __future__ import annotations

import contextlib

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from console.coordinator.transport.port import Serve
from console.protocol.lines import LineError

PATH = "/net/v1/ws"
_BROKEN = (WebSocketDisconnect, RuntimeError, OSError)
"""What a socket raises that is no longer there."""


def hub(serve: Serve) -> WebSocketRoute:
    """The route that nodes dial."""

    async def endpoint(websocket: WebSocket) -> None:
        try:
            await websocket.accept()
        except _BROKEN:
            return
        await serve(WebSocketLine(websocket))

    return WebSocketRoute(PATH, endpoint)


class WebSocketLine:
    """A line over one accepted WebSocket."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket

    async def send(self, frame: str) -> None:
        """See the port."""
        try:
            await self._websocket.send_text(frame)
        except _BROKEN as error:
            raise LineError("the connection broke off") from error

    async def receive(self) -> str | bytes:
        """See the port."""
        try:
            message = await self._websocket.receive()
        except _BROKEN as error:
            raise LineError("the connection broke off") from error
        if message["type"] != "websocket.receive":
            raise LineError("the connection was closed")
        data: str | bytes | None = message.get("text")
        return data if data is not None else message["bytes"]

    async def close(self) -> None:
        """See the port."""
        with contextlib.suppress(*_BROKEN):
            await self._websocket.close()
