"""Deposits from the settings, each booked once."""

from __future__ import annotations

from console.coordinator.parts import Parts
from console.coordinator.store import Unit
from console.ledger import LOAD_CLIENT, client, deposit, node_bond

PRACTICE = "practice"


def book_deposits(unit: Unit, parts: Parts) -> None:
    """Book what has not been booked in an earlier start."""
    config, now_ms = parts.config, parts.clock.now_ms()
    wanted = [(PRACTICE, client(PRACTICE), config.practice.client_deposit)]
    wanted += [(f"bond:{node}", node_bond(node), amount) for node, amount in config.practice.bonds.items()]
    wanted += [(f"client:{name}", client(name), known.deposit) for name, known in config.clients.items()]
    wanted.append((LOAD_CLIENT, client(LOAD_CLIENT), config.load_deposit))
    for name, account, amount in wanted:
        if amount > 0 and not unit.booked(f"deposit:{name}"):
            unit.book(deposit(name, account, amount, now_ms))
