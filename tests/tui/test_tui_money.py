"""Accounts on the Deck and on Earnings: every amount stands whole in its column."""

from __future__ import annotations

import msgspec
import pytest
from doubles.console_double import console_on, settle, text_of
from doubles.network_states import EARNING, console_in

from console.control.state import NodeState
from console.protocol.ids import NanoCredits
from console.tui.store import View
from console.tui.views.money import bond_text

replace = msgspec.structs.replace


def held(bond: int, target: int) -> NodeState:
    """The recorded node with another bond."""
    balances = replace(EARNING.money.balances, bond=NanoCredits(bond))
    return replace(EARNING, money=replace(EARNING.money, balances=balances, bond_target=target))


def words(bond: int, target: int, room: int) -> str:
    return bond_text(View(held(bond, target), EARNING.now_ms, "attached"), room)


@pytest.mark.parametrize(
    ("bond", "target", "room", "said"),
    [
        (178_700, 20_000_000, 40, "178.7 µcr of 0.0200 cr"),
        (178_700, 20_000_000, 19, "178 of 20,000 µcr"),
        (178_700, 20_000_000, 16, "0.8 % of 0.0200 cr"),
        (19_800_000, 20_000_000, 19, "0.0198 of 0.0200 cr"),
        (178_700, 45_000_000_000, 19, "0.0 % of 45.00 cr"),
        (178_700, 0, 19, "178.7 µcr"),
    ],
)
def test_a_bond_says_in_fewer_words_what_fits_its_room(bond: int, target: int, room: int, said: str) -> None:
    assert words(bond, target, room) == said


@pytest.mark.parametrize("bond", [178_700, 1_234_000, 19_800_000])
@pytest.mark.parametrize("keys", [(), ("4",)], ids=["deck", "earnings"])
async def test_the_bond_is_not_cut_off_at_80_columns(bond: int, keys: tuple[str, ...]) -> None:
    state = held(bond, 20_000_000)
    app = console_in(state)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await settle(pilot)
        await pilot.press(*keys)
        await settle(pilot)
        line = next(row for row in text_of(app).splitlines() if "Bond" in row)
    told = line.partition("Bond")[2].partition("Drawn")[0]
    assert "…" not in told and told.startswith("  ")
    assert "Drawn" not in line or told.endswith(" ")


@pytest.mark.parametrize("size", [(100, 32), (120, 40)])
async def test_the_bond_stands_apart_from_its_gauge(size: tuple[int, int]) -> None:
    app = console_in(held(178_700, 20_000_000))
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        await settle(pilot)
        line = next(row for row in text_of(app).splitlines() if "Bond" in row)
    assert "cr█" not in line and "cr░" not in line


async def test_the_recorded_bond_is_told_as_before() -> None:
    app = console_on("earning")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await settle(pilot)
        assert "420.0 of 500.0 µcr" in text_of(app)
