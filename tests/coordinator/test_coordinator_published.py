"""What a real coordinator publishes of its draws passes the audit; what is changed afterwards does not."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import msgspec
import pytest
from coordinator_harness import DATABASE, Running, running

from console.coordinator import recount as recount_process
from console.fairness.audit import audit_epoch
from console.fairness.recount import Recount, recount
from console.protocol.transcript import Transcript


@pytest.fixture
async def run(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path) as made:
        yield made


async def published(run: Running) -> list[Transcript]:
    async with httpx.AsyncClient(base_url=run.url, trust_env=False) as client:
        listing = (await client.get("/net/v1/epochs")).json()
        assert listing["coordinator"] == run.coordinator.parts.key.node_id
        bodies = [(await client.get(f"/net/v1/epochs/{e}/transcript")).content for e in listing["epochs"]]
        missing = await client.get("/net/v1/epochs/99/transcript")
        assert missing.status_code == 404
    return [msgspec.json.decode(body, type=Transcript) for body in bodies]


async def busy(run: Running) -> None:
    """Ten requests over two epochs, some of them lost by a node that fails."""
    bad = await run.node("bad")
    bad.engine.fail_after = 0
    await run.node("good")
    await run.node("other")
    for number in range(10):
        assert (await run.chat(max_tokens=2)).status_code == 200
        if number == 4:
            await run.coordinator.draws.open_epoch()
    await run.settled(10)


async def test_what_is_published_passes_and_holds_no_prompt(run: Running) -> None:
    await busy(run)
    transcripts = await published(run)
    assert [audit_epoch(one).findings for one in transcripts] == [(), ()]
    found = recount(transcripts)
    assert found.findings == ()
    assert found.checked >= 10
    assert found.open == (2,)
    assert sum(node.won for node in found.nodes) == found.checked
    assert any(draw.excluded for one in transcripts for draw in one.draws), "a node was tried before"
    assert b"ahoy" not in msgspec.json.encode(transcripts)


async def test_a_coordinator_that_ends_leaves_no_epoch_open(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    async with running(tmp_path) as run:
        await run.node("reef")
        assert (await run.chat(max_tokens=2)).status_code == 200
        await run.settled(1)
    found = counted(tmp_path, capsysbinary)
    assert (found.checked, found.open, found.findings) == (1, (), ())


async def test_epochs_follow_on_each_other_over_a_restart(
    tmp_path: Path,
) -> None:
    for _ in range(2):
        async with running(tmp_path) as run:
            await run.node("reef")
            assert (await run.chat(max_tokens=2)).status_code == 200
            transcripts = await published(run)
    assert len(transcripts) == 2
    assert recount(transcripts).findings == ()
    slots = [roster.slot for one in transcripts for roster in one.rosters]
    assert slots == sorted(set(slots))


CHANGED = {
    "UPDATE tickets SET node = (SELECT max(node) FROM roster_members), pick = 9 WHERE k = 0": "pick",
    "UPDATE tickets SET cause = 'request' WHERE attempt = 2": "attempt",
    "DELETE FROM tickets WHERE epoch = 1 AND k = 1": "order",
    "UPDATE slots SET root = 'aa'": "roster",
    "UPDATE tickets SET excluded = '[]'": "excluded",
    "UPDATE epochs SET secret = '' WHERE epoch = 1": "withheld_secret",
    "UPDATE epochs SET root = '00' WHERE epoch = 1": "commitment",
    "UPDATE tickets SET need = need + 1 WHERE epoch = 1": "closing",
}


async def test_what_is_changed_in_the_database_is_found(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    async with running(tmp_path) as run:
        await busy(run)
    whole = (tmp_path / DATABASE).read_bytes()
    assert counted(tmp_path, capsysbinary).findings == ()
    for change, code in CHANGED.items():
        (tmp_path / DATABASE).write_bytes(whole)
        with sqlite3.connect(tmp_path / DATABASE) as db:
            db.execute("PRAGMA foreign_keys = OFF")
            if change.startswith("UPDATE slots"):
                db.execute("INSERT INTO rosters VALUES ('aa', 1)")
            assert db.execute(change).rowcount, change
        assert code in {one.code for one in counted(tmp_path, capsysbinary).findings}, change


def counted(folder: Path, out: pytest.CaptureFixture[bytes]) -> Recount:
    assert recount_process.main(["--data", str(folder)]) == 0
    return msgspec.json.decode(out.readouterr().out, type=Recount)


def test_a_folder_without_a_coordinator_says_what_to_give(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert recount_process.main(["--data", str(tmp_path)]) == 1
    assert "Give the folder that `practice --keep` left" in capsys.readouterr().err
