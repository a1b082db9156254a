"""A copy in SQLite's file of what either database holds: nothing is missing, and audits read it."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from pathlib import Path

import pytest
from coordinator_harness import running
from store_contract import ADAPTERS, PostgresPlace

from console.coordinator.reports.report import report
from console.coordinator.store.copying import copy_to_sqlite
from console.coordinator.store.opening import looking
from console.coordinator.store.reading import epochs, read_transcript


@pytest.mark.parametrize("adapter", ADAPTERS)
async def test_a_copy_tells_what_the_original_tells(
    adapter: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url = PostgresPlace(request.getfixturevalue("postgres")).url if adapter == "postgres" else ""
    async with running(tmp_path, store_at=url) as run:
        await run.node()
        assert [(await run.chat()).status_code for _ in range(3)] == [200] * 3
        await run.settled(3)
        await run.coordinator.epochs.open_next()
        coordinator = run.coordinator.parts.key.node_id
        where = run.where
    copy = tmp_path / "copy.sqlite"
    await asyncio.to_thread(copy_to_sqlite, where, copy)
    assert report(copy) == report(where)
    transcripts = [await asyncio.to_thread(transcript, place, coordinator) for place in (copy, where)]
    assert transcripts[0] == transcripts[1]
    with contextlib.closing(sqlite3.connect(copy)) as db:
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        counts = [db.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in ("postings", "outbox")]
    assert counts[0] > 0


def transcript(where: Path | str, coordinator: object) -> object:
    with looking(where) as db:
        return [read_transcript(db, coordinator, epoch) for epoch in epochs(db)]  # type: ignore[arg-type]
