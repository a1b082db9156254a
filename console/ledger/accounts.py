"""Accounts of the network's double entry, by name."""

from __future__ import annotations

TREASURY = "treasury"
PENALTIES = "penalties"
OUTSIDE = "outside"
"""Where deposits come from and withdrawals go: the one account that may stand below zero."""

LOAD_CLIENT = "load-challenges"
"""The network's own client, which pays for load challenges."""


CLIENTS = "client:"
"""How the names of clients' accounts begin."""


def client(client_id: str) -> str:
    """What a client has to spend."""
    return CLIENTS + client_id


def escrow(job: str) -> str:
    """What is held for one job."""
    return f"escrow:{job}"


def node_pending(node: str) -> str:
    """Earned, and not yet available: its epoch is open."""
    return f"node:{node}:pending"


def node_available(node: str) -> str:
    """Earned for good."""
    return f"node:{node}:available"


def node_bond(node: str) -> str:
    """What a false answer can cost."""
    return f"node:{node}:bond"
