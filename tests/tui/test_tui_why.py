"""Why: the reason with its remedy, and how the time was spent."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from doubles.console_double import RECORDINGS, console_on, settle, text_of
from hypothesis import given
from hypothesis import strategies as st

from console.control.recording import read
from console.control.state import NodeState
from console.control.timeline import LETTERS, DayTime
from console.control.witnessed import Said
from console.protocol.ids import EvidenceId, JobId
from console.protocol.reasons import CODES, reason
from console.settings.config import ScreenConfig
from console.tui.rows import to_ascii, width_of
from console.tui.screens.penalty import PenaltyScreen
from console.tui.screens.rooms import ROOMS
from console.tui.screens.telling import Telling
from console.tui.store import Phase, View
from console.tui.views import spells, timeline, way_back, why
from console.tui.views.frame import Frame
from console.tui.views.status import notice_rows

replace = msgspec.structs.replace
NOW = 1_763_820_000_000
COMPACT = (80, 24)


def state_of(name: str) -> NodeState:
    return next(
        one.message.state for one in read(RECORDINGS / f"{name}.jsonl") if hasattr(one.message, "state")
    )


def plain(view: View, width: int = 78) -> str:
    return "\n".join("".join(span.text for span in one) for one in why.why_rows(view, width, 0))


@pytest.mark.parametrize("code", CODES)
def test_every_reason_says_what_it_means_what_to_do_and_whose_fault_it_is(code: str) -> None:
    state = replace(state_of("earning"), reason=reason(code, since_ms=NOW - 60_000, evidence="by ada"))
    said = " ".join(plain(View(state, NOW, "attached"), 200).split())
    label, sentence, remedy = CODES[code]
    assert label in said and sentence in said and (remedy or "Nothing.") in said
    assert "for 60 s, since 13:59:00" in said and why.fault_words(code) in said
    assert why.room_of(code) in ROOMS


def test_a_reason_of_a_newer_agent_is_shown_as_it_came() -> None:
    odd = replace(reason("paused"), code="tide_out", sentence="The tide is\x1b[2J out.", remedy="")
    said = plain(View(replace(state_of("earning"), reason=odd), NOW, "attached"))
    assert "TIDE OUT" in said and "The tide is[2J out." in said
    assert spells.words_of("tide_out")[0] and why.room_of("tide_out") == "events"


def test_whose_fault_it_is() -> None:
    assert "not yours" in why.fault_words("coordinator_down")
    assert "Nobody" in why.fault_words("lost_draws") and "Nobody" in why.fault_words("paused")
    assert "This node" in why.fault_words("engine_down")


@given(st.text("eipd. x", max_size=1600), st.integers(1, 250))
def test_the_strip_has_a_cell_for_each_stretch_of_the_day(minutes: str, width: int) -> None:
    letters = timeline.cells(minutes, width)
    size = timeline.minutes_in_cell(width)
    assert len(letters) == 1440 // size <= max(width, 6)
    kept = minutes[-1440:].rjust(1440)
    for place, letter in enumerate(letters):
        there = kept[place * size : (place + 1) * size]
        known = [one for one in there if one in "eipd."]
        if "d" in there:
            assert letter == "d"
        elif known:
            assert known.count(letter) == max(known.count(one) for one in known)
        else:
            assert letter == " "
    assert width_of(timeline.strip_row(letters)) == len(letters)


def test_the_legend_counts_what_the_strip_shows_and_no_more() -> None:
    state = state_of("earning")
    young = replace(state.timeline, minutes="." * 1380 + "e" * 50 + "d" * 10)
    rows = timeline.strip(View(replace(state, timeline=young), NOW, "attached"), Frame(80, 4), 0)
    said = " ".join("".join(span.text for span in one) for one in rows)
    assert "Last hour" in said and "earning 50 min" in said and "down 10 min" in said and "off 0 min" in said


def test_the_kinds_are_told_apart_without_colour_and_without_unicode() -> None:
    glyphs = [glyph for glyph, _ in timeline.KINDS.values()]
    assert len(set(glyphs)) == len(glyphs) == len(LETTERS)
    plain_row = to_ascii(timeline.strip_row("eipd."))
    drawn = "".join(span.text for span in plain_row)
    assert drawn.isascii() and len(set(drawn)) == 5


@given(
    st.sampled_from([36, 48, 72, 96, 144, 180]), st.integers(0, 10**13), st.integers(-14 * 3600, 14 * 3600)
)
def test_hours_stand_below_their_own_cell(count: int, end_ms: int, zone_s: int) -> None:
    end_ms -= end_ms % 60_000
    line = "".join(span.text for span in timeline.hours_row(count, end_ms, zone_s))
    each_ms = 86_400_000 // count
    assert len(line) <= count and line.split()
    for word in line.split():
        place = line.index(word)
        starts = end_ms + zone_s * 1000 - (count - place) * each_ms
        hour = int(word[:2]) * 3_600_000
        assert (hour - starts) % 86_400_000 < each_ms


def test_what_a_day_does_not_name_it_was_off() -> None:
    day = DayTime("2025-11-22", earning_s=3600, idle_s=1800)
    assert spells.seconds_of(day, "off") == 86_400 - 5_400 and spells.seconds_of(day, "down") == 0


async def test_why_shows_reason_strip_month_and_spells() -> None:
    app = console_on("suspended")
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("w")
        await settle(pilot)
        shown = text_of(app)
        for words in ("SUSPENDED", "ee8250fb76e0", "Last 24 hours", "15 min", "30 days", "Spells 9"):
            assert words in shown
        assert shown.count("3 rejected answers within an hour") == 1


async def test_enter_tells_what_a_spell_meant() -> None:
    app = console_on("earning")
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        await pilot.press("w", "down", "enter")
        await settle(pilot)
        assert isinstance(app.screen, Telling)
        assert "the draw fell on other nodes" in text_of(app) and "13:42:00 to 13:48:00: 6 min" in text_of(
            app
        )
        await pilot.press("escape")
        assert app.room == "why"


@pytest.mark.parametrize(
    ("name", "room"), [("network_down", "network"), ("engine_down", "events"), ("fresh", "network")]
)
async def test_e_opens_what_the_reason_rests_on(name: str, room: str) -> None:
    app = console_on(name)
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        await pilot.press("w", "e")
        await settle(pilot)
        assert app.room == room


async def test_a_suspension_leads_to_the_penalty_behind_it() -> None:
    app = console_on("suspended")
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        await pilot.press("w", "e")
        await settle(pilot)
        assert isinstance(app.screen, PenaltyScreen)
        assert app.screen.found == state_of("suspended").earnings.penalties[0]


async def test_the_notice_names_the_key_that_says_why() -> None:
    app = console_on("paused")
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        assert "w why" in text_of(app)
    remapped = console_on("paused", ScreenConfig(keys={"why": "W"}))
    async with remapped.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        assert "W why" in text_of(remapped)
    earning = console_on("earning")
    async with earning.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        assert "w why" not in text_of(earning)


async def test_the_deck_shows_the_strip_where_it_has_room() -> None:
    for size, shown in (((120, 40), True), (COMPACT, False)):
        app = console_on("earning")
        async with app.run_test(size=size) as pilot:
            await settle(pilot)
            assert ("Last 24 hours" in text_of(app)) is shown


SUSPENDED = state_of("suspended")


def changed(state: NodeState = SUSPENDED, **network: Any) -> View:
    told = replace(state.network, **network)
    return View(replace(state, network=told), state.now_ms, "attached")


def test_the_way_back_from_a_suspension_is_told_step_by_step() -> None:
    told = plain(changed())
    for words in (
        "3 rejected: ",
        "Wait 50 min, until 14:50:00",
        "✓ The engine has loaded and generated",
        "Probation anew for 10 accepted answers",
        "Bond 0 cr of 500.0 µcr: 50 % of each reward",
    ):
        assert words in told  # fmt: skip
    assert [step.glyph for step in way_back.steps(changed(), 0)] == ["◌", "✓", "○", "○"]


def test_only_rejections_of_this_suspension_are_its_cause() -> None:
    jobs = [one.job for one in way_back.counted(changed())]
    assert jobs == [one.job for one in SUSPENDED.earnings.penalties[:3]]
    later = replace(SUSPENDED.reason, until_ms=SUSPENDED.reason.until_ms + 7_200_000)
    other = View(replace(SUSPENDED, reason=later), SUSPENDED.now_ms, "attached")
    assert way_back.counted(other) == []
    assert "not in this node's journal" in plain(other)


def test_answers_that_were_judged_after_the_suspension_are_not_its_cause() -> None:
    """They were under way when it began; the reason names the verdict that was one too many."""
    penalties = SUSPENDED.earnings.penalties
    late = replace(penalties[0], job=JobId("ab" * 16), evidence=EvidenceId("late"), at_ms=SUSPENDED.now_ms)
    earnings = replace(SUSPENDED.earnings, penalties=(late, *penalties))
    view = View(replace(SUSPENDED, earnings=earnings), SUSPENDED.now_ms, "attached")
    assert way_back.counted(view) == list(penalties[:3])


def test_a_step_that_is_behind_the_node_has_a_tick() -> None:
    state = replace(
        SUSPENDED,
        reason=replace(SUSPENDED.reason, until_ms=SUSPENDED.now_ms),
        engine=replace(SUSPENDED.engine, state="loading"),
        money=replace(SUSPENDED.money, bond_target=0),
    )
    told = list(way_back.steps(View(state, state.now_ms, "attached"), 0))
    assert [step.glyph for step in told] == ["✓", "◌", "○", "✓"]
    assert "now it is loading" in told[1].words
    unknown = changed(state, policy=None)
    assert len(list(way_back.steps(unknown, 0))) == 2, "without rules nothing is said of probation and bond"


async def test_health_and_the_wait_stand_on_the_smallest_screen_too() -> None:
    app = console_on("suspended")
    async with app.run_test(size=(60, 16)) as pilot:
        await settle(pilot)
        await pilot.press("w")
        await settle(pilot)
        assert "last paid 4 s ago" in text_of(app).partition("Health")[2]
        assert "Wait 50 min, until 14:50:00" in text_of(app)


def test_there_is_no_way_back_from_anything_else() -> None:
    assert way_back.way_back_rows(View(state_of("paused"), NOW, "attached"), 78, 0) == []


def test_a_reason_says_who_gives_it() -> None:
    assert "the network, in its signed receipts, since 13:50:00" in plain(changed())
    assert SUSPENDED.network.said is not None
    assert "in answer to the sign-in" in plain(changed(said=replace(SUSPENDED.network.said, signed=False)))
    assert "this machine" in plain(View(state_of("engine_down"), NOW, "attached"))
    assert "Said by" not in plain(View(state_of("earning"), NOW, "attached"))


@pytest.mark.parametrize(
    "code", ["paused", "engine_down", "schedule", "user_active", "thermal", "clock_skew"]
)
def test_an_echo_of_a_heartbeat_is_not_the_networks_word(code: str) -> None:
    echo = Said(code, CODES[code][1], evidence="ready", signed=True)
    own = replace(state_of("paused"), reason=reason(code))
    told = plain(changed(own, said=echo))
    assert "this machine" in told and "the network," not in told and "too:" not in told
    assert "too:" not in plain(changed(state_of("engine_down"), said=replace(echo, code="on_battery")))
    assert "the network, in its signed receipts" in plain(changed(own, said=replace(echo, evidence="rule")))


def test_what_a_network_that_is_away_held_against_the_node_is_not_told_of_today() -> None:
    paused, said = state_of("paused"), SUSPENDED.network.said
    assert said is not None
    away = replace(paused, network=replace(paused.network, state="connecting"))
    assert "too:" not in plain(changed(away, said=said))
    assert "too:" in plain(changed(away, said=replace(said, signed=False))), "the answer to the last sign-in"


def test_what_the_network_holds_against_a_paused_node_is_told_too() -> None:
    told = " ".join(plain(changed(state_of("paused"), said=SUSPENDED.network.said)).split())
    assert "says SUSPENDED too: The network suspended this node" in told and "Until 14:50:00" in told


@pytest.mark.parametrize(
    ("lived", "window"), [(0, 60), (1, 60), (60, 60), (61, 180), (700, 720), (721, 1440), (1440, 1440)]
)
def test_a_young_nodes_strip_shows_no_more_than_it_has_lived(lived: int, window: int) -> None:
    minutes = "." * (1440 - lived) + "e" * lived
    assert timeline.window_of(minutes) == window
    shown = timeline.cells(minutes, 70, window)
    assert len(shown) <= 70 and shown.count("e") >= min(lived, 1) and set(shown) <= set("e.")


@pytest.mark.parametrize("width", [60, 80])
def test_a_long_sentence_does_not_push_the_next_try_off_the_notice(width: int) -> None:
    sentence = (
        "The engine stopped. The engine was killed (kill -9, or the system's out-of-memory killer). " * 2
    )
    down = reason("engine_down", sentence=sentence, since_ms=NOW - 21_000, until_ms=NOW + 12_000)
    rows = notice_rows(View(replace(state_of("earning"), reason=down), NOW, "attached"), width)
    said = ["".join(span.text for span in one) for one in rows]
    assert "…" in said[1] and said[1].endswith(" · for 21 s, next try in 12 s")
    assert all(width_of(one) <= width for one in rows)


@pytest.mark.parametrize("phase", ["lost", "silent", "recalled"])
def test_an_agent_out_of_reach_is_itself_the_reason(phase: Phase) -> None:
    paused = replace(state_of("earning"), reason=reason("paused", since_ms=NOW - 60_000))
    gone = "No agent is running here. Start it with `quarterdeck agent start`."
    said = plain(View(paused, NOW, phase, 20_000, gone), 120)
    head = said.splitlines()[0]
    assert "PAUSED" not in head and "last seen 20 s ago" in head
    assert "`quarterdeck agent start`" in said and "Press p" not in said
    assert "Before    PAUSED, at 14:00:00: You paused this node." in said
    assert "PAUSED" in plain(View(paused, NOW, "ended", 20_000, "The recording is over.")).splitlines()[0]
