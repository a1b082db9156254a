"""Single facts that outlive a restart: switches, pinned keys, balances."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from console.agent.journal.database import Database
from console.control.state import Switches
from console.protocol.ids import NodeId
from console.protocol.types import Balances, Policy

T = TypeVar("T")


class Standing(msgspec.Struct, frozen=True):
    """How the node stands with its network, as last told."""

    balances: Balances = Balances()
    bond_target: int = 0
    last_accepted_ms: int = 0
    last_paid_ms: int = 0
    policy: Policy | None = None


class FactTable:
    """One value per name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def switches(self) -> Switches:
        """What the operator last told the node to do."""
        return await self._get("switches", Switches) or Switches()

    async def put_switches(self, switches: Switches) -> None:
        """Remember it for good."""
        await self._put("switches", switches)

    async def standing(self) -> Standing:
        """The last known standing."""
        return await self._get("standing", Standing) or Standing()

    async def put_standing(self, standing: Standing) -> None:
        """Remember it."""
        await self._put("standing", standing)

    async def pinned(self, address: str) -> NodeId | None:
        """The coordinator's key first seen at `address`."""
        key = await self._get(f"pin:{address}", str)
        return None if key is None else NodeId(key)

    async def pin(self, address: str, key: NodeId) -> None:
        """Remember it for good."""
        await self._put(f"pin:{address}", str(key))

    async def unpin(self, address: str) -> None:
        """Forget it: the next key seen there is trusted."""
        await self._database.write(
            lambda c: c.execute("DELETE FROM facts WHERE name = ?", (f"pin:{address}",))
        )

    async def _get(self, name: str, kind: type[T]) -> T | None:
        row = await self._database.read(
            lambda c: c.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        )
        return None if row is None else msgspec.json.decode(row[0], type=kind)

    async def _put(self, name: str, value: object) -> None:
        data = msgspec.json.encode(value)
        await self._database.write(
            lambda c: c.execute(
                "INSERT INTO facts VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (name, data),
            )
        )
