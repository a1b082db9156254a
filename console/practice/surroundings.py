"""The servers of a run's own: a database and a message server that live as long as it does."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from pathlib import Path

from console.coordinator.identity import load_identity
from console.coordinator.store.private_postgres import PrivatePostgres
from console.coordinator.transport.nats_keys import NatsKeys
from console.coordinator.transport.private_nats import PrivateNats
from console.settings.paths import make_private


@contextlib.contextmanager
def kept_by(store: str) -> Iterator[str]:
    """The address of the run's database, empty for SQLite; with `postgres`, on a server of its own.

    Raises:
        StoreError: there is no such server here.
    """
    if store != "postgres":
        yield "" if store == "sqlite" else store
        return
    server = PrivatePostgres()
    try:
        server.start()
        yield server.create("practice")
    finally:
        server.close()


@contextlib.contextmanager
def carried_by(transport: str, home: Path) -> Iterator[str]:
    """The address of the run's message servers, empty for none; with `nats`, a server of its own.

    Raises:
        TransportError: there is no such server here.
    """
    if transport != "nats":
        yield ""
        return
    identity = load_identity(make_private(home / "coordinator"), secrets.token_bytes)
    server = PrivateNats([NatsKeys(identity)])
    try:
        server.start()
        yield server.address
    finally:
        server.close()
