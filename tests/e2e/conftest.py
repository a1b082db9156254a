"""A small real network per test, ended whatever happens."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from e2e.harness import Net

MakeNet = Callable[..., AbstractAsyncContextManager[Net]]


@pytest.fixture
def network(tmp_path: Path, starter_model: Path) -> MakeNet:
    """`async with network(nodes=2) as net`: started, served, and stopped at the end."""

    @contextlib.asynccontextmanager
    async def make(nodes: int = 1, rogue: int = 0) -> AsyncIterator[Net]:
        net = Net(tmp_path / "net", starter_model.parent, nodes, rogue)
        try:
            await net.start()
            yield net
        finally:
            await net.stop()

    return make
