"""`quarterdeck earnings`: what the node earned, by day, and every receipt for a spreadsheet."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click
import msgspec

from console.cli.agent_home import decoded, home_of, home_option, print_json, question
from console.cli.earnings_words import Period, days_of, words
from console.control.earnings import DAYS_KEPT, DayView, EarningRow
from console.control.export import csv_of, days_bounds, month_bounds, month_of
from console.control.state import NodeState
from console.control.written_out import written_out

DAYS_USUAL = 7


@click.command()
@home_option
@click.option("--month", metavar="YYYY-MM", help="One calendar month; also `this` or `last`.")
@click.option(
    "--days", type=click.IntRange(1, 3660), help=f"So many days up to today. [default: {DAYS_USUAL}]"
)
@click.option("--csv", "csv_file", is_flag=False, flag_value="-", metavar="[FILE]",
              help="Every receipt as CSV, into FILE or to stdout.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON document, receipts included.")
def earnings(
    home: Path | None, month: str | None, days: int | None, csv_file: str | None, as_json: bool
) -> None:
    """What the node earned: by day, by model, and what does not add up.

    Days are this machine's calendar. Claimed, accepted and settled belong to the day on which an answer was
    finished; a receipt, in CSV and JSON, to the day on which it was booked.
    """
    if as_json and csv_file is not None:
        raise click.UsageError("--json and --csv exclude one another.")
    now_ms = round(time.time() * 1000)
    period = _period(month, days, now_ms)
    folder = home_of(home)
    if csv_file is not None:
        _write(csv_file, csv_of(_rows(folder, period)))
        return
    state = decoded(question(folder, "status"), NodeState)
    found = _days(folder, period, state)
    if as_json:
        print_json(_document(state, period, found, _rows(folder, period)))
    else:
        click.echo("\n".join(words(state, period, found)))


def _period(month: str | None, days: int | None, now_ms: int) -> Period:
    if month is not None and days is not None:
        raise click.UsageError("--month and --days exclude one another.")
    if month is None:
        return Period(*days_bounds(days or DAYS_USUAL, now_ms))
    try:
        return Period(*month_bounds(month_of(month, now_ms)))
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--month") from error


def _days(folder: Path, period: Period, state: NodeState) -> tuple[DayView, ...]:
    """From the agent's own days as far as it tells them; for older times, from the receipts."""
    if period.since_ms >= days_bounds(DAYS_KEPT, state.now_ms)[0]:
        first, last = period.first_day, period.last_day
        return tuple(day for day in state.earnings.days if first <= day.day <= last)
    return days_of(_rows(folder, period))


def _rows(folder: Path, period: Period) -> list[EarningRow]:
    """All of them, page by page; a page never ends among rows of one time."""
    rows: list[EarningRow] = []
    since_ms = period.since_ms
    while True:
        answer = question(folder, "earnings", {"since_ms": since_ms, "until_ms": period.until_ms})
        page = decoded(answer, list[EarningRow])
        rows += page
        if not answer.sentence or not page:
            return rows
        since_ms = page[-1].at_ms + 1


def _document(
    state: NodeState, period: Period, days: tuple[DayView, ...], rows: list[EarningRow]
) -> dict[str, object]:
    earnings = state.earnings
    columns = (
        "jobs",
        "accepted",
        "rejected",
        "failed",
        "claimed",
        "passed",
        "settled",
        "earned",
        "penalised",
    )
    return {
        **msgspec.structs.asdict(period),
        "first_day": period.first_day,
        "last_day": period.last_day,
        "sums": {name: sum(getattr(day, name) for day in days) for name in columns},
        "days": written_out(days),
        "rows": written_out(rows),
        "models": written_out(earnings.models),
        "penalties": written_out(earnings.penalties),
        "differences": written_out(earnings.differences),
        "undecided": earnings.undecided,
        "power": written_out(earnings.power),
        "statements": written_out(earnings.statements),
    }


def _write(name: str, text: str) -> None:
    if name == "-":
        click.echo(text.encode(), nl=False)
        return
    try:
        Path(name).write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        click.echo(f"{name} cannot be written ({error.strerror}). Name another file.", err=True)
        sys.exit(1)
    lines = text.count("\n") - 1
    click.echo(f"{lines} {'row' if lines == 1 else 'rows'} written to {name}.", err=True)
