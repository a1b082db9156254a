"""The control protocol: newline-delimited JSON over the agent's Unix socket.

Client `Attach` → agent `Hello`, `Snapshot(seq)`, then `Delta(seq)` without gaps. A client that was too
slow gets a new `Snapshot` instead of what it missed. `Command` carries an id and gets one `Answer`.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from console.control.events import Event
from console.control.state import JobView, NodeState
from console.protocol.types import DrawProof, Receipt, Verdict

VERSION = 1
LINE_BYTES_LIMIT = 16 * 1024 * 1024
"""A snapshot with 10,000 live jobs has some 3 MB."""

CommandName = Literal[
    "pause", "resume", "drain", "stop", "restart_engine", "restart_agent", "status", "jobs", "job",
    "identity", "earnings", "recompute", "models", "fetch_model", "cancel_fetch", "verify_model",
    "use_model", "probe_machine", "witnessed", "statements", "statement",
]  # fmt: skip


class Attach(msgspec.Struct, frozen=True, tag="attach"):
    """First line of a client. `watch` false: commands only, no snapshot and deltas."""

    version: int
    client: str
    watch: bool = True


class Command(msgspec.Struct, frozen=True, tag="command"):
    """Something to do; `args` by name, e.g. `{"job": "7f3a…", "attempt": 1}`.

    `pause {by, until_ms}`: 0 or absent, until resumed. `drain {by, until_ms}`: what is not finished by then
    is given back to the network. `earnings {since_ms, until_ms}`: answers with
    `EarningRow`s, oldest first. `recompute {job, attempt}`: judges the answer again here, from the evidence
    that is still kept; answers with `Check`s. `fetch_model`, `cancel_fetch`, `verify_model`, `use_model
    {name, anyway}`: progress comes as `ModelsChanged`; `anyway` 1: also what does not fit. `restart_agent`:
    stops, and starts again with the configuration as it is now. `probe_machine`: what this machine is, asked
    anew. `witnessed {epoch, first_slot, last_slot, since_ms, until_ms}`: what this node has seen of the draws
    of an epoch; answers with `console.fairness.own.Witnessed`. `statements {epoch}`:
    answers with a `StatementsView`, of all epochs that are kept without `epoch`. `statement {epoch}`: answers
    with a `StatementDetail`.
    """

    id: str
    name: CommandName
    args: dict[str, str | int] = {}


class Hello(msgspec.Struct, frozen=True, tag="hello"):
    """The agent's first line."""

    version: int
    software: str
    pid: int


class Snapshot(msgspec.Struct, frozen=True, tag="snapshot"):
    """The whole state after event `seq`."""

    seq: int
    at_ms: int
    state: NodeState


class Delta(msgspec.Struct, frozen=True, tag="delta"):
    """Event number `seq`; a client that holds another than `seq - 1` must ask for a snapshot."""

    seq: int
    at_ms: int
    event: Event


class Answer(msgspec.Struct, frozen=True, tag="answer"):
    """What came of a command; `sentence` is for the operator, `result` for programs."""

    id: str
    ok: bool
    sentence: str
    result: msgspec.Raw = msgspec.Raw(b"null")


FromClient = Attach | Command
FromAgent = Hello | Snapshot | Delta | Answer


class Check(msgspec.Struct, frozen=True):
    """One thing that this machine checked by itself; `ok` None: it could not be checked, and why."""

    name: str
    ok: bool | None
    sentence: str


class Moment(msgspec.Struct, frozen=True):
    """One step of a job's life."""

    at_ms: int
    word: str
    sentence: str = ""


class JobDetail(msgspec.Struct, frozen=True):
    """The result of the command `job`: everything that stands behind one line of the Jobs screen."""

    view: JobView
    fence: int
    group: str
    profile: str
    commitment: str
    timeline: tuple[Moment, ...]
    draw: DrawProof | None
    verdict: Verdict | None
    receipt: Receipt | None
    checks: tuple[Check, ...]


def encode_line(message: FromClient | FromAgent) -> bytes:
    """One line of the protocol, newline included."""
    return msgspec.json.encode(message) + b"\n"


def decode_from_client(line: bytes) -> FromClient:
    """Raises msgspec.DecodeError for anything else than a client's message."""
    message: FromClient = _from_client.decode(line)
    return message


def decode_from_agent(line: bytes) -> FromAgent:
    """Raises msgspec.DecodeError for anything else than an agent's message."""
    message: FromAgent = _from_agent.decode(line)
    return message


_from_client: msgspec.json.Decoder[Any] = msgspec.json.Decoder(FromClient)
_from_agent: msgspec.json.Decoder[Any] = msgspec.json.Decoder(FromAgent)
