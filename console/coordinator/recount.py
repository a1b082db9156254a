"""`python -m console.coordinator.recount --data DIR`: every draw of a coordinator's database, recomputed.

Prints one `console.fairness.recount.Recount` as JSON. Exit code: 0 printed, 1 it cannot be read.
"""

from __future__ import annotations

import argparse
import contextlib
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from console.coordinator.again.cases import DataError
from console.coordinator.again.places import coordinator_folder, keys_of
from console.coordinator.store.reading import epochs, read_transcript
from console.coordinator.store.schema import DATABASE, VERSION
from console.fairness.recount import recount
from console.protocol.ids import NodeId
from console.protocol.transcript import Transcript


def main(arguments: list[str] | None = None) -> int:
    """Read, recompute, print."""
    parser = argparse.ArgumentParser(prog="quarterdeck audit draws")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--epoch", type=int)
    given = parser.parse_args(arguments)
    try:
        folder = coordinator_folder(given.data)
        found = recount(_transcripts(folder, given.epoch))
    except (DataError, OSError, ValueError) as error:
        print(f"quarterdeck: {error}", file=sys.stderr)
        return 1
    sys.stdout.buffer.write(msgspec.json.encode(found) + b"\n")
    return 0


def _transcripts(folder: Path, wanted: int | None) -> Iterator[Transcript]:
    """Of all epochs, or of one. Raises DataError."""
    path, coordinator = folder / DATABASE, NodeId(keys_of(folder, None).coordinator)
    try:
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            yield from _read(db, path, coordinator, wanted)
    except sqlite3.Error as error:
        raise DataError(f"{path} cannot be read ({error}). Check the file and its folder.") from error


def _read(
    db: sqlite3.Connection, path: Path, coordinator: NodeId, wanted: int | None
) -> Iterator[Transcript]:
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version != VERSION:
        raise DataError(
            f"{path} has version {version}; this Quarterdeck reads {VERSION}. Start its coordinator once "
            "with this Quarterdeck, or use the newer one that wrote it."
        )
    known = epochs(db)
    if wanted is not None and wanted not in known:
        raise DataError(f"There is no epoch {wanted} here. There is: {_spans(known)}.")
    for epoch in known if wanted is None else [wanted]:
        if (found := read_transcript(db, coordinator, epoch)) is not None:
            yield found


def _spans(known: list[int]) -> str:
    return f"{known[0]} to {known[-1]}" if known else "none whose commitment is signed"


if __name__ == "__main__":
    sys.exit(main())
