"""The command `earnings`: every receipt of a time, and every answer that has none, a page at a time."""

from __future__ import annotations

import msgspec

from console.agent.daybook.calendar import day_of
from console.agent.journal import Journal
from console.agent.journal.answers import Booking
from console.control.earnings import EarningRow
from console.control.wire import Answer, Command
from console.models.errors import plain
from console.protocol.ids import JobId

ROWS_LIMIT = 5_000
"""At most so many rows in one answer: some 2 MB, and the journal is held up for a moment only."""
TIME_LIMIT_MS = 2**53


class Export:
    """Answers the command."""

    def __init__(self, journal: Journal, rows_limit: int = ROWS_LIMIT) -> None:
        self._journal = journal
        self._rows_limit = rows_limit

    async def answer(self, command: Command) -> Answer:
        """Rows in [`since_ms`, `until_ms`), oldest first. Raises JournalError.

        When there are more than fit, the sentence says so; the rest is asked for with `since_ms` one more
        than the last row's time, since a page never ends among rows of one time.
        """
        since_ms, until_ms = command.args.get("since_ms", 0), command.args.get("until_ms", TIME_LIMIT_MS)
        if not (isinstance(since_ms, int) and isinstance(until_ms, int)) or not (
            0 <= since_ms <= until_ms <= TIME_LIMIT_MS
        ):
            return Answer(command.id, False, "since_ms and until_ms are milliseconds, in this order.")
        found = await self._journal.answers.bookings(since_ms, until_ms, self._rows_limit + 1)
        rows = [earning_row(booking) for booking in page(found, self._rows_limit)]
        cut = f"Only the first {len(rows)} rows; ask again for the rest."
        return Answer(
            command.id, True, cut if len(rows) < len(found) else "", msgspec.Raw(msgspec.json.encode(rows))
        )


def page(found: list[Booking], limit: int) -> list[Booking]:
    """At most `limit` of `found` (one more than that were asked for), not ending among rows of one time."""
    if len(found) <= limit:
        return found
    whole = [booking for booking in found[:limit] if booking.at_ms != found[limit].at_ms]
    return whole or found[:limit]


def earning_row(booking: Booking) -> EarningRow:
    """One line. A receipt's own words are a peer's: cleaned and bounded here."""
    receipt = booking.receipt
    row = EarningRow(
        at_ms=booking.at_ms,
        day=day_of(booking.at_ms),
        job=JobId(plain(booking.job)),
        attempt=booking.attempt,
        model=plain(booking.name) or booking.model[:12],
        outcome=booking.state,
        prompt_tokens=booking.prompt_tokens,
        completion_tokens=booking.completion_tokens,
        claimed=booking.claimed,
    )
    if receipt is None:
        return row
    return msgspec.structs.replace(
        row,
        outcome=receipt.outcome,
        prompt_tokens=receipt.prompt_tokens,
        completion_tokens=receipt.completion_tokens,
        reward=receipt.reward,
        penalty=receipt.penalty,
        transaction=plain(receipt.transaction.id, 80),
        verdict=plain(receipt.verdict, 80),
    )
