"""A job while it lives: the request, which is in memory only, and what has come in for it."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field

import msgspec

from console.coordinator.jobs.jobs import Job
from console.coordinator.jobs.stops import VisibleText
from console.protocol.ids import NodeId
from console.protocol.messages import Ack, Chunk, Decline, Failed, Opening
from console.protocol.types import Assignment, FinishReason, Result, SamplingRules


class Ask(msgspec.Struct, frozen=True):
    """What a client wants, ready to be given to a node. Never written anywhere."""

    client: str
    prompt_ids: tuple[int, ...]
    temperature_milli: int
    max_tokens: int
    stop: tuple[str, ...]
    streaming: bool
    rules: SamplingRules = SamplingRules()
    commitment: str = ""
    """To a nonce of the client's own; empty: it has none."""
    key: str = ""
    """Name of the client's key."""
    top_logprobs: int | None = None
    """Log-probabilities are wanted, of so many candidates beside each token; None: they are not.

    They are known once the answer is judged, so nothing of such an answer is streamed before.
    """
    only: NodeId = NodeId("")
    """A load challenge: this node alone is asked, now or not at all. Empty: whoever is drawn."""


class Text(msgspec.Struct, frozen=True):
    """More of the answer."""

    text: str


class Done(msgspec.Struct, frozen=True):
    """The answer is whole."""

    finish_reason: FinishReason
    prompt_tokens: int
    completion_tokens: int


class Trouble(msgspec.Struct, frozen=True):
    """There will be no (more) answer, and none is charged; a withheld nonce costs its fee."""

    status: int
    code: str
    sentence: str


class Remark(msgspec.Struct, frozen=True):
    """Something beside the answer, for a client that checks its draw: a comment of its stream."""

    name: str
    body: str


Told = Text | Done | Trouble | Remark


class NodeGone(msgspec.Struct, frozen=True):
    """The node's connection ended; `on_purpose`: it said goodbye."""

    node: NodeId
    on_purpose: bool = False


class NodeBack(msgspec.Struct, frozen=True):
    """The node signed in again."""

    node: NodeId


class ClientGone(msgspec.Struct, frozen=True):
    """The client hung up."""


Heard = Ack | Decline | Chunk | Failed | Result | Opening | NodeGone | NodeBack | ClientGone


class Inbox(asyncio.Queue[Heard]):
    """What was said about a job and is not read yet, in order."""

    def _init(self, maxsize: int) -> None:
        self._queue: deque[Heard] = deque()

    async def next(self, wait_s: float) -> Heard:
        """The next. Raises TimeoutError when none comes within `wait_s`; one that is due says so at once."""
        if wait_s <= 0:
            raise TimeoutError
        async with asyncio.timeout(wait_s):
            return await self.get()

    def holds(self, kind: type[Chunk] | type[Result], job: Job) -> bool:
        """Whether such a message under the job's attempt and fence is among it."""
        under = job.attempt, job.fence
        return any(isinstance(one, kind) and (one.attempt, one.fence) == under for one in self._queue)


@dataclass(slots=True)
class LiveJob:
    """Owned by the one task that runs the job; others only put into its inbox."""

    job: Job
    ask: Ask
    visible: VisibleText
    inbox: Inbox = field(default_factory=Inbox)
    told: asyncio.Queue[Told] = field(default_factory=asyncio.Queue)
    nonce: asyncio.Future[str] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    """Revealed by a client that committed to one; cancelled when that client leaves first."""
    tried: set[NodeId] = field(default_factory=set)
    assignment: Assignment | None = None
    ahead: int = 0
    """Jobs that its node had in its queue already when it was drawn."""
    received: list[int] = field(default_factory=list)
    """Token ids streamed under the current attempt."""
    shown: bool = False
    """Text may have reached a streaming client: no attempt may follow silently."""
    result: Result | None = None
    opening: bytes = b""
    """What the node opened its commitment to, where the answer was audited."""
    whole: tuple[Text | Done, ...] = ()
    """What is left to tell the client of an answer that is settled."""
    opening_due: bool = False
    """The node was asked to open its commitment and has not done so yet."""
    client_gone: bool = False
    over: bool = False
    """The client has had its last word."""

    def holds(self, node: str, attempt: int, fence: int) -> bool:
        """Whether a message of `node` is under the current attempt and fence."""
        job = self.job
        return (job.node, job.attempt, job.fence) == (node, attempt, fence)

    def tell(self, event: Told) -> None:
        """Say something to the client; after the last word, nothing."""
        if self.over:
            return
        self.over = not isinstance(event, Text | Remark)
        self.told.put_nowait(event)
