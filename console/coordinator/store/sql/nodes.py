"""The SQL of `store.unit.nodes`: nodes, and the messages that wait for them."""

from __future__ import annotations

from console.coordinator.store.sql.part import SqlPart
from console.coordinator.store.unit.nodes import OUTBOX_PAGE, NodeRow, OutboxRow, Track
from console.ledger import node_available, node_bond, node_pending
from console.protocol.ids import NanoCredits
from console.protocol.types import Balances

_HELD = "coalesce((SELECT amount FROM balances WHERE account = ?), 0)"
_TRACK = f"""SELECT (SELECT count(*) FROM (
  SELECT 1 FROM verdicts WHERE node = ? AND outcome = 'accepted' AND at_ms >= coalesce(
    (SELECT probation_from_ms FROM nodes WHERE id = ?), 0) LIMIT ?) AS counted), {_HELD}, {_HELD}, {_HELD}"""
_OF_ONE = f"""SELECT * FROM (SELECT {{0}} FROM outbox WHERE node = ? AND id > ? ORDER BY id
  LIMIT {OUTBOX_PAGE}) AS of_one"""
_AT_ONCE = 16
"""Outboxes that one query reads; their number must not vary, since each query is prepared."""
_OF_MANY = " UNION ALL ".join([_OF_ONE] * _AT_ONCE)


class SqlNodes(SqlPart):
    """See `store.unit.nodes`."""

    def node(self, node: str) -> NodeRow | None:
        """What is known of a node."""
        return self.one(NodeRow, "SELECT {} FROM nodes WHERE id = ?", node)

    def save_node(self, row: NodeRow) -> None:
        """Insert or replace."""
        self.replace("nodes", row, "id")

    def track(self, node: str, limit: int) -> Track:
        """In one query: every answer asks for it."""
        accounts = node_pending(node), node_available(node), node_bond(node)
        accepted, *held = self.database.execute(_TRACK, (node, node, limit, *accounts)).fetchone()
        return Track(int(accepted), Balances(*(NanoCredits(int(amount)) for amount in held)))

    def post(self, node: str, body: bytes, at_ms: int) -> None:
        """Put a message in the outbox."""
        self.database.execute("INSERT INTO outbox (node, body, at_ms) VALUES (?, ?, ?)", (node, body, at_ms))

    def outbox(self, node: str, after: int) -> list[OutboxRow]:
        """Oldest first, a page at a time."""
        return self.all(OutboxRow, _OF_ONE, node, after)

    def outboxes(self, after: dict[str, int]) -> dict[str, list[OutboxRow]]:
        """A query for every sixteen; the last one is filled up with nobody."""
        wanted, found = list(after.items()), list[OutboxRow]()
        for start in range(0, len(wanted), _AT_ONCE):
            some = wanted[start : start + _AT_ONCE]
            if len(some) == 1:
                found += self.outbox(*some[0])
                continue
            nobody = [("", 0)] * (_AT_ONCE - len(some))
            found += self.all(OutboxRow, _OF_MANY, *(value for pair in (*some, *nobody) for value in pair))
        by_node: dict[str, list[OutboxRow]] = {node: [] for node in after}
        for row in sorted(found, key=lambda row: row.id):
            by_node[row.node].append(row)
        return by_node

    def delivered(self, ids: tuple[int, ...]) -> None:
        """Take messages out of the outbox."""
        self.database.executemany("DELETE FROM outbox WHERE id = ?", [(i,) for i in ids])
