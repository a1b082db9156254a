"""When a verdict or receipt counts as delivered: by the node's own word, not by that of its connection."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from console.coordinator.clock import SystemClock
from console.coordinator.nodes.outbox import Outbox
from console.coordinator.nodes.sessions import Handed, Session
from console.coordinator.store import OUTBOX_PAGE, Unit
from console.coordinator.store.sqlite import SqliteStore
from console.protocol.ids import NodeId, SessionId

NODE = NodeId("ab" * 32)
BEAT_S = 5


class Place:
    """An outbox over a real store, one row of which was put on the wire as frame 3."""

    def __init__(self, store: SqliteStore) -> None:
        self.store = store
        self.clock = SystemClock()
        policy = SimpleNamespace(heartbeat_s=BEAT_S)
        self.outbox = Outbox(SimpleNamespace(store=store, clock=self.clock, policy=policy), None)  # type: ignore[arg-type]
        self.session = Session(SessionId("s"), NODE, "reef", None, self.clock)

    async def hand_over(self, ago_s: float) -> None:
        """So long ago."""
        await self.store.transact(lambda unit: unit.post(NODE, b"{}", 1))
        [row] = await self.waiting()
        self.session.handed = [Handed(row, 3, self.clock.tick_s() - ago_s)]

    async def waiting(self) -> list[int]:
        """Rows that are to be sent again after the next sign-in."""
        return [row.id for row in await self.store.transact(lambda unit: unit.outbox(NODE, 0))]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Closed at the end."""
    store = SqliteStore(tmp_path / "c.sqlite")
    yield Place(store)
    store.close()


@pytest.mark.parametrize("heard", [-1, 2])
async def test_what_a_node_has_not_heard_waits_however_long_it_beats(place: Place, heard: int) -> None:
    """A way that carries the node's frames and not the coordinator's loses what was written to it."""
    await place.hand_over(ago_s=100 * BEAT_S)
    await place.outbox.confirm(place.session, heard)
    assert await place.waiting()
    assert place.session.handed


@pytest.mark.parametrize("heard", [3, 4])
async def test_what_a_node_has_heard_is_delivered_at_once(place: Place, heard: int) -> None:
    await place.hand_over(ago_s=0)
    await place.outbox.confirm(place.session, heard)
    assert not await place.waiting()
    assert not place.session.handed


@pytest.mark.parametrize(("ago_s", "waits"), [(0, True), (BEAT_S + 1, False)])
async def test_of_an_older_node_a_beat_an_interval_later_has_to_do(
    place: Place, ago_s: int, waits: bool
) -> None:
    await place.hand_over(ago_s=ago_s)
    await place.outbox.confirm(place.session, None)
    assert bool(await place.waiting()) == waits


async def test_more_than_a_page_is_sent_page_by_page(place: Place) -> None:
    """A node that was away for long: what lies beyond the first page had waited for its next sign-in."""

    def post_all(unit: Unit) -> None:
        for number in range(OUTBOX_PAGE + 5):
            unit.post(NODE, str(number).encode(), 1)

    await place.store.transact(post_all)
    place.outbox.look(place.session)
    async with asyncio.timeout(30):
        while place.outbox._reading is not None:
            await asyncio.sleep(0.01)
    assert place.session.waiting == OUTBOX_PAGE + 5
