"""A line over messages: what a WebSocket gives, from a broker that may lose, double or delay.

A line is one conversation between a node and a coordinator. Each side numbers what it publishes on it, from 0
without gaps. The reader takes each number once and in order; a number that is missing ends the line, and both
sides begin a new one: what matters is sent again after a sign-in anyway (DESIGN §4).

A message is `kind number token body`: `d` dials (first of a node), `f` is a frame or its last piece, `m` is
a piece with more to come, `e` ends the line. `token` is the fencing token of the coordinator that speaks, 0
from a node: what one says that another has taken over from is not heard (decision 0029).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

import msgspec

from console.protocol.ids import GroupId, NodeId
from console.protocol.messages import FRAME_BYTES_LIMIT

Kind = Literal["d", "f", "m", "e"]
_KINDS = frozenset((b"d", b"f", b"m", b"e"))
HEAD_BYTES = 48
"""Room of a message that its head may take."""
PREVIOUS_LIMIT = 4
ANY_GROUP = "any"
"""For who wants to hear a coordinator's first word alone: every group's answers, and the first one counts."""
_ROOT = "quarterdeck.v1"
_LINE_LENGTH = 32
_FRAME_LIMIT = 2 * FRAME_BYTES_LIMIT
"""What is assembled of pieces at most; a frame above the protocol's own limit is refused in words."""


class LineError(Exception):
    """The line cannot go on; the text says why. It ends, and a new one may begin."""


class Dial(msgspec.Struct, frozen=True):
    """Body of a node's first message on a line."""

    previous: tuple[str, ...] = ()
    """Names of its lines before this one, which are over for it. Another machine that has its key can listen
    for them; one that only runs under it, and does not, cannot end them."""


class Message(NamedTuple):
    """One published message of a line."""

    kind: Kind
    number: int
    body: bytes = b""
    token: int = 0


def encoded(message: Message) -> bytes:
    """As it is published."""
    return b"%s %d %d %s" % (message.kind.encode(), message.number, message.token, message.body)


def decoded(data: bytes) -> Message:
    """Of what was published. Raises LineError when it is no message of a line."""
    head = data[:HEAD_BYTES].split(b" ", 3)
    if len(head) < 4 or head[0] not in _KINDS or not (head[1].isdigit() and head[2].isdigit()):
        raise LineError("what came on the line is no message of Quarterdeck's")
    kind, number, token, _ = head
    body = data[len(kind) + len(number) + len(token) + 3 :]
    return Message(kind.decode(), int(number), body, int(token))  # type: ignore[arg-type]


class Writer:
    """Numbers what one side publishes."""

    def __init__(self, payload_limit: int, token: int = 0) -> None:
        """`payload_limit`: bytes of one message at most; `token`: of the coordinator that writes."""
        self._token = token
        self._room = payload_limit - HEAD_BYTES
        self._next = 0

    def pieces(self, frame: bytes) -> Iterator[bytes]:
        """The messages of one frame, in order."""
        while len(frame) > self._room:
            yield self.one("m", frame[: self._room])
            frame = frame[self._room :]
        yield self.one("f", frame)

    def one(self, kind: Kind, body: bytes = b"") -> bytes:
        """The next message."""
        number, self._next = self._next, self._next + 1
        return encoded(Message(kind, number, body, self._token))


class Reader:
    """Takes what the other side published, each message once and in order."""

    def __init__(self, token: int = 0) -> None:
        """`token`: the highest that was heard before, of any line."""
        self.token = token
        self._due = 0
        self._pieces: list[bytes] = []
        self._size = 0

    @property
    def begun(self) -> bool:
        """Whether anything was taken."""
        return self._due > 0

    def take(self, message: Message) -> bytes | None:
        """The frame that `message` completes; None for a piece, a dial, or what is not heard (any more).

        Raises:
            LineError: something before it was lost, the line is ended, or too much came without an end.
        """
        if message.token < self.token:
            return None
        taken_over = message.token > self.token and self.begun
        self.token = message.token
        if taken_over:
            raise LineError("another coordinator has taken over")
        if message.kind == "e":  # whatever its number: who does not know the line cannot know that
            raise LineError("the other side ended the line")
        if message.number < self._due:
            return None
        if message.number > self._due:
            raise LineError(f"{message.number - self._due} messages of the line were lost")
        self._due += 1
        if message.kind == "d":
            return None
        self._size += len(message.body) + HEAD_BYTES  # pieces without a body take room too
        if self._size > _FRAME_LIMIT:
            raise LineError(f"a frame above {FRAME_BYTES_LIMIT} bytes")
        self._pieces.append(message.body)
        return self._whole() if message.kind == "f" else None

    def _whole(self) -> bytes:
        frame = b"".join(self._pieces)
        self._pieces, self._size = [], 0
        return frame


def from_node(node: NodeId | Literal["*"], line: str, group: GroupId | str) -> str:
    """The subject on which `node` publishes; a coordinator of `group` listens to all of them."""
    return f"{_ROOT}.group.{group}.from.{node}.{line}"


def to_node(node: NodeId, line: str) -> str:
    """The subject on which `node` listens."""
    return f"{_ROOT}.to.{node}.{line}"


def sender(subject: str) -> tuple[NodeId, str]:
    """Node and line of a subject of `from_node`. Raises LineError when it is none."""
    *_, node, line = ["", "", *subject.split(".")]
    if len(node) != 64 or len(line) != _LINE_LENGTH or not line.isalnum():
        raise LineError("this subject names no node and line")
    return NodeId(node), line


class Permissions(NamedTuple):
    """Subjects, with wildcards, that one node may use."""

    publish: str
    subscribe: str


def permissions(node: NodeId) -> Permissions:
    """What the server lets `node` do: speak as itself, and hear what is meant for it."""
    return Permissions(from_node(node, "*", "*"), f"{_ROOT}.to.{node}.*")
