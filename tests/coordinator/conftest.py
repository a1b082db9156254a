"""What tests of this room have in common: a coordinator, and a PostgreSQL server that the first starts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from coordinator_harness import Running, running

from console.coordinator.store.private_postgres import PrivatePostgres


@pytest.fixture
async def run(tmp_path: Path) -> AsyncIterator[Running]:
    """With the usual configuration; files whose tests need another one override it."""
    async with running(tmp_path) as started:
        yield started


@pytest.fixture(scope="session")
def postgres() -> Iterator[PrivatePostgres]:
    """A machine without PostgreSQL fails here, with what to install: these tests are the adapter's proof."""
    server = PrivatePostgres()
    try:
        server.start()
        yield server
    finally:
        server.close()
