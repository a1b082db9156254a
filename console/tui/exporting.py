"""Earnings to a file: which month, which file, then the agent's rows as CSV."""

from __future__ import annotations

import asyncio
from datetime import UTC, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from console.control.earnings import EarningRow
from console.control.export import csv_of, file_name, month_bounds
from console.control.wire import Answer
from console.tui.reckoning import DAY_MS, HOUR_MS, day_of
from console.tui.saving import free_path, save_new, typed_path, wrong_with
from console.tui.store import View

if TYPE_CHECKING:
    from console.tui.app import QuarterdeckApp

MARGIN_MS = 3 * HOUR_MS
"""Asked for around a month: clocks may have been changed since it began. The rows' own days decide."""


class Span(NamedTuple):
    """What can be exported: a month, or everything that is kept (`month` is `all`)."""

    month: str
    words: str
    since_ms: int
    until_ms: int


def spans(now_ms: int, zone_s: int) -> tuple[Span, ...]:
    """This month, the last one, everything."""
    today = day_of(now_ms, zone_s)
    last = today.replace(day=1) - timedelta(days=1)
    zone = timezone(timedelta(seconds=zone_s)) if zone_s else UTC
    found = []
    for words, day in (("this month so far", today), ("last month", last)):
        month = f"{day:%Y-%m}"
        since_ms, until_ms = month_bounds(month, zone)
        found.append(Span(month, f"{month}, {words}", since_ms - MARGIN_MS, until_ms + MARGIN_MS))
    return (*found, Span("all", "everything that is kept", 0, now_ms - now_ms % DAY_MS + 2 * DAY_MS))


class RefusedError(Exception):
    """The agent gives no rows; the text says why."""


def rows_of(answer: Answer) -> list[EarningRow]:
    """The rows of one answer to the command `earnings`.

    Raises:
        msgspec.MsgspecError: the answer is of another version.
    """
    return msgspec.json.decode(answer.result, type=list[EarningRow])


class Export:
    """Asks, fetches, writes, and says the full path."""

    def __init__(self, app: QuarterdeckApp) -> None:
        self._app = app

    def begin(self) -> None:
        """Ask for the month; without an agent there is nothing to ask it for."""
        from console.tui.screens.choices import Choose

        view = self._app.store.view()
        if refusal := refused(view):
            self._app.say(refusal, "error")
            return
        text = "One line for each answer, as CSV for a spreadsheet: day, job, model, tokens, claimed, reward…"

        def picked(span: Span | None) -> None:
            if span is not None:
                self._ask_path(span)

        choices = [(span.words, span) for span in spans(view.now_ms, self._app.zone_s)]
        self._app.push_screen(Choose("Export earnings", text, choices), picked)

    def _ask_path(self, span: Span) -> None:
        from console.tui.screens.ask import Ask

        path = free_path(Path.home() / file_name(span.month))
        text = f"The file for {span.words}. It is new, and readable by you alone."

        def typed(words: str | None) -> None:
            if words is not None:
                work = self._write(span, typed_path(words))
                self._app.run_worker(work, group="orders", exit_on_error=False)

        self._app.push_screen(Ask("Export earnings", text, str(path), wrong_with), typed)

    async def _write(self, span: Span, path: Path) -> None:
        try:
            rows = await self._rows(span)
        except RefusedError as refusal:
            self._app.say(f"{refusal} Nothing was written.", "error")
            return
        except msgspec.MsgspecError as error:
            self._app.say(
                f"The agent's answer is not understood ({error}). Is it of another version?", "error"
            )
            return
        if not rows:
            self._app.say(f"There is nothing to export for {span.words}; no file was written.", "warning")
            return
        await self._save(rows, path)

    async def _rows(self, span: Span) -> list[EarningRow]:
        """All of them, page by page; a page never ends among rows of one time."""
        rows: list[EarningRow] = []
        since_ms = span.since_ms
        while True:
            args: dict[str, str | int] = {"since_ms": since_ms, "until_ms": span.until_ms}
            answer = await self._app.source.command("earnings", args)
            if not answer.ok:
                raise RefusedError(answer.sentence)
            page = rows_of(answer)
            rows += [row for row in page if span.month == "all" or row.day.startswith(span.month)]
            if not answer.sentence or not page or page[-1].at_ms < since_ms:
                return rows
            since_ms = page[-1].at_ms + 1

    async def _save(self, rows: list[EarningRow], path: Path) -> None:
        try:
            there = await asyncio.to_thread(lambda: save_new(path, csv_of(rows)))
        except OSError as error:
            self._app.say(f"{path} cannot be written ({error.strerror}). Choose another folder.", "error")
            return
        lines = f"{len(rows):,} answer{'s' if len(rows) != 1 else ''}"
        self._app.say(f"Written: {there} ({lines}).")


def refused(view: View) -> str:
    """Why there is nothing to export from now; empty when there is."""
    if view.phase == "attached":
        return ""
    return f"No agent answers, and the rows are with it. {view.trouble} Nothing was written.".replace(
        "  ", " "
    )
