"""Frames over a WebSocket that the node dials, so that no port stands open at home."""

from __future__ import annotations

import asyncio

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidURI, WebSocketException

from console.network.port import Claim, LinkError
from console.network.wire import DIAL_TIMEOUT_S, SEND_TIMEOUT_S
from console.protocol.addresses import is_loopback
from console.protocol.keys import SigningKey
from console.protocol.messages import FRAME_BYTES_LIMIT


async def dial_websocket(address: str, key: SigningKey, claim: Claim) -> WebSocketWire:
    """See `Dial`; key and claim are shown in the sign-in alone."""
    try:
        socket = await connect(
            address,
            open_timeout=DIAL_TIMEOUT_S,
            close_timeout=1,
            max_size=FRAME_BYTES_LIMIT,
            max_queue=64,
            compression=None,
            proxy=None if is_loopback(address) else True,
        )
    except (InvalidURI, ValueError) as error:
        raise LinkError(
            f"{address!r} is no address of a network; it should look like ws://host:port/path, "
            "or nats://host:port"
        ) from error
    except (OSError, TimeoutError, WebSocketException) as error:
        raise LinkError(f"the coordinator at {address} cannot be reached: {_cause(error)}") from error
    return WebSocketWire(socket)


class WebSocketWire:
    """A dialled WebSocket, owned from here on."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def send(self, frame: str) -> None:
        """See the port."""
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await self._socket.send(frame)
        except (ConnectionClosed, TimeoutError) as error:
            raise LinkError(_cause(error)) from error

    async def receive(self) -> str | bytes:
        """See the port."""
        try:
            return await self._socket.recv()
        except ConnectionClosed as error:
            raise LinkError(_cause(error)) from error

    async def close(self) -> None:
        """See the port."""
        try:
            async with asyncio.timeout(2):
                await self._socket.close()
        except (TimeoutError, WebSocketException, OSError):
            return


def _cause(error: BaseException) -> str:
    if isinstance(error, ConnectionClosed):
        return _closed(error)
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    if isinstance(error, OSError):
        return error.strerror or str(error) or type(error).__name__
    return str(error) or type(error).__name__


def _closed(error: ConnectionClosed) -> str:
    ours = error.sent
    if ours is not None and ours.code == 1009:
        return f"it sent a frame above {FRAME_BYTES_LIMIT} bytes, so the connection was ended"
    theirs = error.rcvd
    if theirs is None:
        return "the connection broke off"
    words = "".join(c for c in theirs.reason if c.isprintable())[:120]
    return f"it closed the connection ({words or theirs.code})"
