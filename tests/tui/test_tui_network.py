"""Network: the picture of the draws, what it means, and what is shown when little is known."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from doubles.console_double import console_on, settle, text_of
from doubles.network_states import EARNING, NOW, STATES, console_in, networked
from hypothesis import given
from hypothesis import strategies as st

from console.control.events import NetworkChanged
from console.control.network import NetworkView
from console.control.state import NodeState
from console.control.wire import Delta
from console.control.witnessed import KeptEvidence, Said
from console.fairness import band95
from console.protocol.types import Policy
from console.tui.rows import Row, fit, width_of
from console.tui.store import View
from console.tui.views import network
from console.tui.views.frame import Frame
from console.tui.views.network_coordinator import coordinator_content
from console.tui.views.network_draws import draws_content
from console.tui.views.network_evidence import evidence_content
from console.tui.views.network_picture import picture, standing_of
from console.tui.views.network_rules import rules, rules_content, share
from console.tui.widgets.panel import Panel

counts = st.integers(0, 10**15)


def view_of(state: NodeState, **changes: Any) -> View:
    return View(state, state.now_ms, **{"phase": "attached", **changes})


def lines(rows: list[Row]) -> list[str]:
    return ["".join(span.text for span in row) for row in rows]


@given(counts, counts, counts, st.integers(14, 220), st.integers(0, 20))
def test_the_picture_puts_the_wins_where_the_band_says_and_stays_within_its_width(
    won: int, expected_milli: int, variance_milli: int, width: int, tall: int
) -> None:
    seen = NetworkView(draws=1, won=won, expected_milli=expected_milli, variance_milli=variance_milli)
    standing = standing_of(seen)
    rows = [fit(row, width) for row in picture(standing, width, tall)]
    assert all(width_of(row) <= width for row in rows)
    axis = lines(rows)[-2]
    at, left, right = axis.index("●"), axis.find("├"), axis.find("┤")
    if standing.place == "inside":
        assert (left == -1 or left < at) and (right == -1 or at < right)
    elif left >= 0 and right >= 0:
        assert at < left if standing.place == "below" else at > right


@given(st.integers(0, 400), st.integers(1, 400), st.integers(2, 9))
def test_inside_below_and_above_are_those_of_the_published_band(won: int, draws: int, size: int) -> None:
    expected, variance = 1000 * draws // size, 1000 * draws * (size - 1) // size**2
    seen = NetworkView(draws=draws, won=won, expected_milli=expected, variance_milli=variance)
    low, high = band95(expected, variance)
    assert (standing_of(seen).place == "inside") is (low <= won <= high)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("below", ("! Below the band", "fewer than 1 of 40", "operator")),
        ("far_below", ("✗ Far below the band", "fewer than 1 of 1,000")),
        ("above", ("! Above the band", "fewer than 1 of 40")),
        ("few", ("Inside the band", "rough")),
        ("alone", ("no chance in it",)),
    ],
)
def test_what_the_draws_mean_is_said(state: str, words: tuple[str, ...]) -> None:
    said = " ".join(lines(draws_content(view_of(STATES[state]), 120, 20)))
    assert all(word in said for word in words), said


def test_proofs_are_counted_and_a_wrong_one_is_loud() -> None:
    job = EARNING.jobs[4]
    wrong = msgspec.structs.replace(
        EARNING, jobs=(msgspec.structs.replace(job, draw_ok=False), *EARNING.jobs[:4], *EARNING.jobs[5:])
    )
    for width, height in ((120, 20), (79, 5)):
        assert "right" in lines(draws_content(view_of(EARNING), width, height))[-1]
        said = draws_content(view_of(wrong), width, height)[-1]
        assert "wrong" in lines([said])[0].lower() and any(span.role == "bad" for span in said)


@given(
    st.builds(Policy, *(counts for _ in msgspec.structs.fields(Policy))),
    st.none() | counts,
    st.none() | st.integers(0, 1_000_000),
    st.integers(20, 200),
)
def test_every_rule_of_whatever_policy_is_words_within_the_width(
    policy: Policy, left: int | None, audit_ppm: int | None, width: int
) -> None:
    state = networked(policy=policy, probation_left=left, audit_ppm=audit_ppm)
    said = dict(rules(policy, state.network))
    assert len(said) == 12 and all(words.endswith(".") for words in said.values())
    assert ("Now:" in said["Audits"]) is (audit_ppm is not None)
    assert all(width_of(row) <= width for row in rules_content(view_of(state), width))


def test_rules_tell_the_published_figures() -> None:
    said = dict(rules(Policy(), STATES["probation"].network))
    assert said["Price"] == "0.700 µcr per token, prompt and answer: 700.0 µcr per 1,000."
    assert said["Reward"] == "0.500 µcr of that per token for the node: 500.0 µcr per 1,000."
    assert "first 10 accepted answers: every answer; then 5 % of answers" in said["Audits"]
    assert "Cheating pays below 4.81 %, with a full bond" in said["Audits"]
    assert "Now: every answer, 7 to go." in said["Audits"]
    assert "costs 20 ×" in said["Rejected"] and "3 rejected answers within 60 min" in said["Suspension"]
    assert dict(rules(Policy(suspend_after=0), EARNING.network))["Suspension"].startswith("None")
    assert dict(rules(Policy(holdback_percent=0), EARNING.network))["Bond"].startswith("None")
    assert [share(ppm) for ppm in (0, 500, 25_000, 1_000_000)] == [
        "no answer", "0.05 % of answers", "2.5 % of answers", "every answer",
    ]  # fmt: skip


@pytest.mark.parametrize("state", [*STATES, "fresh", "network_down", "suspended"])
@given(width=st.integers(20, 220), height=st.integers(0, 40))
def test_no_state_draws_beyond_its_room(state: str, width: int, height: int) -> None:
    from doubles.network_states import recorded

    view = view_of(STATES[state] if state in STATES else recorded(state))
    rows = [
        *draws_content(view, width, height),
        *network.groups_content(view, width),
        *network.roster_content(view, width),
        *coordinator_content(view, width, 0, height),
        *network.page_content(view, width, 0),
        *evidence_content(view, width, height),
    ]
    assert all(width_of(row) <= width for row in rows)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("older_coordinator", ("does not tell of its groups", "not known")),
        ("many_groups", ("Groups · ", "more below")),
        ("probation", ("every answer, 7 to go",)),
        ("troubled", ("10 min ago: No connection: the line broke", "5 sign-ins")),
        ("refused", ("sign-in refused", "next try in 25 s", "in use on another line")),
        ("offline", ("not signed in", "No network is chosen", "come with the first sign-in", "No draw yet")),
        ("unlisted", ("○ no: not listed", "no draw falls on it", "0.8 tokens/s")),
        ("paused_until", ("until Sun 23 Nov 08:00", "ends in 18 h 00")),
        ("alone", ("Nobody asked in the last minute", "1 of 1")),
    ],
)
@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50)])
async def test_each_state_says_what_an_operator_must_know(
    state: str, words: tuple[str, ...], size: tuple[int, int]
) -> None:
    app = console_in(STATES[state])
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await pilot.press("7")
        await settle(pilot)
        panels = [panel for panel in app.screen.query(Panel) if panel.region.area and panel._rows]
        said = " ".join(" ".join(lines(panel._rows)).replace("│", " ") for panel in panels)
        assert all(word in " ".join(said.split()) for word in words), (words, text_of(app))


async def test_a_lost_connection_dates_what_was_told() -> None:
    app = console_on("network_down")
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("7")
        await settle(pilot)
        text = text_of(app)
        assert "As told 97 s ago" in text and "no connection for 95 s, next try in 4 s" in text
        assert "Your chance" not in text and "214 won" in text


async def test_the_rules_take_the_screen_and_escape_gives_it_back() -> None:
    app = console_on("earning")
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("7")
        await pilot.pause()
        assert "more below" in text_of(app) and "committed to before" not in text_of(app)
        await pilot.press("r")
        await pilot.pause()
        assert "committed to before" in text_of(app) and "214 won" not in text_of(app)
        await pilot.press("escape")
        await pilot.pause()
        assert app.room == "network" and "214 won" in text_of(app)
        await pilot.press("end")
        await pilot.pause()
        assert "committed to before" in text_of(app) and "more below" not in text_of(app)


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (120, 40)])
async def test_the_keyboard_is_only_ever_where_something_is_shown(size: tuple[int, int]) -> None:
    app = console_on("earning")
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        await pilot.press("7")
        await pilot.resize_terminal(*size)
        await pilot.pause()
        seen = set()
        for _ in range(8):
            assert app.focused is not None and app.focused.region.area
            seen.add(app.focused.id)
            await pilot.press("tab")
        panels = {"rules", "draws", "groups", "roster", "coordinator", "evidence"}
        assert seen == ({"network"} if size == (60, 16) else panels)
        if size == (60, 16):
            await pilot.press("end")
            await pilot.pause()
            assert "committed to before" in text_of(app)


async def test_a_first_draw_makes_room_for_its_picture() -> None:
    app = console_on("fresh")
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("7")
        await pilot.pause()
        assert "No draw yet" in text_of(app) and "●┤" not in text_of(app)
        state = app.store.view().state
        drawn = msgspec.structs.replace(state.network, draws=1, won=1, expected_milli=250, variance_milli=187)
        app.store.apply(Delta(9, NOW, NetworkChanged(drawn)))
        app.flush()
        await pilot.pause()
        assert "1 won of 1 draws" in text_of(app) and "you 1" in text_of(app)


async def test_one_receipt_changes_a_few_cells_only() -> None:
    app = console_on("earning")
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("7")
        await settle(pilot)
        before = text_of(app).split("\n")
        seen = app.store.view().state.network
        receipt = msgspec.structs.replace(
            seen, slot=2696, receipts=2689, receipts_listed=2672, receipt_ms=NOW, draws=843,
            expected_milli=209_550, variance_milli=157_187,
        )  # fmt: skip
        app.store.apply(Delta(9, NOW, NetworkChanged(receipt)))
        app.flush()
        await pilot.pause()
        after = text_of(app).split("\n")
        changed = [i for i, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]
        assert changed and len(changed) <= 5


HOSTILE = "[bold]x[/]\x1b[2J\x07\u202e\x00" + "漢" * 10_000


async def test_a_hostile_coordinators_words_stay_in_their_cells() -> None:
    groups = tuple(msgspec.structs.replace(group, name=HOSTILE) for group in EARNING.network.groups)
    evil = networked(groups=groups, name=HOSTILE, coordinator=HOSTILE, coordinator_key=HOSTILE)
    for size in ((80, 24), (120, 40), (60, 16)):
        app = console_in(evil)
        async with app.run_test(size=size) as pilot:
            await settle(pilot)
            await pilot.press("7")
            await settle(pilot)
            text = text_of(app)
            assert not any(char in text for char in "\x1b\x07\u202e\x00")
            assert "214 won" in text and "2,688, listed in 99.3 %" in text


def told_of(state: NodeState, width: int = 57) -> str:
    return "\n".join(lines(evidence_content(view_of(state), width)))


def test_the_evidence_that_is_kept_is_counted_and_named_by_its_roots() -> None:
    told = told_of(EARNING)
    for words in (
        "2,670 signed, of 2,673 slots",
        "epoch 9 root 9ea808, 9 epochs kept",
        "slot 2,695 root c6836f",
        "✓ 60 proofs right",
    ):
        assert words in told  # fmt: skip


def test_evidence_that_is_not_there_is_not_made_up() -> None:
    bare = networked(kept=KeptEvidence(), seeds_root="", roster_root="")
    told = told_of(msgspec.structs.replace(bare, jobs=()))
    for words in ("none on the disk yet", "no commitment told yet", "none in a receipt yet", "none won yet"):
        assert words in told
    assert "none yet" in told_of(networked(kept=KeptEvidence(), receipts=0))


def test_the_evidence_in_one_row_fits_80_columns() -> None:
    [told] = lines(evidence_content(view_of(EARNING), 79, 1))
    assert told.strip() == "✓ 60 proofs right · 2,670 receipts of 2,673 slots · epoch 9 seeds 9ea808"
    bare = networked(kept=KeptEvidence(), seeds_root="")
    assert "no receipt" in lines(evidence_content(view_of(bare), 79, 1))[0]


@pytest.mark.parametrize("state", ["suspended", "network_down", "paused", "earning", "fresh"])
async def test_the_rules_keep_a_row_under_every_notice(state: str) -> None:
    app = console_on(state)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("7")
        await settle(pilot)
        assert app.screen.query_one("#rules").region.height >= 2


@pytest.mark.parametrize(("slot", "whole"), [(2_695, True), (897_849_572, False)])
def test_the_rosters_title_is_never_cut(slot: int, whole: bool) -> None:
    title = lines(network.roster(view_of(networked(slot=slot)), Frame(35, 7)))[0]
    assert "…" not in title and f"slot {slot:,}" in title and ("epoch 9" in title) is whole


def test_a_wrong_proof_is_loud_among_the_evidence() -> None:
    wrong = msgspec.structs.replace(EARNING.jobs[5], draw_ok=False)
    state = msgspec.structs.replace(EARNING, jobs=(wrong, *EARNING.jobs[6:]))
    assert "WRONG" in told_of(state)


def test_what_the_network_says_of_the_node_stands_in_its_own_words() -> None:
    said = "\n".join(lines(network.roster_content(view_of(STATES["unlisted"]), 90)))
    assert "NOT LISTED: This node gave 0.8 tokens/s; the group asks for 1." in said
    assert "nothing against it" in "\n".join(lines(network.roster_content(view_of(EARNING), 40)))
    offline = "\n".join(lines(network.roster_content(view_of(STATES["offline"]), 40)))
    assert "nothing heard" in offline
    echo = Said("thermal", "This machine is too hot.", evidence="ready", signed=True)
    hot = "\n".join(lines(network.roster_content(view_of(networked(listed=False, said=echo)), 90)))
    assert "nothing against it" in hot and "too hot" not in hot
