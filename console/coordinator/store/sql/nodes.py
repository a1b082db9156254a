"""The SQL of `store.unit.nodes`: nodes, and the messages that wait for them."""

from __future__ import annotations

from console.coordinator.store.sql.part import SqlPart
from console.coordinator.store.unit.nodes import NodeRow, OutboxRow


class SqlNodes(SqlPart):
    """See `store.unit.nodes`."""

    def node(self, node: str) -> NodeRow | None:
        """What is known of a node."""
        return self.one(NodeRow, "SELECT {} FROM nodes WHERE id = ?", node)

    def save_node(self, row: NodeRow) -> None:
        """Insert or replace."""
        self.replace("nodes", row, "id")

    def post(self, node: str, body: bytes, at_ms: int) -> None:
        """Put a message in the outbox."""
        self.database.execute("INSERT INTO outbox (node, body, at_ms) VALUES (?, ?, ?)", (node, body, at_ms))

    def outbox(self, node: str, after: int) -> list[OutboxRow]:
        """Oldest first, at most 1000 at a time."""
        return self.all(
            OutboxRow, "SELECT {} FROM outbox WHERE node = ? AND id > ? ORDER BY id LIMIT 1000", node, after
        )

    def delivered(self, ids: tuple[int, ...]) -> None:
        """Take messages out of the outbox."""
        self.database.executemany("DELETE FROM outbox WHERE id = ?", [(i,) for i in ids])
