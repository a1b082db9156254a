"""A hostile peer's strings on every screen: they change nothing but their own cells.

Every text of a recorded state is replaced, whoever it comes from. What reaches the terminal may hold no
control character, and every row stays exactly as wide as the screen.
"""

from __future__ import annotations

import re
import types
import typing
import unicodedata
from itertools import product
from typing import Any

import msgspec
import pytest
from doubles.console_double import RECORDINGS, settle, text_of
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len, get_character_cell_size
from rich.console import Console

from console.control.recording import Asked, Recorded, read
from console.control.replay import Replay
from console.control.wire import JobDetail, Snapshot
from console.settings.config import ScreenConfig
from console.tui.app import QuarterdeckApp
from console.tui.picture import StillClock
from console.tui.rows import TEXT_LIMIT, clean
from console.tui.screens.rooms import ROOMS

HOSTILE = {
    "markup": "[bold red]x[/] [link=file:///etc/passwd]y[/link] [@click=app.quit]z[/] $x :smile:",
    "escapes": "\x1b[2J\x1b[31m\x1b[?1049l\x1b[10;10Hx\x9b2J\x1bc\x1b[6n",
    "osc": "\x1b]0;title\x07\x1b]52;c;ZXZpbA==\x07\x1b]8;;http://x\x1b\\y\x1b]8;;\x1b\\\x1bP+q544e\x1b\\",
    "bidi": "\u202e\u2066gnp.exe\u2069\u202d \u200f\u061c\u2067abc",
    "joiners": "a\u200d\u200b\u2060\ufeffb \U0001f468\u200d\U0001f469\u200d\U0001f467 "
    "\U0001f1e9\U0001f1ea ❤\ufe0f \U0001f3fb",
    "combining": "Z" + "\u0301\u0489\u0e49\u05b0\u1ab0\u20dd" * 60 + "y",
    "controls": "\x00\x07\x08\x08\x08\r\n\n\t\x0b\x0c\x0e\x1a\x7f\x85\u2028\u2029x\n" * 30,
    "surrogates": "x\ud800\udfff\ud83dy\U000f0000\ue000\uffff\U0010ffff\u0378",
    "wide": "漢字" * 500_000,
    "long": "m" * 1_000_000,
    "words": "ab " * 300_000,
}
NOT_TOLD_BY_PEERS = frozenset(("day", "currency"))
"""What this node's own agent works out, in a form that is reckoned with."""
OPENED = 6
"""Jobs whose evidence is looked at."""
SIZES = ((80, 24), (120, 40), (60, 16), (200, 50), (20, 5))
UNFIT = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Mn", "Me", "Zl", "Zp"))


def poisoned(value: Any, hint: Any, text: str) -> Any:
    """`value` with every free text in it replaced by `text`; words of a fixed set stay."""
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        hint = next((part for part in typing.get_args(hint) if part is not type(None)), hint)
    if isinstance(value, str):
        if isinstance(hint, typing.NewType):
            return identifier(text, value)
        return text if hint is str else value
    if isinstance(value, tuple):
        inner = (typing.get_args(hint) or (Any,))[0]
        return tuple(poisoned(item, inner, text) for item in value)
    if isinstance(value, msgspec.Struct):
        hints = typing.get_type_hints(type(value))
        changed = {
            name: poisoned(getattr(value, name), hints[name], text)
            for name in value.__struct_fields__
            if name not in NOT_TOLD_BY_PEERS
        }
        return msgspec.structs.replace(value, **changed)
    return value


def identifier(text: str, value: str) -> str:
    """Identifiers stay apart from each other, and are long without filling the test's memory."""
    return f"{text[:10_000]}{value}"


def hostile_replay(name: str, text: str, *, evidence: bool) -> Replay:
    """The recording `name` as hostile peers would have it; with the `evidence` of some jobs."""
    told: list[Recorded] = []
    for recorded in read(RECORDINGS / f"{name}.jsonl"):
        message = recorded.message
        if isinstance(message, Snapshot):
            message = poisoned(message, Snapshot, text)
        elif isinstance(message, Asked):
            if not evidence or message.name != "job" or not message.answer.ok or len(told) >= OPENED + 2:
                continue
            message = _answered(message, text)
        told.append(Recorded(recorded.at_ms, message))
    return Replay(told, speed=0)


def _answered(asked: Asked, text: str) -> Asked:
    # What came as JSON holds no lone surrogates: the decoder refuses them.
    sound = text.encode(errors="replace").decode()
    detail = poisoned(msgspec.json.decode(asked.answer.result, type=JobDetail), JobDetail, sound)
    answer = msgspec.structs.replace(
        asked.answer, sentence=text, result=msgspec.Raw(msgspec.json.encode(detail))
    )
    args = {key: identifier(text, str(value)) if key == "job" else value for key, value in asked.args.items()}
    return Asked(asked.name, args, answer)


def console_against(name: str, text: str, *, evidence: bool = False, **settings: Any) -> QuarterdeckApp:
    clock = StillClock()
    app = QuarterdeckApp(hostile_replay(name, text, evidence=evidence), clock, ScreenConfig(**settings))
    app.clock = clock  # type: ignore[attr-defined]
    return app


_CONSOLE = Console(force_terminal=True, color_system="truecolor")


def assert_tame(app: QuarterdeckApp, where: str) -> None:
    """Nothing on the screen but characters with cells of their own, in rows as wide as the screen."""
    size = app.screen.size
    strips = app.screen._compositor.render_strips(size)
    assert len(strips) == size.height, where
    for y, strip in enumerate(strips):
        text = strip.text
        assert strip.cell_length == cell_len(text) == size.width, (where, y, text)
        unfit = {
            hex(ord(c)) for c in text if unicodedata.category(c) in UNFIT or not get_character_cell_size(c)
        }
        assert not unfit, (where, y, unfit)
        styles = [segment.style for segment in strip if segment.style]
        assert not any(style.link for style in styles), (where, y)
        assert "\x1b" not in re.sub(r"\x1b\[[0-9;]*m", "", strip.render(_CONSOLE)), (where, y)


@pytest.mark.parametrize(
    ("kind", "size"),
    [*product(HOSTILE, SIZES[:2]), *product(("wide", "controls"), SIZES[2:])],
    ids=lambda value: value if isinstance(value, str) else "x".join(map(str, value)),
)
async def test_every_room_stays_tame(kind: str, size: tuple[int, int]) -> None:
    app = console_against("earning", HOSTILE[kind])
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        for room in ("deck", *ROOMS):
            app.show(room)
            await settle(pilot)
            assert_tame(app, room)


@pytest.mark.parametrize("kind", ["escapes", "controls", "wide", "surrogates"])
async def test_what_opens_from_a_room_stays_tame(kind: str) -> None:
    app = console_against("earning", HOSTILE[kind])
    async with app.run_test(size=SIZES[1]) as pilot:
        await settle(pilot)
        for room in ("deck", *ROOMS):
            app.show(room)
            await pilot.press("down", "enter")
            await settle(pilot)
            assert_tame(app, f"what {room} opens")
            await pilot.press("escape", "question_mark")
            assert_tame(app, f"help of {room}")
            await pilot.press("escape")


@pytest.mark.parametrize("kind", HOSTILE)
async def test_a_job_and_its_evidence_stay_tame(kind: str) -> None:
    app = console_against("earning", HOSTILE[kind], evidence=True)
    opened = 0
    async with app.run_test(size=SIZES[1]) as pilot:
        await settle(pilot)
        for asked in (recorded.message for recorded in app.source._recording):  # type: ignore[attr-defined]
            if isinstance(asked, Asked):
                app.open_job(asked.args["job"], asked.args["attempt"])
                await settle(pilot)
                assert app.screen.detail is not None  # type: ignore[attr-defined]
                opened += 1
                assert_tame(app, "job")
                await pilot.press("end")
                assert_tame(app, "job's end")
                app.pop_screen()
    assert opened == OPENED


@pytest.mark.parametrize("state", ["gpu", "lost", "network_down", "near_limit", "suspended", "fresh"])
@pytest.mark.parametrize("kind", ["escapes", "wide"])
async def test_every_state_stays_tame_in_ascii_too(kind: str, state: str) -> None:
    app = console_against(state, HOSTILE[kind], ascii=True)
    async with app.run_test(size=SIZES[0]) as pilot:
        await settle(pilot)
        for room in ("deck", *ROOMS):
            app.show(room)
            await settle(pilot)
            assert_tame(app, room)
            assert text_of(app).isascii(), room


@pytest.mark.parametrize("kind", HOSTILE)
async def test_a_toast_stays_tame(kind: str) -> None:
    app = console_against("earning", "x")
    async with app.run_test(size=SIZES[0]) as pilot:
        await settle(pilot)
        app.say(HOSTILE[kind])
        await pilot.pause()
        assert_tame(app, "toast")


async def test_markup_is_shown_as_the_text_that_it_is() -> None:
    app = console_against("earning", HOSTILE["markup"])
    async with app.run_test(size=SIZES[1]) as pilot:
        await settle(pilot)
        app.show("events")
        await settle(pilot)
        assert "[bold red]x[/]" in text_of(app)


@given(st.text(max_size=600))
def test_clean_text_cannot_leave_its_place(text: str) -> None:
    cleaned = clean(text)
    assert len(cleaned) <= 3 * TEXT_LIMIT and clean(cleaned) == cleaned
    for char in cleaned:
        assert unicodedata.category(char) not in UNFIT and get_character_cell_size(char) > 0
    assert cell_len(cleaned) == sum(get_character_cell_size(char) for char in cleaned)


@given(st.text(st.characters(codec="latin-1", categories=("L", "N", "P", "S", "Zs")), max_size=200))
def test_clean_leaves_ordinary_text_alone(text: str) -> None:
    assert clean(text) == unicodedata.normalize("NFC", text)
