"""The link: follows an agent through gaps and losses, and asks it once."""

from __future__ import annotations

import asyncio
import socket
import threading
from pathlib import Path

import pytest
from doubles.agent_double import AgentDouble
from hypothesis import given
from hypothesis import strategies as st

from console.control.asking import ask
from console.control.connection import Lines, NoAgent
from console.control.events import Noted, Ticked
from console.control.link import Link, Lost, Order, backoff
from console.control.recording import read
from console.control.state import NodeState, Note
from console.control.wire import Delta, Hello, Snapshot, encode_line

RECORDING = Path(__file__).parent.parent / "recordings" / "fresh.jsonl"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "agent.sock"


def a_link(path: Path) -> Link:
    return Link(path, pace_s=0, jitter=lambda: 0.99)


@given(st.lists(st.binary(max_size=40).filter(lambda b: b"\n" not in b)), st.integers(1, 17))
def test_lines_come_out_as_they_went_in_however_they_are_cut(lines: list[bytes], size: int) -> None:
    stream = b"".join(line + b"\n" for line in lines)
    cutter = Lines()
    out = [line for i in range(0, len(stream), size) for line in cutter.feed(stream[i : i + size])]
    assert out == lines


def test_an_endless_line_is_refused_before_it_fills_the_memory() -> None:
    cutter = Lines(limit=100)
    cutter.feed(b"x" * 90)
    with pytest.raises(ValueError, match="longer"):
        cutter.feed(b"x" * 90)
    with pytest.raises(ValueError, match="longer"):
        Lines(limit=10).feed(b"y" * 11 + b"\nz")


def test_the_waits_double_and_stop_growing() -> None:
    waits = backoff(lambda: 0.0)
    assert [next(waits) for _ in range(8)] == [0.25, 0.5, 1, 2, 4, 8, 8, 8]
    assert next(backoff(lambda: 1.0)) == 0.125


def test_deltas_after_a_gap_are_held_back_until_a_snapshot() -> None:
    order = Order()
    event = Ticked()
    assert order.next(Delta(4, 0, event)) is None
    assert order.next(Snapshot(4, 0, NodeState())) is not None
    assert order.next(Delta(4, 0, event)) is None
    assert order.next(Delta(5, 0, event)) is not None
    assert not order.ask_again()
    assert order.next(Delta(7, 0, event)) is None
    assert order.ask_again() and not order.ask_again()
    assert order.next(Delta(8, 0, event)) is None
    assert order.next(Snapshot(9, 0, NodeState())) is not None
    assert order.next(Delta(10, 0, event)) is not None


def test_another_version_is_named_and_not_guessed_at() -> None:
    with pytest.raises(NoAgent, match="version 99"):
        Order().next(Hello(99, "quarterdeck", 1))


async def test_hello_snapshot_and_deltas_arrive_in_order(path: Path) -> None:
    async with AgentDouble(path, read(RECORDING)) as agent:
        news = a_link(path).attach()
        assert isinstance(await anext(news), Hello)
        snapshot = await anext(news)
        assert isinstance(snapshot, Snapshot) and snapshot.state == agent.state
        agent.tell(Noted(Note(1, "info", "one")))
        delta = await anext(news)
        assert isinstance(delta, Delta) and delta.seq == snapshot.seq + 1
        await news.aclose()


async def test_a_gap_is_mended_by_a_new_snapshot_on_the_same_connection(path: Path) -> None:
    async with AgentDouble(path, read(RECORDING)) as agent:
        news = a_link(path).attach()
        await anext(news)
        await anext(news)
        agent.tell(Noted(Note(1, "info", "lost to this client")), skip=3)
        assert isinstance(await anext(news), Hello)
        again = await anext(news)
        assert isinstance(again, Snapshot) and again.state.notes[0].text == "lost to this client"
        assert agent.attaches == 2
        await news.aclose()


async def test_it_comes_back_by_itself_after_the_agent_went_away(path: Path) -> None:
    async with AgentDouble(path, read(RECORDING)) as agent:
        news = a_link(path).attach()
        await anext(news)
        await anext(news)
        agent.drop_clients()
        lost = await anext(news)
        assert isinstance(lost, Lost) and lost.retry_s > 0
        assert isinstance(await anext(news), Hello)
        assert isinstance(await anext(news), Snapshot)
        await news.aclose()


async def test_without_an_agent_the_news_says_how_to_start_one(path: Path) -> None:
    news = a_link(path).attach()
    lost = await anext(news)
    assert isinstance(lost, Lost) and "quarterdeck agent start" in lost.sentence
    await news.aclose()


async def test_nonsense_from_the_agent_is_a_loss_and_not_a_crash(path: Path) -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'{"type":"no such thing"}\n')
        await reader.read()
        writer.close()

    async with await asyncio.start_unix_server(babble, str(path)):
        news = a_link(path).attach()
        lost = await anext(news)
        assert isinstance(lost, Lost) and "not understood" in lost.sentence
        await news.aclose()


async def test_a_command_gets_its_own_answer(path: Path) -> None:
    async with AgentDouble(path, read(RECORDING)) as agent:
        answer = await Link(path).command("pause")
        assert answer.ok and "Paused" in answer.sentence
        assert [command.name for command in agent.commands] == ["pause"]


async def test_a_command_without_agent_or_without_answer_is_a_refusal(path: Path) -> None:
    answer = await Link(path).command("pause")
    assert not answer.ok and "agent start" in answer.sentence

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_unix_server(mute, str(path)):
        answer = await Link(path).command("pause", timeout_s=0.05)
        assert not answer.ok and "no answer" in answer.sentence


async def test_ask_needs_no_event_loop(path: Path) -> None:
    async with AgentDouble(path, read(RECORDING)):
        answer = await asyncio.to_thread(ask, path, "drain")
        assert answer.ok and "Draining" in answer.sentence


def test_ask_without_an_agent_raises_for_exit_code_3(path: Path) -> None:
    with pytest.raises(NoAgent, match="agent start"):
        ask(path, "status")


def test_ask_does_not_wait_for_ever(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        with pytest.raises(NoAgent, match="no answer"):
            ask(path, "status", timeout_s=0.05)


def test_ask_ignores_answers_to_others(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(encode_line(Hello(1, "double", 1)))

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(NoAgent, match="closed"):
            ask(path, "status")
        thread.join()


def test_a_remedy_names_the_home_that_it_is_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "my other node"
    monkeypatch.setenv("QUARTERDECK_HOME", str(tmp_path))
    with pytest.raises(NoAgent, match="`quarterdeck agent start`"):
        ask(tmp_path / "agent.sock", "status")
    with pytest.raises(NoAgent) as error:
        ask(other / "agent.sock", "status")
    assert f"`quarterdeck agent start --home '{other}'`" in str(error.value)
