"""A unit of work on nodes, and the messages that wait for them."""

from __future__ import annotations

from typing import Protocol

import msgspec

from console.protocol.types import Balances


class NodeRow(msgspec.Struct, frozen=True):
    """What is remembered of a node between its sessions."""

    id: str
    name: str
    software: str
    machine: str
    first_seen_ms: int
    last_seen_ms: int
    probation_from_ms: int = 0
    """Answers accepted before this do not shorten the probation."""
    suspended_until_ms: int = 0
    suspended_rule: str = ""
    suspended_evidence: str = ""


class Track(msgspec.Struct, frozen=True):
    """By what a node's next answer is trusted."""

    accepted: int
    """Of its answers since its probation began last, counted up to a limit."""
    balances: Balances


class OutboxRow(msgspec.Struct, frozen=True):
    """A message that its node must get, now or after a reconnect."""

    id: int
    node: str
    body: bytes
    """A `Verdict` or `Receipt`, JSON."""


OUTBOX_PAGE = 1000


class NodeUnit(Protocol):
    """This part of an open transaction."""

    def node(self, node: str) -> NodeRow | None:
        """What is known of a node."""
        ...

    def save_node(self, row: NodeRow) -> None:
        """Insert or replace."""
        ...

    def track(self, node: str, limit: int) -> Track:
        """A node's track, with accepted answers counted up to `limit`."""
        ...

    def post(self, node: str, body: bytes, at_ms: int) -> None:
        """Put a message for `node` in the outbox."""
        ...

    def outbox(self, node: str, after: int) -> list[OutboxRow]:
        """What is to be delivered to `node`, oldest first, at most `OUTBOX_PAGE`."""
        ...

    def outboxes(self, after: dict[str, int]) -> dict[str, list[OutboxRow]]:
        """The same of many nodes at once: by node, what came after the row that stands beside it."""
        ...

    def delivered(self, ids: tuple[int, ...]) -> None:
        """Take messages out of the outbox."""
        ...
