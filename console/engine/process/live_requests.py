"""Requests that are under way: to the worker, and back on the event loop, whoever asked for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from starlette.requests import Request

from console.engine.port import Broken, EngineError, GenerateRequest, Scored, ScoreRequest
from console.engine.process.limits import WAITING_LIMIT
from console.engine.process.loading import Loaded
from console.engine.process.sequence import Event
from console.engine.process.stream import Encode, EventStream, is_last
from console.engine.process.wire import Outbox
from console.engine.process.worker import Worker, stopped


class LiveRequests:
    """Generations and scores, each under its id until its end."""

    def __init__(self, worker: Worker) -> None:
        """Call it on the event loop that serves."""
        self._worker = worker
        self._loop = asyncio.get_running_loop()
        self._outbox = Outbox(self._loop)
        worker.after_step = self._outbox.flush
        self._live: dict[str, Callable[[Broken], None]] = {}

    def loaded(self) -> Loaded:
        """What there is to serve. Raises EngineError `not_ready`."""
        if self._worker.failure is not None:
            raise EngineError("not_ready", self._worker.failure.sentence)
        if self._worker.loaded is None:
            raise EngineError("not_ready", "The engine is still loading its model; try again in a moment.")
        return self._worker.loaded

    def stream(self, asked: GenerateRequest, encode: Encode, media: bytes) -> EventStream:
        """Start a checked generation, and its answer. Raises EngineError `busy`."""
        stream = EventStream(encode, lambda: self.stop(asked.id), media)
        self.start(asked, stream.put)
        return stream

    def start(self, asked: GenerateRequest, sink: Callable[[Event], None]) -> None:
        """Start a checked generation; `sink` is called on the loop. Raises EngineError `busy`."""
        self._check_new(asked.id)

        def put(event: Event) -> None:
            if self._live.get(asked.id) is not put:
                return
            if is_last(event):
                del self._live[asked.id]
            sink(event)

        self._live[asked.id] = put
        self._worker.generate(asked, self._outbox.to(put))

    async def score(self, asked: ScoreRequest, request: Request) -> Scored:
        """A checked score's answer, unless the caller of `request` leaves. Raises EngineError."""
        self._check_new(asked.id)
        answer: asyncio.Future[Scored | Broken] = self._loop.create_future()

        def put(result: Scored | Broken) -> None:
            if self._live.get(asked.id) is put and not answer.done():
                del self._live[asked.id]
                answer.set_result(result)

        self._live[asked.id] = put
        self._worker.score(asked, self._outbox.to(put))
        result = await self._unless_gone(request, answer, asked.id)
        if isinstance(result, Broken):
            raise EngineError(result.code, result.sentence)
        return result

    def knows(self, request_id: str) -> bool:
        """Whether a generation or score of this id is under way."""
        return request_id in self._live

    def stop(self, request_id: str) -> None:
        """End a generation or score between two steps."""
        self._worker.cancel(request_id)

    def break_all(self) -> None:
        """End every open stream and score: the process stops."""
        for end in list(self._live.values()):
            end(stopped())

    def _check_new(self, request_id: str) -> None:
        if request_id in self._live:
            raise EngineError("bad_request", "A request of this id is running; give every request its own.")
        if len(self._live) >= WAITING_LIMIT:
            raise EngineError("busy", f"{WAITING_LIMIT} requests wait already; try again later.")

    async def _unless_gone(
        self, request: Request, answer: asyncio.Future[Scored | Broken], request_id: str
    ) -> Scored | Broken:
        await answered_or_gone(request, answer)
        if not answer.done():
            self._worker.cancel(request_id)
            return Broken("cancelled", "The score was cancelled before its end.")
        return answer.result()


async def answered_or_gone(request: Request, answer: asyncio.Future[Any]) -> None:
    """Return when the answer is there, or the caller of `request` has left."""
    leaving = asyncio.create_task(_gone(request))
    try:
        await asyncio.wait((answer, leaving), return_when=asyncio.FIRST_COMPLETED)
    finally:
        leaving.cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
