"""The native client: a WebSocket that the node dials, so that no port stands open at home."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidURI, WebSocketException

from console.network.pins import Pins, check_pin
from console.network.port import Claim, LinkError, RefusedError
from console.protocol.addresses import is_loopback
from console.protocol.frames import (
    FrameError,
    check_signature,
    open_from_coordinator,
    peek_from_coordinator,
    seal,
    sign_in_bytes,
)
from console.protocol.keys import SigningKey
from console.protocol.messages import (
    FRAME_BYTES_LIMIT,
    Challenge,
    FromCoordinator,
    FromNode,
    Refused,
    SignIn,
    Welcome,
)

DIAL_TIMEOUT_S = 10.0
SEND_TIMEOUT_S = 30.0


class NativeNetwork:
    """Quarterdeck's own network, at a WebSocket address."""

    def __init__(self, address: str, key: SigningKey, pins: Pins) -> None:
        """`address`: `ws://` or `wss://` URL of the coordinator's node endpoint."""
        self.address = address
        self._key = key
        self._pins = pins

    async def connect(self, claim: Claim) -> NativeSession:
        """Dial, check the coordinator's key and sign in; see the port for what is raised."""
        socket = await _dial(self.address)
        try:
            async with asyncio.timeout(DIAL_TIMEOUT_S):
                return await self._sign_in(socket, claim)
        except (TimeoutError, FrameError, ConnectionClosed) as error:
            await _close(socket)
            raise LinkError(_cause(error)) from error
        except BaseException:
            await _close(socket)
            raise

    async def _sign_in(self, socket: ClientConnection, claim: Claim) -> NativeSession:
        challenge = await self._challenge(socket)
        refused = await check_pin(self._pins, self.address, challenge)
        if refused is not None:
            raise RefusedError(refused)
        unsigned = SignIn(
            challenge.nonce, self._key.node_id, claim.name, claim.software, claim.machine, claim.models, ""
        )
        signature = self._key.sign(sign_in_bytes(unsigned, challenge.coordinator))
        signed = msgspec.structs.replace(unsigned, signature=signature)
        await socket.send(seal(self._key, "to_coordinator", "", 0, signed).decode())
        _, answer = open_from_coordinator(await socket.recv(), challenge.coordinator, "", 0)
        if isinstance(answer, Refused):
            raise RefusedError(answer)
        if not isinstance(answer, Welcome):
            raise FrameError(f"{type(answer).__name__} came where a welcome was due")
        return NativeSession(socket, self._key, challenge, answer)

    async def _challenge(self, socket: ClientConnection) -> Challenge:
        frame, message = peek_from_coordinator(await socket.recv())
        if not isinstance(message, Challenge):
            raise FrameError(f"{type(message).__name__} came where a challenge was due")
        check_signature(frame, "to_node", message.coordinator)
        return message


class NativeSession:
    """A signed-in connection. Frames are sealed and opened here; counters only rise."""

    def __init__(
        self, socket: ClientConnection, key: SigningKey, challenge: Challenge, welcome: Welcome
    ) -> None:
        """`socket` is owned from here on."""
        self.challenge = challenge
        self.welcome = welcome
        self._socket = socket
        self._key = key
        self._sent = 0
        self._heard = -1
        self._sending = asyncio.Lock()

    async def messages(self) -> AsyncIterator[FromCoordinator]:
        """What the coordinator says until the connection ends; then LinkError with the cause."""
        session, coordinator = self.welcome.session, self.challenge.coordinator
        try:
            while True:
                data = await self._socket.recv()
                self._heard, message = open_from_coordinator(data, coordinator, session, self._heard)
                yield message
        except (FrameError, ConnectionClosed) as error:
            raise LinkError(_cause(error)) from error

    async def send(self, message: FromNode) -> None:
        """Seal and send; the lock keeps counters in the order of the wire."""
        async with self._sending:
            frame = seal(self._key, "to_coordinator", self.welcome.session, self._sent, message)
            self._sent += 1
            try:
                async with asyncio.timeout(SEND_TIMEOUT_S):
                    await self._socket.send(frame.decode())
            except (ConnectionClosed, TimeoutError) as error:
                raise LinkError(_cause(error)) from error

    async def close(self) -> None:
        """End the connection."""
        await _close(self._socket)


async def _dial(address: str) -> ClientConnection:
    try:
        return await connect(
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
            f"{address!r} is no WebSocket address; it should look like ws://host:port/path"
        ) from error
    except (OSError, TimeoutError, WebSocketException) as error:
        raise LinkError(f"the coordinator at {address} cannot be reached: {_cause(error)}") from error


async def _close(socket: ClientConnection) -> None:
    try:
        async with asyncio.timeout(2):
            await socket.close()
    except (TimeoutError, WebSocketException, OSError):
        return


def _cause(error: BaseException) -> str:
    if isinstance(error, ConnectionClosed):
        return _closed(error)
    if isinstance(error, FrameError):
        return f"it sent a frame that cannot be accepted ({error}), so the connection was ended"
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
