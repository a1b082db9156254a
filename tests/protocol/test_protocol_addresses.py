"""Which addresses are this machine's own."""

from __future__ import annotations

import pytest

from console.protocol.addresses import is_loopback


@pytest.mark.parametrize(
    ("address", "ours"),
    [
        ("ws://127.0.0.1:8800/net/v1/ws", True),
        ("http://LOCALHOST", True),
        ("http://[::1]:8800", True),
        ("wss://net.example/net/v1/ws", False),
        ("http://localhost.example", False),
        ("127.0.0.1:8800", False),
        ("http://[::1", False),
        ("", False),
    ],
)
def test_only_the_loopback_is_this_machine(address: str, ours: bool) -> None:
    assert is_loopback(address) is ours
