"""A PostgreSQL server for the tests of this room, started when the first one asks for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from console.coordinator.store.private_postgres import PrivatePostgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[PrivatePostgres]:
    """A machine without PostgreSQL fails here, with what to install: these tests are the adapter's proof."""
    server = PrivatePostgres()
    try:
        server.start()
        yield server
    finally:
        server.close()
