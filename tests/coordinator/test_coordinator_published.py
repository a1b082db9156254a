"""What a real coordinator publishes of its draws passes the audit; what is changed afterwards does not."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import msgspec
import pytest
from coordinator_harness import DATABASE, Running, running
from starlette.applications import Starlette

from console.coordinator import beside
from console.coordinator.beside import Beside
from console.coordinator.reports import recount as recount_process
from console.coordinator.statements.published import Published
from console.fairness.audit import audit_epoch
from console.fairness.recount import Recount, recount
from console.protocol.ids import NodeId
from console.protocol.messages import Decline
from console.protocol.transcript import Transcript
from console.protocol.types import Assignment


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
    """Requests over two epochs, five and more in each, and in the first a node that fails lost one."""
    bad = await run.node("bad")
    bad.engine.fail_after = 0
    await run.node("good")
    await run.node("other")
    asked = 0
    while asked < 5 or not bad.got(Assignment):
        assert (await run.chat(max_tokens=2)).status_code == 200
        asked += 1
    await run.coordinator.epochs.open_next()
    for _ in range(5):
        assert (await run.chat(max_tokens=2)).status_code == 200
    await run.settled(asked + 5)


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


async def test_a_job_whose_attempts_lie_in_two_epochs_passes(run: Running) -> None:
    """Found by the simulation: the later epoch said nothing of the attempt before, and so looked made up."""
    node = await run.node("first", manual=True)
    request = asyncio.create_task(run.chat(max_tokens=2))
    given = await node.wait(Assignment)
    await run.coordinator.epochs.open_next()
    await run.node("second")
    await node.send(Decline(given.job, given.attempt, given.fence, "paused", "Paused."))
    assert (await request).status_code == 200
    await run.settled(1)
    await run.coordinator.epochs.open_next()
    transcripts = await published(run)
    assert [len(one.draws) for one in transcripts] == [1, 1, 0]
    assert recount(transcripts).findings == ()
    assert "tried" in {one.code for one in transcripts[1].draws[0].excluded}
    told = tuple(msgspec.structs.replace(end, node=NodeId("ab" * 32)) for end in transcripts[1].ends)
    forged = [transcripts[0], msgspec.structs.replace(transcripts[1], ends=told)]
    assert {one.code for one in recount(forged).findings} == {"excluded", "attempt"}


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


ROUTES = ("/net/v1/epochs", "/net/v1/epochs/1/commitment", "/net/v1/epochs/1/transcript")


def reader_of(where: Path) -> httpx.AsyncClient:
    """What is published of the database there."""
    app = Starlette(routes=Published(Beside(where), NodeId("ab" * 32)).routes())
    return httpx.AsyncClient(base_url="http://here", transport=httpx.ASGITransport(app))


async def test_a_database_that_cannot_be_read_is_told_without_its_place(tmp_path: Path) -> None:
    (tmp_path / DATABASE).write_bytes(b"this is no database" * 100)
    for place in (tmp_path / DATABASE, tmp_path / "none"):
        async with reader_of(place) as http:
            for route in ROUTES:
                refused = await http.get(route)
                assert (refused.status_code, refused.json()["error"]["code"]) == (503, "coordinator_failed")
                assert str(tmp_path) not in refused.text


async def test_epochs_that_cannot_be_are_told_so(run: Running) -> None:
    async with httpx.AsyncClient(base_url=run.url, trust_env=False) as http:
        for kind in ("commitment", "transcript"):
            for epoch in ("x", "-1", str(1 << 63), "9" * 5000):
                refused = await http.get(f"/net/v1/epochs/{epoch}/{kind}")
                assert refused.status_code == 400, epoch
                assert refused.json()["error"]["param"] == "epoch"
            missing = await http.get(f"/net/v1/epochs/7/{kind}")
            assert missing.json()["error"]["code"] == "epoch_not_found"


async def test_whoever_asks_much_gets_one_connection(run: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    looks, looking, most = 0, beside.looking, 0

    @contextlib.contextmanager
    def counted(where: Path) -> Iterator[object]:
        nonlocal looks, most
        looks += 1
        most = max(most, looks)
        time.sleep(0.01)
        with looking(where) as db:
            yield db
        looks -= 1

    monkeypatch.setattr(beside, "looking", counted)
    async with httpx.AsyncClient(base_url=run.url, trust_env=False) as http:
        answers = await asyncio.gather(*(http.get(route) for route in ROUTES * 4))
    assert {answer.status_code for answer in answers} == {200}
    assert most == 1


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
        for file in tmp_path.glob(f"{DATABASE}*"):
            file.unlink()
        (tmp_path / DATABASE).write_bytes(whole)
        with contextlib.closing(sqlite3.connect(tmp_path / DATABASE)) as db, db:
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
