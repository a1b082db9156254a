"""The screen Verification: what it says in each state, what its keys do, and the warning on every screen."""

from __future__ import annotations

import msgspec
import pytest
from doubles.console_double import console_on, settle, text_of
from doubles.outcomes import toasts
from hypothesis import given
from hypothesis import strategies as st

from console.control.limits import LimitView
from console.control.network import NetworkView
from console.control.state import NodeState, VerdictView
from console.control.wire import Snapshot
from console.protocol.ids import JobId
from console.protocol.reasons import reason
from console.protocol.types import Policy
from console.tui.rows import width_of
from console.tui.screens.rooms import ROOMS
from console.tui.store import View
from console.tui.views import limits, margins, verdict_card, verification
from console.tui.views.frame import Frame
from console.tui.views.status import notice_rows
from console.tui.views.verdicts import verdict_row

POLICY = Policy(audit_ppm=100_000)
COMPACT, ROOMY = (80, 24), (120, 40)
WARNING = "One more rejected answer suspends"


def view_of(state: NodeState, **changes: object) -> View:
    return View(msgspec.structs.replace(state, **changes), 1_000_000, "attached")


def verdict(number: int = 1, **changes: object) -> VerdictView:
    base = VerdictView(JobId(f"{number:032x}"), 1, 900_000, "accepted", "recompute_exact", 64, 0, -1, "")
    return msgspec.structs.replace(base, **changes)


def words(rows: object) -> str:
    return "\n".join("".join(span.text for span in row) for row in rows)  # type: ignore[attr-defined]


async def test_verdicts_are_confined_by_a_key_and_escape_shows_all() -> None:
    app = console_on("earning")
    async with app.run_test(size=ROOMY) as pilot:
        await settle(pilot)
        await pilot.press("3")
        assert "Verdicts 57" in text_of(app) and "Chosen f33280" in text_of(app)
        await pilot.press("o")
        assert "Verdicts, rejected only: 1 of 57" in text_of(app)
        assert "Chosen 660d8a" in text_of(app) and "1 of 126 differ, limit 0" in text_of(app)
        await pilot.press("o")
        assert "Verdicts, audited only: 18 of 57" in text_of(app)
        await pilot.press("escape")
        assert app.room == "verification" and "Verdicts 57" in text_of(app)
        await pilot.press("escape")
        assert app.room == "deck"


@pytest.mark.parametrize(("key", "judged"), [("enter", False), ("x", True)])
async def test_a_verdict_opens_its_evidence_and_x_judges_it_again(key: str, judged: bool) -> None:
    app = console_on("earning")
    async with app.run_test(size=ROOMY) as pilot:
        await settle(pilot)
        await pilot.press("3", "o", key)
        await settle(pilot)
        assert app.room == "job" and "rejected by replay" in text_of(app)
        assert ("Judged again on this machine" in text_of(app)) is judged
        assert ("1 of 126 tokens differ, limit 0; the first is token 31." in text_of(app)) is judged
        await pilot.press("escape")
        assert app.room == "verification" and "rejected only" in text_of(app)


async def test_what_is_not_known_is_not_shown_as_a_figure() -> None:
    app = console_on("fresh")
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        await pilot.press("3", "x")
        text = text_of(app)
        assert "No answer has been judged yet" in text and "No answer has been audited yet" in text
        assert "none judged yet" in text and "Nothing counts against this node" in text
        assert "3 rejected answers within 60 min" in text
        assert app.room == "verification" and "nothing to judge again" in toasts(app)


async def test_figures_of_a_lost_agent_are_dated_and_warn_of_nothing() -> None:
    app = console_on("lost")
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot, later_ms=12_000)
        await pilot.press("3")
        text = text_of(app)
        assert "Last seen 12 s ago" in text and "Verdicts 57" in text and WARNING not in text


@pytest.mark.parametrize("room", ["deck", *ROOMS])
@pytest.mark.parametrize("size", [(60, 16), COMPACT, ROOMY], ids=str)
async def test_a_limit_that_is_near_is_told_on_every_screen(room: str, size: tuple[int, int]) -> None:
    app = console_on("near_limit")
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        app.show(room)
        await settle(pilot)
        assert "2 of 3" in text_of(app) and "One more rejected" in text_of(app)


async def test_the_warning_comes_and_goes_with_the_limit() -> None:
    app = console_on("near_limit")
    async with app.run_test(size=COMPACT) as pilot:
        await settle(pilot)
        assert WARNING in text_of(app)
        state = app.store.view().state
        app.store.apply(Snapshot(9, state.now_ms, msgspec.structs.replace(state, limits=())))
        app.flush()
        await pilot.pause()
        assert WARNING not in text_of(app)


def test_a_suspension_is_not_warned_of_any_more() -> None:
    near = LimitView("suspend_after", "Rejected", 2, 3, "near", "One more suspends.")
    reached = LimitView("other", "Broken off", 5, 5, "reached", "It is full.")
    earning = NodeState(reason=reason("earning"), limits=(near, reached))
    assert "Broken off: 5 of 5" in words(notice_rows(view_of(earning), 80))
    suspended = msgspec.structs.replace(earning, reason=reason("suspended"))
    assert "Broken off" not in words(notice_rows(view_of(suspended), 80))
    calm = msgspec.structs.replace(earning, limits=(msgspec.structs.replace(near, level="calm"),))
    assert notice_rows(view_of(calm), 80) == []


def test_a_limit_says_its_level_in_a_word_and_when_it_eases() -> None:
    for level, word in (("calm", "· calm"), ("near", "! near"), ("reached", "▲ reached")):
        limit = LimitView("r", "Rejected", 1, 3, level, "What happens.", 1_000_000 + 90_000)  # type: ignore[arg-type]
        text = words(limits.limits(view_of(NodeState(limits=(limit,))), Frame(38, 6)))
        assert word in text and "1 of 3" in text and "What happens. Eases in 90 s." in text


def test_of_several_limits_the_most_pressing_stands_first_with_its_words() -> None:
    calm = LimitView("a", "Broken off", 1, 9, sentence="Nine are too many.")
    near = LimitView("b", "Rejected", 2, 3, "near", "One more suspends the node.")
    drawn = limits.limits(view_of(NodeState(limits=(calm, near))), Frame(60, 6))
    text = words(drawn)
    assert text.index("Rejected") < text.index("Broken off") and len(drawn) <= 6
    assert "One more suspends" in text and "Nine are" not in text


def test_the_audit_rate_is_the_networks_word_or_none() -> None:
    def told(**changes: object) -> str:
        network = NetworkView(**changes)  # type: ignore[arg-type]
        return words(verification.acceptance(view_of(NodeState(), network=network), Frame(40, 6)))

    assert "not known yet" in told()
    assert "the network does not say; usual 10 %" in told(policy=POLICY)
    assert "10 %     of its answers" in told(policy=POLICY, audit_ppm=100_000)
    assert "100 %    7 to go, then 10 %" in told(policy=POLICY, audit_ppm=1_000_000, probation_left=7)
    assert "35 %     where 10 % is usual" in told(policy=POLICY, audit_ppm=350_000)


@pytest.mark.parametrize("width", range(30, 44))
def test_the_rate_that_follows_is_told_whole_or_not(width: int) -> None:
    network = NetworkView(policy=POLICY, audit_ppm=1_000_000, probation_left=10)
    text = words(verification.acceptance(view_of(NodeState(), network=network), Frame(width, 6)))
    assert "10 to go" in text and ("then 10 %" in text) == ("then" in text)


@given(st.integers(24, 80), st.integers(0, 99_999), st.booleans())
def test_the_decks_verdict_never_shows_half_a_count(width: int, count: int, chosen: bool) -> None:
    one = verdict(1, tokens_checked=count)
    line = verdict_row(one, 1_000_000, width, chosen)
    assert width_of(line) == width
    if width >= 48:
        assert f" {count}/{count} " in words([line]) + " "


def test_the_deck_at_120_cells_has_room_for_a_whole_audit() -> None:
    assert "accepted exact 128/128" in words(
        [verdict_row(verdict(1, tokens_checked=128), 1_000_000, 42, False)]
    )
    aligned = words([verdict_row(verdict(1, tokens_checked=128), 1_000_000, 50, False)])
    assert "accepted exact       128/128" in aligned


def test_no_mode_is_said_to_hold_while_a_token_differs() -> None:
    good, bad = verdict(1), verdict(2, mode="replay", mismatches=2, first_mismatch=5, outcome="rejected")
    found = margins.margins_of([good, bad, verdict(3, mode="not_audited", tokens_checked=0)])
    assert [(m.mode, m.audits, m.tokens, m.differ, m.worst) for m in found] == [
        ("recompute_exact", 1, 64, 0, 0),
        ("replay", 1, 64, 2, 2),
    ]
    text = words(margins.margins(view_of(NodeState(verdicts=(good, bad))), Frame(40, 12)))
    assert "✓ exact" in text and "✗ replay" in text


def test_no_mode_is_said_to_hold_while_an_answer_was_rejected_by_it() -> None:
    bad = verdict(1, mode="structure", outcome="rejected")
    text = words(margins.margins(view_of(NodeState(verdicts=(bad,))), Frame(40, 12)))
    assert "✗ structure" in text and "✓" not in text


def test_nothing_is_ticked_while_the_networks_limits_are_not_known() -> None:
    unknown, lenient = NodeState(), NodeState(network=NetworkView(policy=Policy(suspend_after=0)))
    text = words(limits.limits(view_of(unknown), Frame(60, 6)))
    assert "✓" not in text and "not known yet" in text and "not known yet" in words([limits.brief(unknown)])
    assert "suspends nobody" in words(limits.limits(view_of(lenient), Frame(60, 6)))


def test_a_verdict_line_says_what_differs_where() -> None:
    bad = verdict(mismatches=3, first_mismatch=17, outcome="rejected", sentence="Not the model's logits.")
    wide = words([verification.verdict_line(bad, 1_000_000, 118, False)])
    assert "✗ rejected" in wide and "3 @17" in wide and "Not the model's logits." in wide
    skipped = verdict(mode="not_audited", tokens_checked=0)
    assert "not audited —" in words([verification.verdict_line(skipped, 1_000_000, 79, False)])


@given(st.lists(st.integers(1, 4096), max_size=60), st.integers(1, 40))
def test_every_audit_is_in_one_step_of_the_histogram(values: list[int], count: int) -> None:
    counts, top = margins.buckets(values, count)
    assert sum(counts) == len(values) and len(counts) == count
    assert top >= max((*values, count))


@given(st.lists(st.integers(1, 4096), min_size=1, max_size=200), st.integers(24, 120), st.integers(3, 12))
def test_a_histogram_keeps_to_its_room_and_hides_no_audit(values: list[int], width: int, height: int) -> None:
    rows = margins.histogram(values, width, height)
    assert len(rows) == height and max(width_of(row) for row in rows) <= width
    counts, _ = margins.buckets(values, min(margins.BUCKETS, width - len(f"{len(values)}") - 1))
    lowest = rows[-3][1].text
    cell = len(lowest) // len(counts)
    assert [mark != " " for mark in lowest[::cell]] == [number > 0 for number in counts]


HOSTILE = "\x1b[31m[bold]\u202e" + "x" * 5000 + "\x00"


@given(st.integers(24, 220), st.booleans())
def test_a_hostile_sentence_stays_in_its_cell(width: int, chosen: bool) -> None:
    bad = verdict(outcome="rejected", mode="replay", mismatches=1, first_mismatch=1, sentence=HOSTILE)
    line = verification.verdict_line(bad, 1_000_000, width, chosen)
    assert width_of(line) == width
    card = verdict_card.card(bad, view_of(NodeState(verdicts=(bad,))), Frame(width, 12))
    drawn = words([line, *card])
    assert "\x1b" not in drawn and "\u202e" not in drawn and "\x00" not in drawn
    assert all(width_of(row) <= width for row in card)
