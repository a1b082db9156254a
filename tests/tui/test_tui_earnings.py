"""Earnings: figures that add up, penalties down to the job, and the CSV file."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import msgspec
import pytest
from doubles.console_double import RECORDINGS, console_on, settle, text_of
from doubles.outcomes import toasts
from textual.pilot import Pilot

from console.control.earnings import Difference, EarningRow, EarningsView, PowerView
from console.control.recording import Asked, Recorded, read
from console.control.replay import Replay
from console.control.state import NodeState
from console.control.wire import Answer
from console.protocol.ids import JobId
from console.tui import exporting
from console.tui.app import QuarterdeckApp
from console.tui.screens.ask import Ask
from console.tui.screens.choices import Choose
from console.tui.screens.job_detail import JobScreen
from console.tui.screens.penalty import PenaltyScreen
from console.tui.store import View
from console.tui.views import earnings, penalties, rates
from console.tui.views.frame import Frame

replace = msgspec.structs.replace
COMPACT = (80, 24)
NOW = 1_763_820_000_000


def line(day: str, letter: str, **more: Any) -> EarningRow:
    given = {
        "at_ms": NOW,
        "model": "SmolLM2",
        "outcome": "accepted",
        "claimed": 21_000,
        "reward": 21_000,
        **more,
    }
    return EarningRow(day=day, job=JobId(letter * 32), attempt=1, **given)


ROWS = (
    line("2025-10-23", "a", transaction="pay:" + "a" * 32),
    line("2025-10-31", "b", model="=cmd()", outcome="rejected", reward=0, penalty=210_000),
    line("2025-11-01", "c"),
)


def state_of(name: str) -> NodeState:
    return next(
        one.message.state for one in read(RECORDINGS / f"{name}.jsonl") if hasattr(one.message, "state")
    )


def view_of(state: NodeState) -> View:
    return View(state, NOW, "attached")


def console_with(*answers: tuple[str, dict[str, Any], Answer]) -> QuarterdeckApp:
    """The app on the recording `earning`, with further answers."""
    app = console_on("earning")
    asked = [Recorded(NOW, Asked(name, args, answer)) for name, args, answer in answers]
    app.source = Replay([*read(RECORDINGS / "earning.jsonl"), *asked], speed=0)
    return app


def answer(place: int, rows: tuple[EarningRow, ...] = ROWS) -> tuple[str, dict[str, Any], Answer]:
    span = exporting.spans(NOW, 0)[place]
    args = {"since_ms": span.since_ms, "until_ms": span.until_ms}
    return "earnings", args, Answer("", True, "", msgspec.Raw(msgspec.json.encode(rows)))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


async def export(pilot: Pilot[Any], place: int) -> None:
    await settle(pilot)
    await pilot.press("4", "c", *["down"] * place, "enter")
    await pilot.pause()
    await pilot.press("enter")
    await settle(pilot)


async def test_a_month_is_written_as_csv_and_its_full_path_is_said(home: Path) -> None:
    app = console_with(answer(1))
    async with app.run_test(size=COMPACT) as pilot:
        await export(pilot, 1)
        path = home / "quarterdeck-earnings-2025-10.csv"
        assert str(path) in toasts(app) and "2 answers" in toasts(app)
    lines = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    assert [one["local_day"] for one in lines] == ["2025-10-23", "2025-10-31"]
    assert [one["reward_nano"] for one in lines] == ["21000", "0"]
    assert lines[0]["reward_credits"] == "0.000021000" and lines[1]["penalty_nano"] == "210000"
    assert lines[1]["model"] == "'=cmd()"
    assert path.stat().st_mode & 0o777 == 0o600


async def test_an_answer_in_pages_is_asked_for_to_its_end(home: Path) -> None:
    span = exporting.spans(NOW, 0)[2]
    first = [line("2025-11-01", "a", at_ms=5), line("2025-11-01", "b", at_ms=9)]
    rest = {"since_ms": 10, "until_ms": span.until_ms}
    app = console_with(
        ("earnings", {"since_ms": 0, "until_ms": span.until_ms},
         Answer("", True, "Only the first 2 rows.", msgspec.Raw(msgspec.json.encode(first)))),
        ("earnings", rest, Answer("", True, "", msgspec.Raw(msgspec.json.encode([line("2025-11-02", "c")])))),
    )  # fmt: skip
    async with app.run_test(size=COMPACT) as pilot:
        await export(pilot, 2)
        assert "3 answers" in toasts(app)
    jobs = [
        one["job"][0]
        for one in csv.DictReader((home / "quarterdeck-earnings-all.csv").open(encoding="utf-8"))
    ]
    assert jobs == ["a", "b", "c"]


async def test_a_file_is_never_written_over(home: Path) -> None:
    first = home / "quarterdeck-earnings-2025-10.csv"
    first.write_text("mine")
    app = console_with(answer(1))
    async with app.run_test(size=COMPACT) as pilot:
        await export(pilot, 1)
    assert first.read_text() == "mine"
    assert (home / "quarterdeck-earnings-2025-10-2.csv").read_text(encoding="utf-8").count("\n") == 3


async def test_another_file_may_be_named_and_a_wrong_one_is_told_at_once(home: Path) -> None:
    app = console_with(answer(2))
    (home / "books").mkdir()
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        await pilot.press("4", "c", "down", "down", "enter")
        await pilot.pause()
        assert isinstance(app.screen, Ask)
        await pilot.press("ctrl+u", *"~/nowhere/x.csv", "enter")
        assert isinstance(app.screen, Ask) and "no folder" in app.screen.line.wrong
        await pilot.press("ctrl+u", *"~/books/x.csv", "enter")
        await settle(pilot)
        assert str(home / "books" / "x.csv") in toasts(app)
    assert len((home / "books" / "x.csv").read_text().splitlines()) == 4


async def test_leaving_either_dialog_writes_nothing(home: Path) -> None:
    app = console_with(answer(0))
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        await pilot.press("4", "c")
        assert isinstance(app.screen, Choose)
        await pilot.press("escape", "c", "enter")
        await pilot.pause()
        await pilot.press("escape")
        await settle(pilot)
        assert app.room == "earnings" and not toasts(app)
    assert not list(home.glob("*.csv"))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("earnings", {}, Answer("", True, "")), "This is a recording"),
        (("earnings", answer(0)[1], Answer("", False, "The journal is locked.")), "locked. Nothing was"),
        (("earnings", answer(0)[1], Answer("", True, "", msgspec.Raw(b'[{"x":1}]'))), "of another version"),
        (answer(0, ()), "There is nothing to export for 2025-11"),
    ],
    ids=["unknown", "refused", "garbled", "empty"],
)  # fmt: skip
async def test_what_cannot_be_exported_is_said_and_leaves_no_file(
    home: Path, given: tuple[str, dict[str, Any], Answer], words: str
) -> None:
    app = console_with(given)
    async with app.run_test(size=COMPACT) as pilot:
        await export(pilot, 0)
        assert words in toasts(app)
    assert not list(home.glob("*.csv"))


@pytest.mark.parametrize("name", ["no_agent", "lost"])
async def test_without_an_agent_there_is_no_export(home: Path, name: str) -> None:
    app = console_on(name)
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        await pilot.press("4", "c")
        await settle(pilot)
        assert "No agent answers" in toasts(app) and "Nothing was written" in toasts(app)
        assert app.room == "earnings" and not isinstance(app.screen, Choose)


def test_a_receipt_that_took_nothing_is_no_missing_receipt() -> None:
    state = state_of("earning")
    for booked, listed, told in (
        (True, "0 cr", "0 cr, says its receipt"),
        (False, "not booked", "no receipt"),
    ):
        found = replace(state.earnings.penalties[0], amount=0, booked=booked)
        view = view_of(replace(state, earnings=replace(state.earnings, penalties=(found,), differences=())))
        rows = [*penalties.listing((found,), view, Frame(80, 4), 0), *penalties.whole(found, view, 80, 0)]
        said = "\n".join("".join(span.text for span in one) for one in rows)
        assert listed in said and told in said


async def test_a_penalty_leads_to_its_job_and_back() -> None:
    app = console_on("earning")
    penalty = state_of("earning").earnings.penalties[0]
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        await pilot.press("4", "down", "enter")
        assert isinstance(app.screen, PenaltyScreen) and app.screen.found == penalty
        await settle(pilot)
        shown = text_of(app)
        assert penalty.evidence in shown and "replay" in shown and "640.0 µcr" in shown
        await pilot.press("enter")
        await settle(pilot)
        assert isinstance(app.screen, JobScreen)
        assert (app.screen.job, app.screen.attempt) == (penalty.job, penalty.attempt)
        assert app.screen.detail is not None and app.screen.detail.view.state == "rejected"
        await pilot.press("escape", "escape")
        assert app.room == "earnings"


def test_a_rejected_answer_stands_once() -> None:
    known = state_of("earning").earnings
    rejected = known.penalties[0]
    twice = Difference(rejected.job, rejected.attempt, NOW, 64_000, 0, 0, "Rejected: it earns nothing.")
    found = penalties.findings(replace(known, differences=(twice, *known.differences)))
    assert found == (*known.differences, *known.penalties)


@pytest.mark.parametrize(
    ("until_ms", "policy", "words"),
    [(NOW + 3_492_000, True, "counts until 14:58"), (NOW + 43_200_000, True, "counts until 23 Nov 02:00"),
     (0, True, "no longer counts"), (0, False, "end unknown")],
)  # fmt: skip
def test_a_penalty_says_how_long_it_counts(until_ms: int, policy: bool, words: str) -> None:
    state = state_of("earning")
    network = state.network if policy else replace(state.network, policy=None)
    found = (replace(state.earnings.penalties[0], until_ms=until_ms),)
    rows = penalties.listing(found, view_of(replace(state, network=network)), Frame(120, 5), 0)
    assert words in "".join(span.text for span in rows[1])


async def test_a_difference_leads_to_its_job() -> None:
    app = console_on("earning")
    found = state_of("earning").earnings.differences[0]
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        await pilot.press("4", "enter")
        await settle(pilot)
        assert found.sentence in text_of(app) and "64.0 µcr by the network's verdict" in text_of(app)
        await pilot.press("enter")
        assert isinstance(app.screen, JobScreen) and app.screen.job == found.job


async def test_the_range_changes_what_is_summed() -> None:
    app = console_on("earning")
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        await pilot.press("4")
        await settle(pilot)
        assert "Earnings of today" in text_of(app) and "+9,412 µcr" in text_of(app)
        await pilot.press("r")
        assert "Earnings of the last 7 days" in text_of(app) and "Sun 16" in text_of(app)
        await pilot.press("r")
        assert "Earnings of the last 30 days" in text_of(app) and "25 Oct" in text_of(app)
        await pilot.press("r")
        assert "Earnings of today" in text_of(app)


def words(view: View) -> str:
    rows = earnings.summary_rows(view, 79, 0, 1)
    return "\n".join("".join(span.text for span in one) for one in rows)


def test_a_difference_is_told_with_its_reason() -> None:
    state = state_of("earning")
    said = words(view_of(state))
    assert "127.5 µcr claimed and not accepted: 1 rejected, 2 not judged yet." in said
    assert "64.0 µcr accepted and not settled: 1 job, listed below." in said
    today = replace(state.earnings.days[0], rejected=0)
    odd = replace(state, earnings=replace(state.earnings, days=(today,), undecided=0, differences=()))
    assert "no verdict explains it" in words(view_of(odd)) and "still being booked" in words(view_of(odd))
    agreed = replace(today, claimed=5, passed=5, settled=5)
    assert "!" not in words(view_of(replace(state, earnings=EarningsView((agreed,)))))


def drawn(view: View) -> str:
    rows = earnings.earned(view, Frame(90, 12), 0, 1)
    return "\n".join("".join(span.text for span in one) for one in rows)


def test_what_waits_for_its_verdict_or_receipt_is_no_fault() -> None:
    state = state_of("earning")
    today = replace(state.earnings.days[0], claimed=9, passed=7, settled=4, rejected=0)
    found = EarningsView((today,), undecided=2)
    view = view_of(replace(state, earnings=found))
    for said in (words(view), drawn(view)):
        assert "!" not in said and "◌ 0.002 µcr claimed and not accepted: 2 not judged yet." in said
        assert "◌ 0.003 µcr accepted and not settled: still being booked." in said
    nobody = view_of(replace(state, earnings=replace(found, undecided=0)))
    assert "! 0.002 µcr claimed and not accepted: no verdict" in words(nobody)
    held = replace(
        state, earnings=replace(found, undecided=0), jobs=(replace(state.jobs[0], state="result"),)
    )
    assert "◌ 0.002 µcr claimed and not accepted: 1 not delivered yet." in words(view_of(held))
    also = replace(found, days=(replace(today, rejected=1),))
    assert "! 0.002 µcr claimed and not accepted: 1 rejected, 2 not" in words(
        view_of(replace(state, earnings=also))
    )


def test_what_was_accepted_and_never_claimed_is_told_at_every_size() -> None:
    state = state_of("earning")
    today = replace(state.earnings.days[0], claimed=0, passed=7, settled=7)
    view = view_of(replace(state, earnings=EarningsView((today,))))
    assert "more accepted than claimed" in words(view) and "more accepted than claimed" in drawn(view)


def test_columns_are_said_to_agree_only_when_they_do() -> None:
    state = state_of("earning")
    today = replace(state.earnings.days[0], claimed=9, passed=7, settled=7)
    for day, said in (
        (today, "no difference that is overdue"),
        (replace(today, passed=9, settled=9), "agree"),
    ):
        view = view_of(replace(state, earnings=EarningsView((day,), undecided=1)))
        rows = penalties.listing((), view, Frame(80, 4), 0)
        assert said in "".join(span.text for span in rows[1])


def test_what_is_not_known_is_not_made_up() -> None:
    said = words(view_of(state_of("fresh")))
    assert "not enough data: 0 whole days with work, 3 are needed" in said
    assert "not measured here; set watts and price_per_kwh in [power]" in said
    assert "— worked (0.0 h)  — online (0.0 h)" in said and "500.0 µcr, how long: not enough data" in said


@pytest.mark.parametrize(
    ("power", "told", "untold"),
    [
        (PowerView(), "set watts and price_per_kwh", "kWh,"),
        (PowerView("measured", 60_000), "0.212 kWh (GPUs alone, as measured); set price_per_kwh", "EUR"),
        (
            PowerView("given", 85_000, 310_000, "EUR"),
            "0.0657 EUR (by the watts you gave); set credit_price",
            "net −",
        ),
        (PowerView("given", 85_000, 310_000, "EUR", 120_000), "net −0.0647 EUR", "set "),
    ],
)
def test_a_net_is_given_only_when_power_price_and_credits_worth_are_known(
    power: PowerView, told: str, untold: str
) -> None:
    state = state_of("earning")
    view = view_of(replace(state, earnings=replace(state.earnings, power=power)))
    text = rates.power_words(view, state.earnings.days[0])
    assert told in text and untold not in text


def test_the_bond_says_what_it_needs() -> None:
    state = state_of("earning")
    assert earnings.bond_needs(view_of(state), 0).startswith("80.0 µcr, about ")
    money = state.money
    stands = replace(state, money=replace(money, bond_target=money.balances.bond))
    assert "the target stands" in earnings.bond_needs(view_of(stands), 0)
    unnamed = replace(state, money=replace(money, bond_target=0))
    assert "not named a target" in earnings.bond_needs(view_of(unnamed), 0)
    unknown = replace(state, network=replace(state.network, policy=None))
    assert earnings.bond_needs(view_of(unknown), 0) == "80.0 µcr, how long: not enough data"


def test_hostile_currencies_and_names_stay_text() -> None:
    assert rates.money_words(1_500_000, "\x1b[31mEUROS-AND-MORE") == "1.50 [31mEURO"
