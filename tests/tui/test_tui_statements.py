"""Statements on Earnings: a difference is named, findings stand first, and all of it leads to the job."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from doubles.console_double import console_on, settle, text_of
from doubles.network_states import EARNING, console_in
from doubles.outcomes import toasts
from recordings.stated import DISPUTED, STATED, detail_of, stated

from console.control.statement_detail import StatementDetail
from console.control.statements import StatementsView, StatementView
from console.ledger.findings import Finding
from console.tui.screens.job_detail import JobScreen
from console.tui.screens.statement import StatementScreen
from console.tui.store import View
from console.tui.views import statement, statements
from console.tui.views.frame import Frame

replace = msgspec.structs.replace
NODE = EARNING.node.id


def view_with(told: StatementsView) -> View:
    earnings = replace(EARNING.earnings, statements=told)
    return View(replace(EARNING, earnings=earnings), EARNING.now_ms, "attached")


def listed(told: StatementsView, width: int = 80, height: int = 12, roomy: bool = False) -> list[str]:
    frame = Frame(width, height, roomy=roomy)
    rows = statements.listing(statements.items(told), view_with(told), frame, 0)
    return ["".join(span.text for span in row) for row in rows]


@pytest.mark.parametrize(
    ("changes", "short", "whole"),
    [
        ({}, "agree", "all three agree"),
        ({"claimed": 660_000}, "−44.0 µcr rejected", "−44.0 µcr not accepted: rejected"),
        ({"settled": 572_000, "findings": 1}, "−44.0 µcr short · 1 finding", "not settled · 1 finding"),
        ({"settled": 660_000, "findings": 2}, "+44.0 µcr over · 2 findings", "settled and not accepted · 2"),
        ({"settled": 0, "proved": False}, "not proved", "the network keeps no old proofs"),
        ({"claimed": 0, "accepted": 0, "settled": 0, "receipts": 0}, "none", "no answer of this node in it"),
    ],
)
def test_a_difference_of_the_columns_has_its_amount_and_name(
    changes: dict[str, Any], short: str, whole: str
) -> None:
    one = stated(8, **changes)
    assert statements.remark(one, 79)[0] == short
    assert whole in statements.remark(one, 118)[0]
    assert "µcr" not in statements.remark(one, 60)[0]


def test_what_is_not_proved_shows_no_amount_as_settled() -> None:
    line = listed(StatementsView((stated(8, settled=0, proved=False),)))[1]
    assert "—" in line and "0 cr" not in line and line.startswith(" · ")


def test_findings_stand_before_the_statements_and_in_the_title() -> None:
    lines = listed(DISPUTED, 120, 14, roomy=True)
    assert "✗ 2 findings" in lines[0]
    assert "receipt_missing" in lines[2] and "credits" in lines[3] and "2ab6bd" in lines[4]
    assert "✓ checked up to epoch 8" in listed(STATED, 120, 14, roomy=True)[0]


@pytest.mark.parametrize("width", [40, 60, 66, 74, 80, 96, 118, 200])
def test_every_line_keeps_its_width_and_its_three_columns(width: int) -> None:
    for line in listed(STATED, width)[1:9]:
        assert len(line) <= width
        assert line.count("µcr") >= 3 or width < 60


def test_nothing_stated_yet_says_what_waits() -> None:
    told = " ".join(listed(StatementsView(waiting=2)))
    assert "No epoch has been stated yet" in told and "2 receipts wait" in told


def page(detail: StatementDetail, width: int = 80) -> str:
    rows = statement.statement_rows(detail, view_with(STATED), width, 0)
    assert all(sum(len(span.text) for span in row) <= width for row in rows)
    return "\n".join("".join(span.text for span in row) for row in rows)


def test_the_page_names_each_check_and_each_difference() -> None:
    good = page(detail_of(STATED, 7, NODE))
    assert "6 checks made on this machine, and all of them hold" in good
    assert "! −44.0 µcr rejected" in good and "✓ agrees" in good and "−640.0 µcr" in good
    bad = page(detail_of(DISPUTED, 6, NODE))
    assert "✗ 1 thing is wrong with it" in bad and "! −44.0 µcr not settled" in bad
    assert "✗ columns" in bad and "credits: The receipts pay" in bad


def test_the_page_of_what_could_not_be_proved_claims_no_more() -> None:
    detail = detail_of(STATED, 8, NODE)
    checks = tuple(replace(one, ok=None, sentence="No proof.") for one in detail.checks[:2])
    unproved = replace(detail.view, proved=False, settled=0)
    told = page(replace(detail, view=unproved, checks=(*checks, *detail.checks[2:]), lines=()))
    assert "4 of 6 checks could be made" in told and "Not checked. No proof." in told
    assert "not proved: the network keeps no proofs of so old an epoch" in told
    assert "None of them held or moved anything" in told


async def opened(app: Any, *keys: str, size: tuple[int, int] = (80, 24)) -> Any:
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        await settle(pilot)
        await pilot.press("4", *keys)
        await settle(pilot)
        return app.screen, text_of(app), app


async def test_enter_leads_from_the_statement_to_a_job_of_it() -> None:
    app = console_on("earning")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await settle(pilot)
        await pilot.press("4", "s")
        await settle(pilot)
        assert isinstance(app.screen, StatementScreen) and app.screen.epoch == 8
        assert "Receipts of this node 14" in text_of(app)
        await pilot.press("enter")
        await settle(pilot)
        assert (
            isinstance(app.screen, JobScreen)
            and app.screen.job == app.screen_stack[-2].detail.receipts[0].job
        )
        await pilot.press("escape", "escape")
        assert app.room == "earnings"


async def test_a_finding_opens_the_statement_that_it_is_about() -> None:
    keys = ("shift+tab", "down", "enter")
    screen, text, _ = await opened(console_on("disputed"), *keys, size=(120, 40))
    assert isinstance(screen, StatementScreen) and screen.epoch == 6
    assert "✗ credits: The receipts pay 924000, and the accounts were credited with" in text


async def test_an_epoch_without_a_statement_says_so() -> None:
    finding = Finding("statement_missing", "The epoch closed over ten minutes ago.", 9)
    told = replace(STATED, findings=(finding,))
    app = console_in(replace(EARNING, earnings=replace(EARNING.earnings, statements=told)))
    screen, text, _ = await opened(app, "s")
    assert isinstance(screen, StatementScreen) and screen.detail is None
    assert "This is a recording" in text


async def test_the_key_says_so_where_there_is_no_statement() -> None:
    app = console_on("fresh")
    screen, _, _ = await opened(app, "s")
    assert not isinstance(screen, StatementScreen)
    assert "No epoch has been stated yet" in toasts(app)


async def test_names_and_roots_can_be_copied() -> None:
    app = console_on("earning")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await settle(pilot)
        await pilot.press("4", "s")
        await settle(pilot)
        names = [thing.name for thing in app.screen.copyable()]
    assert names[:3] == ["statement", "accounts root", "receipts root"]


def test_a_peers_text_in_a_statement_is_data() -> None:
    detail = detail_of(STATED, 8, NODE)
    evil = replace(detail.statement, last="[bold]\x1b[31m", accounts_root="\x07" * 9)
    told = page(replace(detail, statement=evil))
    assert "\x1b" not in told and "\x07" not in told and "[bold]" in told


def test_a_statement_view_is_known_by_epoch_and_name() -> None:
    keys = {statements.key_of(one) for one in statements.items(DISPUTED)}
    assert len(keys) == len(DISPUTED.findings) + len(DISPUTED.statements)
    assert isinstance(DISPUTED.statements[0], StatementView)
