"""The coordinator as the proxy sees it: its key, its commitments, and a stream whose draw is checked."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

import httpx
import msgspec

from console.client.chunks import DrawError, Line, read_line, split
from console.client.draw import (
    Drawn,
    Ticketed,
    commitment_problem,
    draw_problem,
    order_problem,
    ticket_problem,
)
from console.fairness import nonce_commitment
from console.protocol.transcript import Commitment, EpochList

T = TypeVar("T")
NONCE_BYTES = 16
COMMITMENT, JOB = "x-quarterdeck-commitment", "x-quarterdeck-job"
TICKET, DRAW = ": quarterdeck-ticket ", ": quarterdeck-draw "
UNDRAWN, EMPTY = "the answer came without a draw", "there was nothing in it"


class Upstream:
    """One coordinator."""

    def __init__(self, http: httpx.AsyncClient, coordinator: str = "") -> None:
        """`coordinator`: the key that it must have; empty: the one that it shows first is kept."""
        self._http = http
        self.coordinator = coordinator
        self._roots: dict[int, str] = {}

    async def learn(self) -> None:
        """Know the coordinator and its open epoch before it is asked. Raises httpx.HTTPError, DrawError."""
        answer = (await self._http.get("/net/v1/epochs")).raise_for_status()
        listing = _understood(answer.content, EpochList, "the list of epochs")
        self.coordinator = self.coordinator or listing.coordinator
        if listing.coordinator != self.coordinator:
            raise DrawError("the coordinator has another key than before")
        if listing.epochs:
            await self.root(listing.epochs[-1])

    @asynccontextmanager
    async def chat(self, body: dict[str, object], headers: httpx.Headers) -> AsyncIterator[CheckedStream]:
        """A streamed answer to `body`; leaving early calls the job off. Raises httpx.HTTPError, DrawError."""
        if not self.coordinator:
            await self.learn()
        nonce = secrets.token_bytes(NONCE_BYTES).hex()
        sent = httpx.Headers(headers)
        sent[COMMITMENT] = nonce_commitment(nonce)
        async with self._http.stream("POST", "/v1/chat/completions", json=body, headers=sent) as response:
            yield CheckedStream(self, response, nonce)

    async def get(self, path: str, headers: httpx.Headers) -> httpx.Response:
        """A page as it is."""
        return await self._http.get(path, headers=headers)

    async def reveal(self, job: str, nonce: str) -> None:
        """Reveal a nonce. Raises httpx.HTTPError."""
        (await self._http.post(f"/net/v1/jobs/{job}/nonce", json={"nonce": nonce})).raise_for_status()

    async def check(self, drawn: Drawn, ticketed: Ticketed, nonce: str) -> None:
        """Raises DrawError."""
        if problem := draw_problem(drawn, ticketed, nonce, await self.root(ticketed.ticket.epoch)):
            raise DrawError(problem)

    async def root(self, epoch: int) -> str:
        """The root of an epoch's seeds, asked for once and kept. Raises httpx.HTTPError, DrawError."""
        if epoch not in self._roots:
            answer = (await self._http.get(f"/net/v1/epochs/{epoch}/commitment")).raise_for_status()
            given = _understood(answer.content, Commitment, "the commitment to the epoch's seeds")
            if problem := commitment_problem(given, epoch, self.coordinator):
                raise DrawError(problem)
            self._roots[epoch] = given.seeds_root
        return self._roots[epoch]


class CheckedStream:
    """The lines of an answer. The comments about its draw are taken out, and acted upon."""

    def __init__(self, upstream: Upstream, response: httpx.Response, nonce: str) -> None:
        self.response = response
        self.drawn: Drawn | None = None
        """The draw that was checked last: a lost attempt is followed by another."""
        self._ticketed: Ticketed | None = None
        self._upstream = upstream
        self._nonce = nonce

    async def lines(self) -> AsyncIterator[Line]:
        """The answer as it comes, all of it after its draw. Raises httpx.HTTPError, DrawError.

        Of a job that fails before somebody is drawn there is one line, with the error.
        """
        held: Line | None = None
        async for text in split(self.response.aiter_bytes()):
            if await self._is_of_draw(text):
                continue
            line = _read(text)
            if not self._due:
                if held is not None:
                    yield held
                    held = None
                yield line
            elif line.error is not None:
                yield line
                return
            else:
                held = _before_draw(line, held)
        if self._due:
            raise DrawError(UNDRAWN)

    @property
    def _due(self) -> bool:
        """Whether somebody has still to be drawn before anything of the answer may come."""
        return (
            self.drawn is None or self._ticketed is None or self.drawn.proof.ticket != self._ticketed.ticket
        )

    async def _is_of_draw(self, text: str) -> bool:
        """Whether `text` was about the draw; it has been acted upon then."""
        if text.startswith(TICKET):
            await self._take_ticket(text.removeprefix(TICKET))
        elif text.startswith(DRAW):
            await self._take_draw(text.removeprefix(DRAW))
        else:
            return False
        return True

    async def _take_ticket(self, told: str) -> None:
        ticketed = _understood(told, Ticketed, "the ticket")
        if problem := self._wrong_with(ticketed):
            raise DrawError(problem)
        # A root that is made once the nonce is known could be of seeds that suit it.
        await self._upstream.root(ticketed.ticket.epoch)
        await self._upstream.reveal(ticketed.ticket.job, self._nonce)
        self._ticketed = ticketed

    def _wrong_with(self, ticketed: Ticketed) -> str:
        last = self._ticketed
        if last is not None and self._due:
            return "a second ticket was fixed before the draw of the first"
        job, before = self.response.headers.get(JOB, ""), None if last is None else last.ticket
        commitment = nonce_commitment(self._nonce)
        return order_problem(ticketed.ticket, before, job) or ticket_problem(
            ticketed, commitment, self._upstream.coordinator
        )

    async def _take_draw(self, told: str) -> None:
        drawn = _understood(told, Drawn, "the draw")
        if self._ticketed is None:
            raise DrawError("somebody was drawn before there was a ticket")
        await self._upstream.check(drawn, self._ticketed, self._nonce)
        self.drawn = drawn


def _understood(told: bytes | str, kind: type[T], what: str) -> T:
    try:
        return msgspec.json.decode(told, type=kind)
    except (ValueError, RecursionError):
        raise DrawError(f"{what} is not understood") from None


def _read(text: str) -> Line:
    try:
        return read_line(text)
    except (ValueError, RecursionError):
        raise DrawError("a line of it is not understood") from None


def _before_draw(line: Line, held: Line | None) -> Line | None:
    """What is held of an answer until its draw: one chunk that says nothing yet. Raises DrawError."""
    if line.text.startswith(":"):
        return held
    if held is not None or line.chunk is None or not line.chunk.says_nothing:
        raise DrawError(UNDRAWN)
    return line
