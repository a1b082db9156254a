"""Connecting to NATS under an Ed25519 key, with deadlines of our own and no traceback on a lost server.

The library's defaults give up after 60 tries, notice a dead link after four minutes and print a traceback
per disconnect (nats-py 2.16).
"""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Callable
from typing import TYPE_CHECKING

from console.protocol.nkeys import user_seed_nkey

if TYPE_CHECKING:
    from nats.aio.client import Client

SCHEMES = ("nats", "tls")
_PING_S, _PINGS = 5, 2
_AGAIN_S = 0.2
_BUFFER_BYTES = 8 << 20
_CLOSE_S = 2.0
REACHED_S = 10
"""For so long a server that is connected may take for an answer."""


class BrokerError(Exception):
    """There is no connection to a message server; the text says why."""


def servers_of(address: str) -> list[str]:
    """Addresses of all servers in `nats://host:port,host:port`. Raises BrokerError when it is none."""
    scheme, found, rest = address.partition("://")
    hosts = [host for host in rest.split(",") if host]
    if scheme not in SCHEMES or not found or not hosts:
        raise BrokerError(f"{address!r} is no address of NATS; it should look like nats://host:4222")
    return [f"{scheme}://{host}" for host in hosts]


async def connect(
    address: str,
    seed: bytes,
    timeout_s: float,
    lost: Callable[[], None],
    *,
    stay: bool,
    name: str = "quarterdeck",
) -> Client:
    """A connection to one of the servers in `address`, as the user that `seed`'s key is; empty: as nobody.

    `stay`: connect again for ever when it is lost; `lost` is called each time that it is. `name`: by which
    the server tells of the connection.

    Raises:
        BrokerError: no server answers, none lets this key in, or the client's library is not installed.
    """
    servers = servers_of(address)
    if importlib.util.find_spec("nats") is None or importlib.util.find_spec("nkeys") is None:
        raise BrokerError(
            "NATS needs the packages nats-py and nkeys, which are not installed. "
            "Install the extra `cluster`, in Quarterdeck's folder: "
            ".venv/bin/python -m pip install -e '.[cluster]'"
        )
    from nats.aio.client import Client

    client, last = Client(), _LastError()

    async def gone() -> None:
        lost()

    options = {
        "servers": servers,
        "nkeys_seed_str": user_seed_nkey(seed) if seed else None,
        "name": name,
        "error_cb": last.take,
        "disconnected_cb": gone,
        "allow_reconnect": stay,
        "max_reconnect_attempts": -1 if stay else 1,
        "reconnect_time_wait": _AGAIN_S,
        "connect_timeout": max(1, round(timeout_s / 2)),
        "ping_interval": _PING_S,
        "max_outstanding_pings": _PINGS,
        "pending_size": _BUFFER_BYTES,
    }
    try:
        async with asyncio.timeout(timeout_s):
            await client.connect(**options)  # type: ignore[arg-type]
            if not client.is_connected:  # the library takes the server's ping, after 2 s, for a welcome
                raise ConnectionError("authorization takes too long")
    except BaseException as error:
        await close(client)
        if isinstance(error, Exception):
            raise BrokerError(
                f"the message server at {address} cannot be reached: {last.why(error)}"
            ) from error
        raise
    return client


async def reached(client: Client) -> None:
    """Return once the server has read all that `client` said before.

    The library asks ahead of what it has yet to send, so that its `flush` may return before a subscription
    has left (nats-py 2.16); by the first answer the rest is on its way, and a second question follows it.

    Raises:
        BrokerError: it does not answer.
    """
    try:
        for _ in range(2):
            await client.flush(REACHED_S)
    except Exception as error:  # the library's own for each way to be away, and the system's
        raise BrokerError("the message server does not answer any more") from error


async def lets_anybody_in(address: str, timeout_s: float) -> bool:
    """Whether a server takes a connection that proves no key: what is said there, anybody can hear."""
    try:
        await close(await connect(address, b"", timeout_s, lambda: None, stay=False))
    except BrokerError:
        return False
    return True


async def close(client: Client) -> None:
    """End the connection; never raises."""
    try:
        async with asyncio.timeout(_CLOSE_S):
            await client.close()
    except Exception:  # whatever is wrong with it, it is not ours any longer
        return


class _LastError:
    """Keeps the cause of a failure in place of printing it."""

    def __init__(self) -> None:
        self._error: Exception | None = None

    async def take(self, error: Exception) -> None:
        """As the library's callback for errors."""
        self._error = error

    def why(self, error: Exception) -> str:
        """The most telling words for it."""
        cause = self._error if isinstance(error, TimeoutError) and self._error is not None else error
        if "authorization" in str(cause).lower():
            return "it does not let this key in; the coordinator that decides may be away"
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        return str(cause).removeprefix("nats: ") or type(cause).__name__
