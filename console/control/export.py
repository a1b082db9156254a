"""Earnings as a table for a spreadsheet or a tax office: rows to CSV text, months to times. Pure.

The command `earnings` and the Earnings screen write the same file with it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo

from console.control.earnings import EarningRow
from console.ledger.figures import CREDIT

COLUMNS = (
    "time_utc", "local_day", "job", "attempt", "model", "outcome", "prompt_tokens", "completion_tokens",
    "claimed_credits", "reward_credits", "penalty_credits", "claimed_nano", "reward_nano", "penalty_nano",
    "transaction", "verdict",
)  # fmt: skip
"""The header. Amounts stand twice: in credits to the last digit, and in whole nano-credits."""
_FORMULA = "=+-@＝＋－＠"
_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")


def csv_of(rows: Sequence[EarningRow]) -> str:
    """`rows` under a header, one line each, ended by a newline; a file of it is written as UTF-8.

    Texts come from peers: one that a spreadsheet would take for a formula gets an apostrophe in front, and
    control characters become blanks.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_cells(row) for row in rows)
    return out.getvalue()


def month_of(word: str, now_ms: int, zone: tzinfo | None = None) -> str:
    """The month that `word` names, as `2026-11`: itself, or `this` or `last` as seen at `now_ms`.

    `zone`: whose calendar; None: this machine's. Raises ValueError, fit to be shown, for any other word.
    """
    if word in ("this", "last"):
        first = datetime.fromtimestamp(now_ms / 1000, zone).replace(day=1)
        return f"{first if word == 'this' else first - timedelta(days=1):%Y-%m}"
    if not _MONTH.fullmatch(word) or word.startswith("0000"):
        raise ValueError(f"{word!r} is no month. Write it as 2026-11, or `this` or `last`.")
    return word


def month_bounds(month: str, zone: tzinfo | None = None) -> tuple[int, int]:
    """First millisecond of `month` (`2026-11`), and of the next one.

    `zone`: whose calendar; None: this machine's. Raises ValueError when it is no month.
    """
    found = _MONTH.fullmatch(month)
    if not found:
        raise ValueError(f"{month!r} is no month. Write it as 2026-11.")
    year, number = int(found[1]), int(found[2])
    after = (year, number + 1) if number < 12 else (year + 1, 1)
    return _ms(datetime(year, number, 1, tzinfo=zone)), _ms(datetime(*after, 1, tzinfo=zone))


def days_bounds(days: int, now_ms: int, zone: tzinfo | None = None) -> tuple[int, int]:
    """Start of the calendar day `days - 1` before the one of `now_ms`, and the end of that last one."""
    today = datetime.fromtimestamp(now_ms / 1000, zone).replace(
        hour=0, minute=0, second=0, microsecond=0, fold=0
    )
    return _ms(today - timedelta(days=days - 1)), _ms(today + timedelta(days=1))


def file_name(month: str) -> str:
    """What a file with that month's rows is called."""
    return f"quarterdeck-earnings-{month}.csv"


def decimal_credits(nano: int) -> str:
    """`nano` nano-credits to the last digit as a plain number, which a spreadsheet can sum: `0.000064000`."""
    return f"{'-' if nano < 0 else ''}{abs(nano) // CREDIT}.{abs(nano) % CREDIT:09d}"


def iso_utc(at_ms: int) -> str:
    """`2026-11-22T23:07:19.250Z`."""
    at = datetime.fromtimestamp(at_ms // 1000, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03d}Z"


def _cells(row: EarningRow) -> tuple[str | int, ...]:
    amounts = (row.claimed, row.reward, row.penalty)
    return (
        iso_utc(row.at_ms),
        _text(row.day),
        _text(row.job),
        row.attempt,
        _text(row.model),
        _text(row.outcome),
        row.prompt_tokens,
        row.completion_tokens,
        *(decimal_credits(amount) for amount in amounts),
        *amounts,
        _text(row.transaction),
        _text(row.verdict),
    )


def _text(text: str) -> str:
    printable = "".join(char if char.isprintable() else " " for char in text)
    return f"'{printable}" if printable.lstrip().startswith(tuple(_FORMULA)) else printable


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
