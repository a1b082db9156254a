"""`quarterdeck record`: what it asks for at its end, so that a replay can drill down."""

from __future__ import annotations

import io
from typing import Any, cast

import msgspec
from recordings.stated import STATED, detail_of

from console.cli.recordings import _Writer
from console.control.link import Link
from console.control.recording import Recorded, Recorder
from console.control.wire import Answer


class Agent:
    """Answers for a node with eight statements and no job."""

    def __init__(self, *, refuses: str = "") -> None:
        self.refuses = refuses
        self.asked: list[tuple[str, Any]] = []

    async def command(self, name: str, args: dict[str, Any]) -> Answer:
        self.asked.append((name, args))
        if name == self.refuses:
            return Answer("1", False, "This node is of an older version.")
        told: object = [] if name == "jobs" else STATED
        if name == "statement":
            told = detail_of(STATED, args["epoch"], "aa" * 32)
        return Answer("1", True, "", msgspec.Raw(msgspec.json.encode(told)))


async def asked_of(agent: Agent) -> list[Recorded]:
    out = io.BytesIO()
    await _Writer(cast(Link, agent), Recorder(out)).ask_for_evidence()
    return [msgspec.json.decode(line, type=Recorded) for line in out.getvalue().splitlines()]


async def test_a_recording_ends_with_every_statement_that_is_shown() -> None:
    agent = Agent()
    recorded = await asked_of(agent)
    epochs = [args["epoch"] for name, args in agent.asked if name == "statement"]
    assert epochs == [8, 7, 6, 5, 4, 3, 2, 1]
    assert len(recorded) == len(agent.asked) == 10


async def test_a_node_that_refuses_is_recorded_without() -> None:
    for name in ("jobs", "statements", "statement"):
        recorded = await asked_of(Agent(refuses=name))
        assert all(cast(Any, one.message).name != name for one in recorded)
