"""`python -m console.coordinator.restate`: the answer goes to stdout, everything else to stderr.

Exit code: 0 nothing is wrong, 1 something is or nothing could be checked.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from console.coordinator.again.cases import DataError
from console.coordinator.again.places import coordinator_folder, keys_of
from console.coordinator.restate.checks import ledger_findings, statements_findings
from console.coordinator.restate.ledger import KeptReceipt, Ledger, read_ledger
from console.coordinator.restate.postings import recounted
from console.coordinator.restate.receipts import Checked, booked_findings, read_receipts
from console.coordinator.restate.told import Outcome, document, lines
from console.coordinator.store import StoreError
from console.ledger.findings import Finding
from console.settings.terminal import speak_ascii, speaks_utf8

_CHUNK = 2_000
"""Receipts that one process is given at a time; fewer than that are read in this one."""


def main(arguments: list[str] | None = None) -> int:
    """Recount, tell, and say by the exit code whether something is wrong."""
    if not speaks_utf8():
        speak_ascii(sys.stdout)
        speak_ascii(sys.stderr)
    options = _parser().parse_args(arguments)
    try:
        outcome = recount(options.data, options.epoch)
    except (DataError, OSError, StoreError) as error:
        print(f"quarterdeck: {error}", file=sys.stderr)
        return 1
    print(json.dumps(document(outcome), indent=2) if options.as_json else "\n".join(lines(outcome)))
    return 1 if outcome.findings else 0


def recount(data: Path, epoch: int | None) -> Outcome:
    """Everything in `data`, or what concerns `epoch` alone.

    Raises:
        StoreError: the database is not there, or cannot be read.
        DataError: there is nothing that can be recounted.
    """
    folder = coordinator_folder(data)
    keys = keys_of(folder, None)
    assert keys.secrets is not None
    ledger = read_ledger(folder)
    stated = [row.epoch for row in ledger.statements]
    if not stated or (epoch is not None and epoch not in stated):
        asked = "" if epoch is None else f" of epoch {epoch}"
        raise DataError(
            f"There is no statement{asked} in {folder}. One is made when an epoch is over, and when the "
            "coordinator stops in order."
        )
    receipts = _all_receipts(ledger.receipts, keys.coordinator)
    epochs = recounted(ledger.moved, stated, keys.secrets)
    found = [*ledger_findings(ledger), *(f for one in receipts for f in one.findings)]
    found += booked_findings(receipts, *_moved(ledger))
    found += statements_findings(ledger, epochs, receipts, keys.coordinator)
    return _outcome(ledger, receipts, found, stated, epoch)


def _outcome(
    ledger: Ledger, receipts: list[Checked], found: list[Finding], stated: list[int], epoch: int | None
) -> Outcome:
    """What is not stated yet counts for nothing; findings without an epoch concern every one."""
    looked_at = set(stated) if epoch is None else {epoch}
    ours = [one for one in receipts if one.kept.epoch in looked_at]
    paid = [one for one in ledger.postings if one.epoch in looked_at and one.transaction.startswith("pay:")]
    return Outcome(
        claimed=sum(max(one.kept.reward, 0) for one in ours if one.kept.outcome == "accepted"),
        accepted=sum(one.accepted for one in ours),
        settled=sum(one.amount for one in paid),
        statements=len(looked_at),
        receipts=len(ours),
        findings=tuple(f for f in found if epoch is None or f.epoch in (0, epoch)),
    )


def _all_receipts(kept: tuple[KeptReceipt, ...], coordinator: str) -> list[Checked]:
    if len(kept) <= _CHUNK:
        return read_receipts(kept, coordinator)
    chunks = [kept[i : i + _CHUNK] for i in range(0, len(kept), _CHUNK)]
    with ProcessPoolExecutor(min(len(chunks), os.cpu_count() or 1)) as pool:
        done = pool.map(partial(read_receipts, coordinator=coordinator), chunks)
        return [one for chunk in done for one in chunk]


def _moved(ledger: Ledger) -> tuple[dict[str, dict[str, int]], dict[str, int]]:
    moved: dict[str, dict[str, int]] = {}
    for one in ledger.postings:
        node = one.account.split(":")[1]
        of_node = moved.setdefault(one.transaction, {})
        of_node[node] = of_node.get(node, 0) + one.amount
    return moved, {one.transaction: one.epoch for one in ledger.postings}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="quarterdeck audit statement")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--epoch", type=int)
    parser.add_argument("--json", dest="as_json", action="store_true")
    return parser


if __name__ == "__main__":
    sys.exit(main())
