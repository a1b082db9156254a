"""`python -m console.coordinator.reports.recount --data DIR`: every draw of a database, recomputed.

Prints one `console.fairness.recount.Recount` as JSON. Exit code: 0 printed, 1 it cannot be read.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from console.coordinator.again.cases import DataError
from console.coordinator.again.places import coordinator_folder, keys_of
from console.coordinator.store import StoreError
from console.coordinator.store.reading import epochs, read_transcript
from console.coordinator.store.schema import DATABASE
from console.coordinator.store.sqlite_reading import look
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
        found = recount(transcripts(folder, given.epoch))
    except (DataError, OSError, StoreError, ValueError) as error:
        print(f"quarterdeck: {error}", file=sys.stderr)
        return 1
    sys.stdout.buffer.write(msgspec.json.encode(found) + b"\n")
    return 0


def transcripts(folder: Path, wanted: int | None) -> Iterator[Transcript]:
    """Of all epochs, or of one. Raises DataError, and StoreError as `look`."""
    coordinator = NodeId(keys_of(folder, None).coordinator)
    with look(folder / DATABASE) as db:
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
