"""The native client: signs in over a wire that the node dials, and seals and opens what goes over it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable

import msgspec

from console.broker.connecting import SCHEMES
from console.network.nats_wire import NatsDial
from console.network.pins import Pins, check_pin
from console.network.port import Claim, LinkError, RefusedError
from console.network.websocket import dial_websocket
from console.network.wire import DIAL_TIMEOUT_S, Dial, Wire
from console.protocol.frames import (
    FrameError,
    agreed,
    check_signature,
    open_from_coordinator,
    peek_from_coordinator,
    seal,
    sign_in_bytes,
)
from console.protocol.keys import SigningKey
from console.protocol.messages import (
    Challenge,
    FromCoordinator,
    FromNode,
    Heartbeat,
    Refused,
    SignIn,
    Welcome,
)
from console.protocol.session_key import Ephemeral, SessionKey


class NativeNetwork:
    """Quarterdeck's own network, at the address of its WebSocket or of the message servers that it uses."""

    def __init__(
        self,
        address: str,
        key: SigningKey,
        pins: Pins,
        entropy: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        """`address`: `ws://` or `wss://` URL of the coordinator's node endpoint, or `nats://host:port,…`.

        `entropy`: so many fresh random bytes.
        """
        self.address = address
        self._dial = _dial_for(address)
        self._key = key
        self._pins = pins
        self._entropy = entropy

    async def connect(self, claim: Claim) -> NativeSession:
        """Dial, check the coordinator's key and sign in; see the port for what is raised."""
        wire = await self._dial(self.address, self._key, claim)
        try:
            async with asyncio.timeout(DIAL_TIMEOUT_S):
                return await self._sign_in(wire, claim)
        except BaseException as error:
            await wire.close()
            if isinstance(error, TimeoutError):
                raise LinkError("it did not answer in time") from error
            if isinstance(error, FrameError):
                raise _unacceptable(error) from error
            raise

    async def _sign_in(self, wire: Wire, claim: Claim) -> NativeSession:
        challenge = await self._challenge(wire)
        refused = await check_pin(self._pins, self.address, challenge)
        if refused is not None:
            raise RefusedError(refused)
        half = Ephemeral(self._entropy(32))
        unsigned = SignIn(
            challenge.nonce, self._key.node_id, claim.name, claim.software, claim.machine, claim.models, "",
            half.public if challenge.ephemeral else "",
        )  # fmt: skip
        signature = self._key.sign(sign_in_bytes(unsigned, challenge.coordinator))
        signed = msgspec.structs.replace(unsigned, signature=signature)
        await wire.send(seal(self._key, "to_coordinator", "", 0, signed).decode())
        _, answer = open_from_coordinator(await wire.receive(), challenge.coordinator, "", 0)
        if isinstance(answer, Refused):
            raise RefusedError(answer)
        if not isinstance(answer, Welcome):
            raise FrameError(f"{type(answer).__name__} came where a welcome was due")
        key = agreed(half, challenge.ephemeral, challenge, self._key.node_id)
        return NativeSession(wire, self._key, challenge, answer, key)

    async def _challenge(self, wire: Wire) -> Challenge:
        frame, message = peek_from_coordinator(await wire.receive())
        if not isinstance(message, Challenge):
            raise FrameError(f"{type(message).__name__} came where a challenge was due")
        check_signature(frame, "to_node", message.coordinator)
        return message


class NativeSession:
    """A signed-in connection. Frames are sealed and opened here; counters only rise."""

    def __init__(
        self,
        wire: Wire,
        key: SigningKey,
        challenge: Challenge,
        welcome: Welcome,
        session_key: SessionKey | None = None,
    ) -> None:
        """`wire` is owned from here on. `session_key`: None where the coordinator is older, and signs."""
        self.challenge = challenge
        self.welcome = welcome
        self._wire = wire
        self._hand = session_key or key
        self._by = session_key or challenge.coordinator
        self._sent = 0
        self._heard = -1
        self._dealt_with = -1
        """Up to this counter none is missing."""
        self._sending = asyncio.Lock()

    async def messages(self) -> AsyncIterator[FromCoordinator]:
        """What the coordinator says until the connection ends; then LinkError with the cause."""
        session = self.welcome.session
        try:
            while True:
                data = await self._wire.receive()
                self._heard, message = open_from_coordinator(data, self._by, session, self._heard)
                yield message
                # Asked for the next one, so this one is dealt with.
                if self._heard == self._dealt_with + 1:
                    self._dealt_with = self._heard
        except FrameError as error:
            raise _unacceptable(error) from error

    async def send(self, message: FromNode) -> None:
        """Seal and send; the lock keeps counters in the order of the wire. Heartbeats say what was heard."""
        async with self._sending:
            if isinstance(message, Heartbeat):
                message = msgspec.structs.replace(message, heard=self._dealt_with)
            frame = seal(self._hand, "to_coordinator", self.welcome.session, self._sent, message)
            self._sent += 1
            await self._wire.send(frame.decode())

    async def close(self) -> None:
        """End the connection."""
        await self._wire.close()


def _dial_for(address: str) -> Dial:
    return NatsDial() if address.partition("://")[0] in SCHEMES else dial_websocket


def _unacceptable(error: FrameError) -> LinkError:
    return LinkError(f"it sent a frame that cannot be accepted ({error}), so the connection was ended")
