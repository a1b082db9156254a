"""The status page: all that fits where a terminal is 60×16 or smaller."""

from __future__ import annotations

from console.ledger.figures import credits
from console.tui.figures import ago, of_cent, rate
from console.tui.rows import Row, row, text_fit
from console.tui.store import View
from console.tui.views.frame import Frame
from console.tui.views.jobs import STATE_INK
from console.tui.views.machine import engine_state
from console.tui.views.money import bond_text
from console.tui.views.status import notice_rows


def status_page(view: View, frame: Frame) -> list[Row]:
    """State, money, engine and the running job, one a line, the most important first."""
    rows: list[Row] = [row(), *notice_rows(view, frame.width)]
    if not view.known:
        return rows[: frame.height]
    if len(rows) > 1:
        rows.append(row())
    rows += _money(view)
    rows.append(row())
    rows += _work(view, frame.width)
    return rows[: frame.height]


def _named(name: str, value: str) -> Row:
    return row((text_fit(f" {name}", 15), "dim"), (value, "strong"))


def _money(view: View) -> list[Row]:
    money = view.state.money
    counts = f"✓ {money.today_accepted:,}  ! {money.today_failed:,}  ✗ {money.today_rejected:,}"
    return [
        _named("Last accepted", ago(view.now_ms, money.last_accepted_ms)),
        _named("Net today", f"{credits(money.today_earned - money.today_penalised, sign=True)}   {counts}"),
        _named("Pending", f"{credits(money.balances.pending)}   bond {bond_text(view)}"),
    ]


def _work(view: View, width: int) -> list[Row]:
    engine = view.state.engine
    speed = f"  {rate(engine.tokens_per_s_milli)} tok/s  CPU {of_cent(view.state.machine.cpu_percent)}"
    rows = [(*row((text_fit(" Engine", 14), "dim")), *engine_state(engine, view.now_ms), *row(speed))]
    for job in view.jobs[: min(3, view.book.live_count)]:
        glyph, ink = STATE_INK[job.state]
        rows.append(
            row((text_fit(f" Job {job.job[:6]}", 15), "dim"), (f"{glyph} {job.state}", ink),
                f"  {job.tokens}/{job.max_tokens} tok")
        )  # fmt: skip
    return rows
