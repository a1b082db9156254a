"""How closely a node is watched after probation follows the bond that it stands to lose."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import httpx
import msgspec
from coordinator_harness import CONFIG, POLICY, Presence, Verdict, running, until

from console.coordinator.settings import Practice
from console.coordinator.store.schema import DATABASE
from console.ledger import deterrent_ppm
from console.protocol.keys import SigningKey

NO_PROBATION = msgspec.structs.replace(
    POLICY, probation_answers=0, audit_ppm=10_000, penalty_multiple=50, bond_target=10_000_000
)


def rates(home: Path) -> list[int]:
    with sqlite3.connect(home / DATABASE) as db:
        query = (
            "SELECT a.rate_ppm FROM audits a JOIN verdicts v ON v.id = a.verdict ORDER BY v.at_ms, v.rowid"
        )
        return [rate for (rate,) in db.execute(query)]


async def test_a_node_without_bond_is_audited_always_and_less_as_its_bond_grows(tmp_path: Path) -> None:
    async with running(tmp_path, msgspec.structs.replace(CONFIG, policy=NO_PROBATION)) as run:
        node = await run.node()
        node.engine.end_bias = run.engine.end_bias = -50
        for number in range(6):
            assert (await run.chat(max_tokens=8)).status_code == 200
            await node.wait(Verdict, number + 1)
        await run.settled(6)
    found = rates(tmp_path)
    assert found[0] == 1_000_000, "there is nothing to lose yet"
    assert found == sorted(found, reverse=True) and found[-1] < 250_000
    assert found[-1] > NO_PROBATION.audit_ppm


async def test_a_full_bond_brings_the_rate_down_to_the_policys(tmp_path: Path) -> None:
    key = SigningKey(b"b" * 32)
    given = Practice(open=True, client_deposit=10**9, bonds={key.node_id: NO_PROBATION.bond_target})
    config = msgspec.structs.replace(CONFIG, policy=NO_PROBATION, practice=given)
    async with running(tmp_path, config) as run:
        node = await run.node(key=key)
        await run.chat(max_tokens=8)
        await node.wait(Verdict)
        await until(lambda: node.got(Presence)[-1].around.audit_ppm is not None)
        presence = node.got(Presence)[-1]
        async with httpx.AsyncClient(base_url=run.url, trust_env=False) as http:
            told = (await http.get("/net/v1/policy")).json()
    least = deterrent_ppm(NO_PROBATION, 100 * NO_PROBATION.node_rate, NO_PROBATION.bond_target)
    assert told["rate_that_deters_ppm"] == least
    assert told["policy"]["saving_ppm"] == 1_000_000
    assert rates(tmp_path) == [max(NO_PROBATION.audit_ppm, least)]
    assert presence.around.audit_ppm == max(NO_PROBATION.audit_ppm, least)
