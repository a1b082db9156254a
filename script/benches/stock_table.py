"""The Jobs screen as a stock Textual app would have it: `python -m benches.stock_table [OUT]`, in a terminal.

The same news from the same socket, the same columns, two frames a second; a DataTable whose changed cells are
updated, and nothing else. It neither sorts nor filters nor lets ages grow, which the console does.
With OUT it also keeps by how much its loop was late, as `benches.probed` does.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path

from textual.app import App, ComposeResult
from textual.widgets import DataTable, Static

from console.control.job_book import JobKey, key_of
from console.control.link import Link
from console.control.state import JobView
from console.control.store import StateStore
from console.control.wire import Delta, Snapshot
from console.tui.views.job_columns import Column, shown_columns, told

HZ = 2.0
PROBE_S = 0.01
LAGS: list[tuple[float, float]] = []


class StockApp(App[None]):
    """A table of jobs, and a line above it."""

    def __init__(self, socket: Path) -> None:
        super().__init__()
        self.animation_level = "none"
        self._link = Link(socket)
        self._store = StateStore()
        self._mark = -1
        self._shown: dict[JobKey, list[str]] = {}

    def compose(self) -> ComposeResult:
        """Line and table."""
        yield Static("last paid: not told here")
        yield DataTable(cursor_type="row")

    def on_mount(self) -> None:
        """Columns, and everything that runs."""
        table = self.query_one(DataTable)
        self._columns: tuple[Column, ...] = shown_columns(self.size.width - 1)
        for column in self._columns:
            table.add_column(column.head, width=column.width - 1, key=column.head)
        self.run_worker(self._listen(), exit_on_error=False)
        if len(sys.argv) > 1:
            self.run_worker(self._probe(), exit_on_error=False)
        self.set_interval(1 / HZ, self._frame)

    async def _listen(self) -> None:
        async for news in self._link.attach():
            if isinstance(news, Snapshot):
                self._store.load(news.state)
            elif isinstance(news, Delta):
                self._store.apply(news.at_ms, news.event)

    def _cells(self, job: JobView) -> list[str]:
        when = told(job, self._store.state.now_ms)
        return [column.cell(job, when)[0] for column in self._columns]

    def _frame(self) -> None:
        self._mark, changed = self._store.book.since(self._mark)
        table = self.query_one(DataTable)
        keys = [key_of(job) for job in self._store.state.jobs] if changed is None else list(changed)
        for key in keys:
            job = self._store.book.get(key)
            if job is None:
                continue
            cells, name = self._cells(job), f"{key[0]}/{key[1]}"
            old = self._shown.get(key)
            if old is None:
                table.add_row(*cells, key=name)
            else:
                for column, before, now in zip(self._columns, old, cells, strict=True):
                    if before != now:
                        table.update_cell(name, column.head, now)
            self._shown[key] = cells

    async def _probe(self) -> None:
        while True:
            asked_s = time.monotonic()
            await asyncio.sleep(PROBE_S)
            LAGS.append((time.monotonic(), 1000 * (time.monotonic() - asked_s - PROBE_S)))


if __name__ == "__main__":
    app = StockApp(Path(os.environ["QUARTERDECK_HOME"]) / "agent.sock")
    signal.signal(signal.SIGTERM, lambda *_: app.exit())
    app.run()
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(json.dumps({"lags": LAGS}))
