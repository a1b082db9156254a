"""Calling the operator: at a bearable pace, by every way that works, and never twice for the same."""

from __future__ import annotations

import asyncio
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import pairwise
from threading import Thread

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.agent.calls.caller import Caller
from console.agent.calls.pace import HOUR_MS, SAME_MS, Pace, tell
from console.agent.calls.ways import Call, Desktop, Post, Way, WayError, ways
from console.control.state import Note
from console.settings.config import NotifyConfig

CALL = Call("reef-42", "error", "engine", "The engine has failed.", 5_000)


@given(st.lists(st.tuples(st.integers(0, 3 * HOUR_MS), st.sampled_from("abcdef")), max_size=60))
def test_no_hour_has_more_calls_than_allowed_and_nothing_is_told_twice(things: list[tuple[int, str]]) -> None:
    pace, told = Pace(), []
    for at_ms, text in sorted(things):
        pace, said = tell(pace, at_ms, text, 4)
        if said:
            told.append((at_ms, text))
    for at_ms, _ in told:
        assert sum(0 <= at_ms - when < HOUR_MS for when, _ in told) <= 4
    for text in "abcdef":
        times = [when for when, what in told if what == text]
        assert all(later - earlier >= SAME_MS for earlier, later in pairwise(times))


def test_what_was_held_back_is_counted_in_the_next() -> None:
    pace, _ = tell(Pace(), 0, "one", 1)
    pace, nothing = tell(pace, 1, "two", 1)
    _, said = tell(pace, HOUR_MS + 1, "three", 1)
    assert nothing == "" and said.startswith("three (1 more")


class Told:
    name = "told"

    def __init__(self, fails: int = 0) -> None:
        self.calls: list[Call] = []
        self.fails = fails
        self.came = asyncio.Event()

    async def tell(self, call: Call) -> None:
        self.calls.append(call)
        self.came.set()
        if self.fails:
            self.fails -= 1
            raise WayError("no")


async def test_only_what_needs_the_operator_is_told_and_a_broken_way_is_said_once() -> None:
    good, bad, said = Told(), Told(fails=2), []
    bad.name = "bad"
    ways_: tuple[Way, ...] = (good, bad)
    caller = Caller(ways_, 6, "reef-42", said.append)
    running = asyncio.create_task(caller.run())
    for index, calls in enumerate((False, True, True)):
        caller.take(Note(index, "error", f"thing {index}", "engine", calls=calls))
    async with asyncio.timeout(10):
        while len(bad.calls) < 2:
            bad.came.clear()
            await bad.came.wait()
    await asyncio.sleep(0)
    running.cancel()
    assert [call.text for call in good.calls] == ["thing 1", "thing 2"]
    assert len(said) == 1 and "bad" in said[0]


class Inbox(BaseHTTPRequestHandler):
    got: list[tuple[dict[str, str], bytes]] = []  # noqa: RUF012
    answer = 200

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((dict(self.headers), body))
        self.send_response(self.answer)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        return


@pytest.fixture
def address() -> object:
    Inbox.got, Inbox.answer = [], 200
    server = HTTPServer(("127.0.0.1", 0), Inbox)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/topic"
    server.shutdown()
    server.server_close()


async def test_a_webhook_gets_json_and_ntfy_text_with_headers(address: str) -> None:
    for way in ways(NotifyConfig(ntfy=address, webhook=address)):
        await way.tell(msgspec.structs.replace(CALL, node="reef\r\nX-Evil: 1"))
    (ntfy, text), (_, posted) = Inbox.got
    assert text.decode() == CALL.text and ntfy["Priority"] == "high" and "X-Evil" not in ntfy
    assert msgspec.json.decode(posted)["text"] == CALL.text


async def test_a_refusal_and_an_unreachable_address_are_named(address: str) -> None:
    Inbox.answer = 503
    with pytest.raises(WayError, match="503"):
        await Post("webhook", address).tell(CALL)
    with pytest.raises(WayError, match="no answer"):
        await Post("webhook", "http://127.0.0.1:1/x").tell(CALL)


async def test_a_machine_without_a_desktop_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(WayError, match="notify-send"):
        await Desktop().tell(CALL)
