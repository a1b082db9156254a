"""A coordinator that keeps to a script, for what an honest one never does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import msgspec
from fairness.made_transcripts import KEY, NODES, SEEDS, job_of

from console.client.proxy import Proxy
from console.client.upstream import COMMITMENT, DRAW, TICKET, Upstream
from console.fairness import Roster, pick_of
from console.protocol.frames import ticket_bytes
from console.protocol.ids import JobId, NodeId
from console.protocol.transcript import Commitment, commitment_bytes
from console.protocol.types import DrawProof, Policy, Ticket

JOB = job_of(1)
ROSTER = Roster(NODES)
Script = Callable[["Coordinator"], AsyncIterator[str]]


class Coordinator(httpx.AsyncBaseTransport):
    """Tells the lines of `script`; `heard` has what was asked for, in order."""

    def __init__(self, script: Script, headers: dict[str, bytes] | None = None) -> None:
        self.script = script
        self.headers = {name.encode(): value for name, value in (headers or {}).items()}
        self.listing: Any = {"coordinator": KEY.node_id, "epochs": [3]}
        self.commitment: bytes | None = None
        """In place of the true one."""
        self.heard: list[str] = []
        self.committed = ""
        self.nonce: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.heard.append(path)
        if path == "/net/v1/epochs":
            return httpx.Response(200, json=self.listing)
        if path.endswith("/commitment"):
            return httpx.Response(200, content=self.commitment or committed_to(int(path.split("/")[4])))
        if path.endswith("/nonce"):
            if not self.nonce.done():
                self.nonce.set_result(json.loads(request.content)["nonce"])
            return httpx.Response(200, json={"taken": True})
        self.committed = request.headers[COMMITMENT]
        return httpx.Response(200, headers=self.headers, stream=_Told(self.script(self)))

    def ticket(self, k: int = 0, attempt: int = 1, job: JobId = JOB, epoch: int = 3) -> Ticket:
        """One that carries the client's commitment."""
        place = (job, k, epoch, ROSTER.root, len(NODES), attempt, 100, len(NODES))
        return Ticket(*place, commitment=self.committed)

    async def drawn(self, ticket: Ticket) -> tuple[str, NodeId]:
        """The comment about the draw of `ticket`, and whom it falls on; waits for the nonce."""
        nonce, (seed, path) = await asyncio.wait_for(self.nonce, 5), SEEDS.reveal(ticket.k)
        index = pick_of(ticket, seed, nonce, ()).index
        signature = KEY.sign(ticket_bytes(ticket))
        proof = DrawProof(ticket, signature, nonce, seed, path, index, ROSTER.path(index))
        return DRAW + text({"proof": proof, "node": NODES[index]}), NODES[index]


class _Told(httpx.AsyncByteStream):
    def __init__(self, lines: AsyncIterator[str]) -> None:
        self._lines = lines

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for line in self._lines:
            yield f"{line}\n\n".encode()


def ticketed(ticket: Ticket) -> str:
    """The comment about a ticket."""
    signature = KEY.sign(ticket_bytes(ticket))
    return TICKET + text({"ticket": ticket, "signature": signature, "coordinator": KEY.node_id})


def committed_to(epoch: int) -> bytes:
    """The signed commitment to the seeds of `epoch`."""
    bare = Commitment(epoch, SEEDS.root, "", 1, Policy(), "")
    return msgspec.json.encode(msgspec.structs.replace(bare, signature=KEY.sign(commitment_bytes(bare))))


def chunk(content: str = "", finish_reason: str | None = None, **more: Any) -> str:
    """A line of an answer."""
    choice = {"index": 0, "delta": {"content": content}, "logprobs": None, "finish_reason": finish_reason}
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return "data: " + text(head | {"choices": [choice]} | more)


DONE = "data: [DONE]"


async def honest(it: Coordinator) -> AsyncIterator[str]:
    """What one says that keeps to the rules."""
    yield chunk()
    ticket = it.ticket()
    yield ticketed(ticket)
    yield (await it.drawn(ticket))[0]
    yield chunk("ahoy")
    yield chunk(finish_reason="stop")
    yield DONE


def text(value: Any) -> str:
    """As JSON."""
    return msgspec.json.encode(value).decode()


async def answers(coordinator: Coordinator, stream: bool) -> httpx.Response:
    """What a program of this machine gets through the proxy."""
    http = httpx.AsyncClient(base_url="http://network", transport=coordinator)
    local = httpx.ASGITransport(Proxy(Upstream(http)).app(), raise_app_exceptions=False)
    async with http, httpx.AsyncClient(base_url="http://proxy", transport=local) as program:
        body = {"model": "m", "messages": [], "stream": stream}
        return await program.post("/v1/chat/completions", json=body)
