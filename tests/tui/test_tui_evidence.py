"""A job's evidence: the chain and its ticks, each section, judging again, and following the job."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator

import msgspec
import pytest
from doubles.console_double import RECORDINGS, console_on, settle, text_of
from hypothesis import given
from hypothesis import strategies as st
from recordings.evidence import detail_of
from recordings.make import EARNING, ENGINE, FAILED, LIVE, MONEY, NODE, REJECTED, job

from console.control.events import JobChanged
from console.control.link import News
from console.control.recording import read
from console.control.replay import Replay
from console.control.state import JobState, JobView
from console.control.wire import Answer, Check, Delta, JobDetail
from console.settings.config import ScreenConfig
from console.tui.app import QuarterdeckApp
from console.tui.picture import StillClock
from console.tui.reckoning import DAY_MS
from console.tui.rows import width_of
from console.tui.screens.job_detail import JobScreen
from console.tui.views.chain import STAGES, Standing, chain_row, standing, tally_rows
from console.tui.views.detail import Again, evidence

COMPACT, ROOMY = (80, 24), (120, 40)


def detail(view: JobView) -> JobDetail:
    return detail_of(view, NODE.id, ENGINE.profile, MONEY.balances)


def words(rows: object) -> str:
    return "\n".join("".join(span.text for span in row) for row in rows)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (job(3), ("holds", "unchecked", "holds", "holds", "holds")),
        (REJECTED, ("holds", "holds", "holds", "holds", "holds")),
        (FAILED, ("holds", "none", "none", "none", "none")),
        (LIVE[1], ("holds", "to come", "to come", "to come", "to come")),
    ],
    ids=["accepted", "rejected", "failed", "live"],
)
def test_the_chain_is_carried_by_checks_alone(view: JobView, expected: tuple[Standing, ...]) -> None:
    told = detail(view)
    assert tuple(standing(stage, told) for stage in STAGES) == expected
    unchecked = msgspec.structs.replace(
        told, checks=tuple(msgspec.structs.replace(check, ok=None) for check in told.checks)
    )
    assert "holds" not in {standing(stage, unchecked) for stage in STAGES}


@pytest.mark.parametrize("width", [80, 160])
def test_a_verdict_and_a_life_say_their_day(width: int) -> None:
    told = detail(REJECTED)
    assert told.verdict is not None
    text = words(evidence(told, width, 0).rows)
    assert re.search(r"Judged +2025-11-22 \d\d:\d\d:\d\d", text) and "Life · 2025-11-22" in text
    late = msgspec.structs.replace(told.verdict, at_ms=told.verdict.at_ms // DAY_MS * DAY_MS - 1)
    text = words(evidence(msgspec.structs.replace(told, verdict=late), width, 0).rows)
    assert re.search(r"Judged +2025-11-21 23:59:59", text)


def test_a_draw_says_who_was_left_out_and_whose_nonce_it_was() -> None:
    told = detail(REJECTED)
    assert told.draw is not None
    text = words(evidence(told, 100, 0).rows)
    assert "1 of 4, drawn as number 3" in text and "6 in slot 883,402,117; left out: 2 queue_full" in text
    assert "drawn by the gateway" in text
    own = msgspec.structs.replace(told.draw.ticket, commitment="ab" * 32)
    drawn = msgspec.structs.replace(told.draw, ticket=own, excluded=())
    text = words(evidence(msgspec.structs.replace(told, draw=drawn), 100, 0).rows)
    assert "the client's own" in text and "left out: nobody" in text
    older = msgspec.structs.replace(told.draw, ticket=msgspec.structs.replace(own, slot=-1))
    assert "left out" not in words(evidence(msgspec.structs.replace(told, draw=older), 100, 0).rows)


@given(st.sampled_from(range(20)))
def test_one_wrong_check_breaks_its_stage_and_is_named(place: int) -> None:
    told = detail(REJECTED)
    place %= len(told.checks)
    wrong = msgspec.structs.replace(told.checks[place], ok=False)
    checks = (*told.checks[:place], wrong, *told.checks[place + 1 :])
    broken = msgspec.structs.replace(told, checks=checks)
    stage = wrong.name.partition(":")[0]
    assert [s for s in STAGES if standing(s, broken) == "broken"] == [stage]
    assert "all right" not in words(tally_rows(broken, 80)) and wrong.name in words(tally_rows(broken, 80))


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_chain_fits_and_names_every_stage(width: int) -> None:
    row = chain_row(detail(REJECTED), width)
    assert width_of(row) <= width
    assert words([row]).split()[0] == "draw" and words([row]).count("✓") == 5


@given(st.integers(40, 240), st.sampled_from([job(2), job(3), REJECTED, FAILED, *LIVE]), st.booleans())
def test_the_page_keeps_to_its_width_and_names_its_sections(width: int, view: JobView, again: bool) -> None:
    told = detail(view)
    page = evidence(told, width, 0, Again((Check("replay", False, "x" * 900),), "…") if again else None)
    assert {width_of(row) for row in page.rows} == {width}
    assert len(page.starts) == len(STAGES) + again + (width < 116)
    for start, name in zip(page.starts[again:], STAGES, strict=False):
        assert name.capitalize() in words([page.rows[start]])


@pytest.mark.parametrize("view", [job(2), job(3), REJECTED, FAILED, LIVE[1]], ids=lambda v: v.state)
def test_what_is_not_checked_says_why(view: JobView) -> None:
    text = words(evidence(detail(view), 200, 0).rows)
    for check in detail(view).checks:
        if check.ok is None:
            assert f"Not checked. {check.sentence}"[:60] in text


async def open_page(app: QuarterdeckApp, view: JobView) -> JobScreen:
    app.open_job(view.job, view.attempt)
    assert isinstance(app.screen, JobScreen)
    return app.screen


@pytest.mark.parametrize(
    ("view", "seen"),
    [
        (job(3), ("by exact recomputation", "Erased when the answer was accepted")),
        (REJECTED, ("rejected by replay, penalty 640.0 µcr", "13 checks made on this machine, all right")),
        (FAILED, ("! failed", "The engine stopped in the middle of this job.", "result –")),
        (LIVE[1], ("● running, 48 of at most 128 tokens", "result ○")),
    ],
    ids=["accepted", "rejected", "failed", "live"],
)
async def test_each_kind_of_job_says_how_far_it_came(view: JobView, seen: tuple[str, ...]) -> None:
    app = console_on("earning")
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        page = await open_page(app, view)
        await settle(pilot)
        whole = words(page._page_rows(80))
        assert [part for part in seen if part not in whole] == []
        assert view.job in whole


async def test_n_walks_over_the_parts_and_begins_again() -> None:
    app = console_on("earning")
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        screen = await open_page(app, REJECTED)
        await settle(pilot)
        tops, firsts = [], []
        for _ in range(7):
            await pilot.press("n")
            tops.append(screen.page.top)
            firsts.append(text_of(app).split("\n")[1].strip("─▸ ").split(" ")[0])
        assert firsts[:4] == ["Draw", "Result", "Verdict", "Receipt"]
        assert tops == sorted(tops[: tops.index(0)]) + tops[tops.index(0) :] and 0 in tops


class LiveSource(Replay):
    """A recording that can go on, and whose agent can be made to answer otherwise."""

    def __init__(self) -> None:
        super().__init__(read(RECORDINGS / "earning.jsonl"), speed=0)
        self.answers: dict[str, Iterator[Answer]] = {}
        self.asked: list[str] = []

    async def attach(self) -> AsyncIterator[News]:
        async for news in super().attach():
            yield news

    async def command(self, name: str, args: object = None) -> Answer:  # type: ignore[override]
        self.asked.append(name)
        if name in self.answers:
            return next(self.answers[name])
        return await super().command(name, args)  # type: ignore[arg-type]


def live_app() -> QuarterdeckApp:
    app = QuarterdeckApp(LiveSource(), StillClock(), ScreenConfig())
    app.clock = app.store._clock  # type: ignore[attr-defined]
    return app


def said(value: object, sentence: str = "", ok: bool = True) -> Answer:
    return Answer("", ok, sentence, msgspec.Raw(msgspec.json.encode(value)))


async def test_the_page_follows_a_running_job_and_asks_again_only_when_it_moved_on() -> None:
    app = live_app()
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        screen = await open_page(app, LIVE[1])
        await settle(pilot)
        assert app.source.asked == ["job"]
        more = msgspec.structs.replace(LIVE[1], tokens=96)
        app.store.apply(Delta(2, EARNING.now_ms + 500, JobChanged(more)))
        app.flush()
        await pilot.pause()
        assert "running, 96 of at most 128 tokens" in text_of(app) and app.source.asked == ["job"]
        done = msgspec.structs.replace(
            more, state="accepted", outcome="accepted", mode="recompute_exact", reward=64_000, tokens=128,
            ended_ms=EARNING.now_ms + 900,
        )  # fmt: skip
        app.source.answers["job"] = iter([said(detail(done))])
        app.store.apply(Delta(3, EARNING.now_ms + 1_000, JobChanged(done)))
        app.flush()
        await settle(pilot)
        assert app.source.asked == ["job", "job"] and screen.detail is not None
        assert "accepted by exact recomputation, earned 64.0 µcr" in text_of(app)


async def test_judging_again_shows_what_is_done_and_goes_on_until_it_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("console.tui.screens.job_detail.ASK_EVERY_S", 0.0)
    app = live_app()
    running = said((Check("recompute", None, "Being recomputed."),), "Still being recomputed.")
    over = said((Check("recompute", True, "0 of 126 positions differ, limit 0."),))
    app.source.answers["recompute"] = iter([running, running, over])
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        await open_page(app, REJECTED)
        await settle(pilot)
        await pilot.press("end", "x")
        await settle(pilot)
        assert app.source.asked.count("recompute") == 3
        text = text_of(app)
        assert "✓ recompute" in text and "0 of 126 positions differ" in text and "Still" not in text


@pytest.mark.parametrize(
    ("answer", "seen"),
    [
        (said(None, "This node knows no such attempt of a job.", ok=False), "knows no such attempt"),
        (said({"odd": 1}), "is not understood"),
    ],
)
async def test_an_answer_that_is_none_is_told(answer: Answer, seen: str) -> None:
    app = live_app()
    app.source.answers["recompute"] = iter([answer])
    app.source.answers["job"] = iter([answer])
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        screen = await open_page(app, REJECTED)
        await settle(pilot)
        assert seen in text_of(app) and screen.detail is None
        screen.detail = detail(REJECTED)
        await pilot.press("x")
        await settle(pilot)
        assert seen in text_of(app)


async def test_evidence_of_a_lost_agent_stays_and_looks_old() -> None:
    app = console_on("lost")
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot, later_ms=12_000)
        screen = await open_page(app, REJECTED)
        await settle(pilot)
        assert "Last seen" in text_of(app) and "rejected by replay" in text_of(app)
        assert screen.page._faded


async def test_the_ids_of_the_evidence_can_be_copied() -> None:
    app = console_on("earning")
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        screen = await open_page(app, REJECTED)
        await settle(pilot)
        told = detail(REJECTED)
        assert told.verdict is not None and told.receipt is not None and told.draw is not None
        texts = [thing.text for thing in screen.copyable()]
        wanted = [REJECTED.job, told.verdict.id, told.receipt.transaction.id, told.commitment, told.draw.seed]
        assert [text for text in wanted if text not in texts] == []


@pytest.mark.parametrize("state", ["queued", "running", "result", "answered", "stale", "cancelled"])
def test_no_state_pretends_to_a_tick(state: JobState) -> None:
    view = msgspec.structs.replace(LIVE[1], state=state)
    told = msgspec.structs.replace(detail(view), view=view, checks=())
    assert {standing(stage, told) for stage in STAGES} <= {"to come", "none", "unchecked"}
    assert "Nothing could be checked" in words(tally_rows(told, 80))
