"""A copy of a coordinator's data as SQLite keeps it: what audits read, wherever the data are kept."""

from __future__ import annotations

import contextlib
from pathlib import Path

from console.coordinator.store.opening import Whereabouts, looking
from console.coordinator.store.sqlite import connect

_NAMES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"


def copy_to_sqlite(where: Whereabouts, path: Path) -> None:
    """Write all of `where`, as it is at one moment, to the new file `path`. Not on a loop's thread.

    Raises:
        StoreError: one of both cannot be used.
        sqlite3.Error: `path` cannot be written.
    """
    with looking(where) as source, contextlib.closing(connect(path)) as copy:
        copy.execute("PRAGMA foreign_keys = OFF")
        copy.execute("BEGIN")
        for (table,) in copy.execute(_NAMES).fetchall():
            columns = [f'"{column[1]}"' for column in copy.execute(f"PRAGMA table_info({table})")]
            rows = source.execute(f"SELECT {', '.join(columns)} FROM {table}").fetchall()
            marks = ", ".join("?" for _ in columns)
            copy.execute(f"DELETE FROM {table}")  # of what the schema itself puts there
            copy.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)
        copy.execute("COMMIT")
