"""A client: asks, waits, leaves in the middle, asks for what it cannot have, or brings a nonce of its own."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from random import Random

import msgspec

from console.coordinator.draws.nonces import DRAW, TICKET
from console.fairness import check_draw, nonce_commitment
from console.protocol.ids import NodeId
from console.protocol.types import DrawProof, Ticket
from simulation.host import KEY, Host
from simulation.model import MODEL
from simulation.network import Exchange
from simulation.trace import Trace

KEYS = {"rich": "key of rich", "poor": "key of poor"}
WAYS = (
    *("whole", "whole", "whole", "whole", "stream", "stream", "stream", "leaves", "leaves"),
    *("greedy", "stranger", "unfit"),
    *("own_nonce", "own_nonce", "withholds", "wrong_nonce"),
)
_WITH_NONCE = ("own_nonce", "withholds", "wrong_nonce")
_LONGEST_S = 400.0
_REMARK = re.compile(rb": ([a-z-]+) (\{.*\})\n\n")


class _Told(msgspec.Struct, frozen=True):
    ticket: Ticket


class _Drawn(msgspec.Struct, frozen=True):
    proof: DrawProof
    node: NodeId


class Client:
    """Sends requests at moments of its own."""

    def __init__(
        self, host: Host, chance: Random, trace: Trace, complain: Callable[[str], None], most: int
    ) -> None:
        """`most`: tokens that an answer may have."""
        self._host = host
        self._chance = chance
        self._trace = trace
        self._complain = complain
        self._most = most
        self.refused: list[str] = []
        """Jobs for which nothing is charged, as their clients were told."""

    async def ask(self, way: str, name: str) -> None:
        """One request from beginning to end."""
        nonce = self._chance.randbytes(16).hex() if way in _WITH_NONCE else ""
        key = "" if way == "stranger" else KEYS[name]
        exchange = Exchange(self._body(way), key, nonce_commitment(nonce) if nonce else "")
        self._host.ask(exchange)
        if way == "leaves":
            await asyncio.sleep(self._chance.uniform(0.0, 6.0))
            exchange.leave()
        try:
            talk = self._with_nonce(exchange, way, nonce) if nonce else exchange.over.wait()
            await asyncio.wait_for(talk, _LONGEST_S)
        except TimeoutError:
            self._complain(f"a client ({way}) has had no last word for {_LONGEST_S:.0f} s")
        if exchange.job and exchange.refused:
            self.refused.append(exchange.job)
        broken = " broken" if exchange.broken else ""
        self._trace.note("client", f"{name} {way} {exchange.status}{broken} {len(exchange.body)}")

    async def _with_nonce(self, exchange: Exchange, way: str, nonce: str) -> None:
        """Reveal it once the ticket is there, and check the draw that follows."""
        seen = 0
        while not exchange.over.is_set():
            await exchange.more.wait()
            exchange.more.clear()
            remarks = _REMARK.findall(exchange.body)
            for kind, body in remarks[seen:]:
                await self._remarked(kind.decode(), body, way, nonce)
            seen = len(remarks)

    async def _remarked(self, kind: str, body: bytes, way: str, nonce: str) -> None:
        if kind == DRAW:
            self._check(msgspec.json.decode(body, type=_Drawn), nonce)
        elif kind == TICKET and way != "withholds":
            ticket = msgspec.json.decode(body, type=_Told).ticket
            await asyncio.sleep(self._chance.uniform(0.01, 0.5))
            self._host.reveal(ticket.job, nonce if way == "own_nonce" else nonce[::-1])

    def _check(self, drawn: _Drawn, nonce: str) -> None:
        """The node was drawn with this client's nonce. The seed is the nodes' to check."""
        proof = drawn.proof
        ticket = proof.ticket
        checks = check_draw(proof, ticket.job, ticket.attempt, drawn.node, "", KEY.node_id)
        wrong = [check.sentence for check in checks if not check.ok and check.name != "seed"]
        if wrong or proof.nonce != nonce or ticket.commitment != nonce_commitment(nonce):
            self._complain(f"a client's draw of job {ticket.job[:6]} is not with its nonce: {wrong}")

    def _body(self, way: str) -> bytes:
        words = "".join(self._chance.choice("ahoy deck") for _ in range(self._chance.randint(2, 8)))
        most = {"greedy": 150, "unfit": 10_000}.get(way, self._chance.randint(1, self._most))
        return msgspec.json.encode(
            {
                "model": MODEL,
                "messages": [{"role": "user", "content": words}],
                "max_tokens": most,
                "stream": way in ("stream", "leaves", *_WITH_NONCE),
                "temperature": self._chance.choice((0, 1)),
            }
        )
