"""Looking into a coordinator's file beside whoever writes it."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from console.coordinator.store.errors import StoreError
from console.coordinator.store.schema import VERSION


@contextlib.contextmanager
def look(path: Path) -> Iterator[sqlite3.Connection]:
    """One moment of it: what is written meanwhile does not show. Nothing can be written.

    Raises:
        StoreError: there is no such file, it cannot be read, or it is of another version.
    """
    if not path.is_file():
        raise StoreError(
            f"There is no coordinator's database at {path}. Give the folder that `practice --keep` left, "
            "or a coordinator's home."
        )
    where = f"{path.absolute().as_uri()}?mode=ro"  # quoted: a folder may have a ? in its name
    try:
        with contextlib.closing(sqlite3.connect(where, uri=True, isolation_level=None)) as db:
            db.execute("BEGIN")
            _check_version(db, path)
            yield db
    except sqlite3.Error as error:
        raise StoreError(f"{path} cannot be read ({error}). Check the file and its folder.") from error


def _check_version(db: sqlite3.Connection, path: Path) -> None:
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version != VERSION:
        raise StoreError(
            f"{path} has version {version}; this Quarterdeck reads {VERSION}. Start its coordinator once "
            "with this Quarterdeck, or use the newer one that wrote it."
        )
