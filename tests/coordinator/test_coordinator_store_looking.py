"""Reading a coordinator's file beside it: whatever its folder is called, at one moment, or not at all."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from console.coordinator.again.cases import read_cases
from console.coordinator.reports.recount import main as recount_draws
from console.coordinator.reports.recount import transcripts
from console.coordinator.reports.report import report
from console.coordinator.restate.ledger import read_ledger
from console.coordinator.store import StoreError
from console.coordinator.store.opening import looking
from console.coordinator.store.schema import DATABASE
from console.coordinator.store.sqlite import SqliteStore
from console.ledger import client, deposit

READERS: dict[str, Callable[[Path], Any]] = {
    "report": lambda folder: report(folder / DATABASE).jobs.received,
    "verdicts": read_cases,
    "draws": lambda folder: list(transcripts(folder, None)),
    "statements": lambda folder: read_ledger(folder).receipts,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With every sign in its name that means something in an address."""
    made = tmp_path / "what? #1, 100%25"
    made.mkdir()
    SqliteStore(made / DATABASE).close()
    (made / "coordinator.key").write_bytes(b"k" * 32)
    return made


@pytest.mark.parametrize("what", READERS)
def test_a_folder_may_have_any_name(folder: Path, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not READERS[what](folder)
    monkeypatch.chdir(folder.parent)
    assert not READERS[what](Path(folder.name))


@pytest.mark.parametrize("what", READERS)
def test_where_there_is_no_database_none_is_made(folder: Path, what: str) -> None:
    for path in folder.glob(f"{DATABASE}*"):
        path.unlink()
    with pytest.raises(StoreError, match="There is no coordinator's database at"):
        READERS[what](folder)
    assert not (folder / DATABASE).exists()


@pytest.mark.parametrize("what", READERS)
def test_a_database_of_another_version_is_told(folder: Path, what: str) -> None:
    with sqlite3.connect(folder / DATABASE) as db:
        db.execute("PRAGMA user_version = 9")
    with pytest.raises(StoreError, match=r"has version 9; this Quarterdeck reads \d"):
        READERS[what](folder)


@pytest.mark.parametrize("what", READERS)
def test_what_is_no_database_is_told(folder: Path, what: str) -> None:
    (folder / DATABASE).write_bytes(b"nonsense" * 100)
    with pytest.raises(StoreError, match=r"cannot be read .*not a database"):
        READERS[what](folder)


def test_the_command_says_it_in_a_sentence(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / DATABASE).write_bytes(b"nonsense" * 100)
    assert recount_draws(["--data", str(folder)]) == 1
    assert "not a database" in capsys.readouterr().err


async def test_what_is_written_meanwhile_does_not_show(folder: Path) -> None:
    store = SqliteStore(folder / DATABASE)

    def deposits(number: int) -> None:
        asyncio.run(store.transact(lambda unit: unit.book(deposit(f"{number}", client("ann"), 1, 1))))

    def seen() -> list[int]:
        counts = []
        with looking(folder / DATABASE) as db:
            for number in range(3):
                deposits(number)
                counts.append(db.execute("SELECT count(*) FROM transactions").fetchone()[0])
        return counts

    assert await asyncio.to_thread(seen) == [0, 0, 0]
    with looking(folder / DATABASE) as db:
        assert db.execute("SELECT count(*) FROM transactions").fetchone() == (3,)
    store.close()
