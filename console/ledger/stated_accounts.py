"""Under which names accounts stand in statements, which anybody may read."""

from __future__ import annotations

from collections.abc import Callable

from console.ledger.accounts import CLIENTS, node_available, node_bond, node_pending
from console.protocol.canonical import digest

ESCROW = "escrow"
"""All jobs' escrows together. What is held for one job says nothing to anybody but its client, whose own
account shows it. Credits and debits are what the sum rose or fell by."""


def client_nonce_message(client_id: str) -> bytes:
    """What a coordinator authenticates with its own secret to make a client's nonce."""
    return b"quarterdeck/client-account/v1\0" + client_id.encode()


def stated_client(client_id: str, nonce: str) -> str:
    """A client's account: only who knows the client's id and its nonce can tell whose it is.

    `nonce`: 64 hex digits, told to the client alone.
    """
    return CLIENTS + digest("client-account/v1", [client_id, nonce])


def stated_name(account: str, nonce_of: Callable[[str], str]) -> str:
    """Under which name an account stands: a client's as `stated_client` has it, any other's as it is.

    `nonce_of`: a client's nonce, by its id.
    """
    if not account.startswith(CLIENTS):
        return account
    client_id = account.removeprefix(CLIENTS)
    return stated_client(client_id, nonce_of(client_id))


def accounts_of_node(node: str) -> tuple[str, str, str]:
    """A node's three accounts; nodes are public."""
    return node_pending(node), node_available(node), node_bond(node)
