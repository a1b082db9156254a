"""Whether a network answers at an address: dial, take its first word, hang up."""

from __future__ import annotations

import asyncio
import secrets
from typing import NoReturn

from console.broker.connecting import SCHEMES, BrokerError
from console.protocol.addresses import is_loopback
from console.protocol.frames import FrameError, peek_from_coordinator
from console.protocol.keys import SigningKey
from console.protocol.lines import ANY_GROUP, LineError
from console.protocol.messages import FRAME_BYTES_LIMIT, Challenge

TIMEOUT_S = 8.0
_NO_ADDRESS = (
    "This is no address of a network; it looks like ws://host:8800/net/v1/ws, or like nats://host:4222."
)
_OTHER = "Something answers there, and it is no network of this kind."


class UnreachedError(Exception):
    """No network answers there; the text says why."""


def first_word(address: str) -> Challenge:
    """The challenge that a coordinator begins every line with.

    Raises:
        UnreachedError: there is none.
    """
    data = _over_nats(address) if address.partition("://")[0] in SCHEMES else _over_websocket(address)
    try:
        _, message = peek_from_coordinator(data)
    except FrameError as error:
        raise UnreachedError(_OTHER) from error
    if not isinstance(message, Challenge):
        raise UnreachedError(_OTHER)
    return message


def _over_websocket(address: str) -> str | bytes:
    from websockets.exceptions import InvalidURI, WebSocketException
    from websockets.sync.client import connect

    try:
        with connect(
            address,
            open_timeout=TIMEOUT_S,
            max_size=FRAME_BYTES_LIMIT,
            compression=None,
            proxy=None if is_loopback(address) else True,
        ) as socket:
            return socket.recv(timeout=TIMEOUT_S)
    except (InvalidURI, ValueError) as error:
        raise UnreachedError(_NO_ADDRESS) from error
    except (OSError, TimeoutError, WebSocketException) as error:
        _nobody(error)


def _over_nats(address: str) -> bytes:
    """Under a key made for this alone: the node's own one need not exist yet."""
    from console.broker.dialling import dial

    async def hear() -> bytes:
        dialled = await dial(address, SigningKey(secrets.token_bytes(32)), ANY_GROUP, TIMEOUT_S)
        try:
            return await asyncio.wait_for(dialled.line.receive(), TIMEOUT_S)
        finally:
            await dialled.close()

    try:
        return asyncio.run(hear())
    except (BrokerError, LineError, TimeoutError) as error:
        _nobody(error)


def _nobody(error: Exception) -> NoReturn:
    why = getattr(error, "strerror", None) or str(error) or "it does not answer"
    raise UnreachedError(
        f"Nothing answers there ({why[:120]}). Check the address and the way to it."
    ) from error
