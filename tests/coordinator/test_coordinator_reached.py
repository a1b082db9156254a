"""First-run setup asks whether a network answers: over either transport, against real servers."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from coordinator_harness import CONFIG, running

from console.cli.reach import UnreachedError, first_word
from console.cli.setup_host import Machine


@pytest.mark.parametrize("over_nats", [False, True])
async def test_a_network_that_answers_is_named(tmp_path: Path, over_nats: bool) -> None:
    async with running(tmp_path, over_nats=over_nats) as run:
        reached = await asyncio.to_thread(Machine().reach, run.address)
        assert (reached.ok, reached.network) == (True, CONFIG.network)
        assert run.coordinator.registry.sessions() == []


@pytest.fixture
def mute() -> Iterator[str]:
    """Something that takes connections and answers rubbish."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    taken, _ = server.accept()
                except OSError:
                    return
                taken.sendall(b"HTTP/1.1 404 Not Found\r\n\r\n")
                taken.close()

        threading.Thread(target=serve, daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize("scheme", ["ws", "nats"])
def test_what_is_no_network_is_told(mute: str, scheme: str) -> None:
    for host in ("127.0.0.1:9", mute):
        with pytest.raises(UnreachedError, match="Nothing answers there"):
            first_word(f"{scheme}://{host}")


@pytest.mark.parametrize("address", ["", "reef", "ws://[::1", "nats://", "http://"])
def test_what_is_no_address_is_told(address: str) -> None:
    with pytest.raises(UnreachedError):
        first_word(address)
