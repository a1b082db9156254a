"""`quarterdeck audit statement`: what epochs came to, recounted on this machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from console.cli.agent_home import FAILED, decoded, home_of, home_option, print_json, question
from console.control.statements import StatementsView, StatementView
from console.control.written_out import written_out
from console.ledger.figures import exact_credits


@click.command()
@click.option("--epoch", type=click.IntRange(1), help="This epoch alone.")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Folder that `practice --keep` left, or a coordinator's home; without it this node is asked.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@home_option
def statement(epoch: int | None, data: Path | None, as_json: bool, home: Path | None) -> None:
    """Check every epoch's statement: signature, chain, accounts, receipts, and three columns.

    With --data: every statement of that coordinator is recounted from the postings, whatever its running
    balances say. Without: this node's own statements, its accounts and receipts in them, and what it claimed,
    what verdicts accepted, and what was settled. The exit code is 1 while a finding stands.
    """
    if data is not None:
        words = ["--data", str(data.expanduser().absolute())]
        words += ["--epoch", str(epoch)] if epoch is not None else []
        words += ["--json"] * as_json
        sys.stdout.flush()
        os.execv(sys.executable, [sys.executable, "-m", "console.coordinator.restate", *words])
    args: dict[str, str | int] = {} if epoch is None else {"epoch": epoch}
    told = decoded(question(home_of(home), "statements", args), StatementsView)
    if as_json:
        print_json(_document(told))
    else:
        click.echo("\n".join(_lines(told)))
    if not told.ok:
        sys.exit(FAILED)


def _document(told: StatementsView) -> dict[str, object]:
    return {
        "ok": told.ok,
        "claimed": told.claimed,
        "accepted": told.accepted,
        "settled": told.settled,
        "findings": written_out(told.findings),
        "statements": written_out(told.statements),
        "waiting": told.waiting,
    }


def _lines(told: StatementsView) -> list[str]:
    if not told.statements:
        return ["No epoch has been stated yet since this node signed in."]
    rows = [f"{'epoch':>7}  {'claimed':>22} {'accepted':>22} {'settled':>22}  receipts"]
    rows += [_row(one) for one in reversed(told.statements)]
    rows += [f"✗ {_where(one.epoch, one.subject)}{one.name}. {one.sentence}" for one in told.findings]
    sums = (told.claimed, told.accepted, told.settled)
    rows.append(f"{'sum':>7}  " + " ".join(f"{exact_credits(amount):>22}" for amount in sums))
    if told.waiting:
        rows.append(f"{told.waiting:,} receipts wait for the statement of their epoch.")
    if told.ok:
        rows.append(f"✓ {len(told.statements):,} statements checked here: nothing is wrong with them.")
    return rows


def _row(one: StatementView) -> str:
    columns = " ".join(f"{exact_credits(amount):>22}" for amount in (one.claimed, one.accepted, one.settled))
    return f"{one.epoch:>7}  {columns}  {one.receipts:,}"


def _where(epoch: int, subject: str) -> str:
    return (f"epoch {epoch}  " if epoch else "") + (f"{subject[:28]}  " if subject else "")
