"""`quarterdeck earnings`: for people, for programs and for spreadsheets; what it refuses."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result
from doubles.agent_doubles import RunningAgent, ScriptedCoordinator, ScriptedLauncher
from doubles.engine_double import ScriptedEngine

from console.agent.clock import local_day
from console.cli import quarterdeck
from console.cli.earnings_words import Period, days_of, words
from console.control.earnings import DayView, Difference, EarningRow, EarningsView, PowerView
from console.control.export import COLUMNS, days_bounds, month_bounds
from console.control.state import NodeState
from console.control.statements import StatementsView, StatementView
from console.ledger.findings import Finding
from console.protocol.ids import JobId
from console.protocol.types import Result as JobResult

NOW = 1_763_820_000_000
REWARD = 500 * (3 + 24)


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[RunningAgent]:
    """A node that has answered one job and was paid."""
    coordinator = ScriptedCoordinator()
    address = await coordinator.start()
    running = RunningAgent(tmp_path / "home", address, ScriptedLauncher(ScriptedEngine(end_bias=-50.0)))
    await running.start()
    await coordinator.signed_in.wait()
    await coordinator.say(coordinator.assignment(running.state.node.id))
    [result] = await coordinator.hears(JobResult)
    verdict = coordinator.verdict(result)
    await coordinator.say(verdict)
    await coordinator.say(coordinator.receipt(result, verdict))
    await running.until(lambda s: bool(s.earnings.days) and s.earnings.days[0].settled > 0)
    yield running
    await running.stop()
    await coordinator.stop()


async def ask(node: RunningAgent, *words: str) -> Result:
    """Run the command beside the agent's event loop."""
    line = ["earnings", *words, "--home", str(node.home)]
    return await asyncio.to_thread(CliRunner().invoke, quarterdeck, line)


async def test_for_people_by_day_with_sums(node: RunningAgent) -> None:
    done = await ask(node)
    assert done.exit_code == 0, done.output
    today = next(line for line in done.output.splitlines() if line.startswith(local_day(node.state.now_ms)))
    assert today.split()[1:] == ["1", "1", "0", "0.000013500", "0.000013500", "0.000013500"]
    assert "Booked in these days: +0.000013500 cr\n" in done.output
    assert max(len(line) for line in done.output.splitlines()) <= 80


async def test_for_programs_with_every_key_and_row(node: RunningAgent) -> None:
    done = await ask(node, "--json", "--days", "2")
    told = json.loads(done.stdout)
    assert told["schema_version"] == 1
    assert told["sums"]["settled"] == told["sums"]["earned"] == REWARD
    assert told["days"][0].keys() == set(DayView.__struct_fields__)
    assert [row["transaction"] for row in told["rows"]] == [f"pay:{node.state.jobs[0].job}"]
    assert (told["since_ms"], told["until_ms"]) == days_bounds(2, node.state.now_ms)


async def test_for_spreadsheets_to_stdout_or_into_a_file(node: RunningAgent, tmp_path: Path) -> None:
    done = await ask(node, "--csv", "--month", "this")
    [row] = list(csv.DictReader(io.StringIO(done.stdout)))
    assert row["reward_nano"] == str(REWARD)
    assert row["local_day"] == local_day(node.state.now_ms)
    file = tmp_path / "out.csv"
    done = await ask(node, "--month", "last", "--csv", str(file))
    assert done.exit_code == 0
    assert done.stdout == ""
    assert "0 rows written" in done.stderr
    assert file.read_text() == ",".join(COLUMNS) + "\n"
    done = await ask(node, "--csv", str(tmp_path))
    assert done.exit_code == 1
    assert "cannot be written" in done.stderr


async def test_more_rows_than_one_answer_holds_are_asked_for_in_turn(
    node: RunningAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    import console.cli.earnings as command
    from console.control.wire import Answer

    asked: list[int] = []
    rows = [EarningRow(at, "2026-01-01", JobId(f"{at:x}"), 1, "m", "accepted") for at in (3, 5, 5, 9)]

    def question(folder: Path, name: str, args: dict[str, int]) -> Answer:
        asked.append(args["since_ms"])
        left = [row for row in rows if row.at_ms >= args["since_ms"]]
        page = left[:1] if asked[-1] == 0 else left[:2]
        sentence = "Only the first." if len(page) < len(left) else ""
        return Answer("1", True, sentence, msgspec.Raw(msgspec.json.encode(page)))

    monkeypatch.setattr(command, "question", question)
    assert command._rows(Path(), Period(0, 10)) == rows
    assert asked == [0, 4, 6]


async def test_times_before_the_agents_days_come_from_the_receipts(node: RunningAgent) -> None:
    done = await ask(node, "--days", "100")
    assert done.exit_code == 0
    assert "Sum             1     1   0   0.000013500" in done.output


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (["--month", "2026-13"], "Write it as 2026-11"),
        (["--month", "last", "--days", "3"], "exclude one another"),
        (["--csv", "x", "--json"], "exclude one another"),
        (["--days", "0"], "range"),
    ],
)
def test_what_makes_no_sense_is_wrong_usage(tmp_path: Path, line: list[str], says: str) -> None:
    done = CliRunner().invoke(quarterdeck, ["earnings", *line, "--home", str(tmp_path)])
    assert done.exit_code == 2
    assert says in done.output


def test_without_an_agent_it_ends_with_3(tmp_path: Path) -> None:
    done = CliRunner().invoke(quarterdeck, ["earnings", "--home", str(tmp_path)])
    assert done.exit_code == 3


def told(earnings: EarningsView) -> str:
    period = Period(*month_bounds(time.strftime("%Y-%m", time.localtime(NOW / 1000))))
    return "\n".join(words(NodeState(now_ms=NOW, earnings=earnings), period, earnings.days))


def test_no_days_are_said_in_words() -> None:
    assert "Nothing yet in these days." in told(EarningsView())


def test_electricity_is_priced_only_where_both_are_known() -> None:
    days = (DayView("2026-11-22", earned=2_000_000_000, energy_mwh=1_500_000, worked_ms=5_400_000),)
    nothing = told(EarningsView((DayView("2026-11-22"),)))
    assert "Electricity is not known" in nothing
    assert "Hours worked and online are not known" in nothing
    unpriced = told(EarningsView(days, power=PowerView("measured", 1)))
    assert "1.500 kWh; what it costs is not known" in unpriced
    whole = told(EarningsView(days, power=PowerView("given", 1, 300_000, "EUR", 500_000)))
    assert "1.500 kWh, 0.45 EUR; net +0.55 EUR" in whole
    assert "Worked 1.5 h" in whole


def test_what_does_not_add_up_is_named_and_bounded() -> None:
    one = Difference(JobId("a" * 32), 2, NOW, 64_000, 64_000, 0, "Accepted\x1b[2J, and no receipt has come.")
    text = told(EarningsView((DayView("2026-11-22", jobs=1),), differences=(one,) * 13, undecided=2))
    assert "2 answers are not judged yet." in text
    assert "13 answers do not add up:" in text
    assert text.count("no receipt has come") == 10
    assert "\x1b" not in text
    assert "and 3 more" in text
    assert max(len(line) for line in text.splitlines()) <= 80


def test_rows_are_folded_into_days_newest_first() -> None:
    rows = [
        EarningRow(1, "2026-01-01", JobId("a"), 1, "m", "accepted", claimed=5, reward=5),
        EarningRow(2, "2026-01-02", JobId("b"), 1, "m", "rejected", claimed=5, penalty=50),
        EarningRow(3, "2026-01-02", JobId("c"), 1, "m", "answered", claimed=7),
    ]
    assert days_of(rows) == (
        DayView("2026-01-02", 2, 0, 1, penalised=50, claimed=12),
        DayView("2026-01-01", 1, 1, earned=5, claimed=5, passed=5, settled=5),
    )


def test_statements_that_are_right_are_one_line_and_wrong_ones_say_what_is_wrong() -> None:
    days = (DayView("2026-11-22", jobs=1),)
    right = StatementsView((StatementView(7, "ab" * 32, NOW), StatementView(6, "cd" * 32, NOW)))
    assert "Stated by the network up to epoch 7, and checked here." in told(
        EarningsView(days, statements=right)
    )
    assert "tated" not in told(EarningsView(days))
    finding = Finding("receipt_missing", "It is \x1b[2J not counted.", 6)
    wrong = told(EarningsView(days, statements=msgspec.structs.replace(right, findings=(finding,))))
    assert "checked here" not in wrong and "epoch 6  receipt_missing: It is" in wrong and "\x1b" not in wrong
