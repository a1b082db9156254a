"""Draws are counted over all sessions of the agent: a line that breaks must not forget them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from console.agent.board import Board
from console.agent.uplink import Uplink
from console.network.dialler import Beat
from console.protocol.ids import GroupId, NodeId
from console.protocol.messages import Challenge, Presence, Welcome
from console.protocol.types import Balances, Policy


class Purse:
    async def told(self, *_: object) -> None:
        return None


def session() -> Any:
    return SimpleNamespace(
        challenge=Challenge("00", NodeId("cd" * 32), "harbour", 1, Policy()),
        welcome=Welcome(cast(Any, "s"), 1, "ab" * 32, Balances(), 0, 0),
    )


def beat(draws: int, won: int) -> Beat:
    presence = Presence(1, GroupId("aa"), "bb", 4, True, None, draws, won, 250 * draws, 187 * draws, 0, 0, "")
    return Beat(presence, 3)


async def test_draws_of_all_sessions_are_counted() -> None:
    now = iter(range(1000, 2000))
    board = Board(lambda: next(now))
    uplink = Uplink("ws://x", "reef", "q/0", "m", board, cast(Any, Purse()), lambda: next(now))
    for draws, won in ((4, 1), (3, 0)):
        await uplink.connected(session())
        await uplink.heard(beat(draws - 1, 0))
        await uplink.heard(beat(draws, won))
    network = board.state.network
    assert (network.draws, network.won, network.expected_milli) == (7, 1, 1750)
    assert uplink.draws.since_win == 3
