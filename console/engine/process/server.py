"""The HTTP endpoints of the engine. Health and metrics answer from memory while the worker decodes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from console.engine.port import (
    Broken,
    ChatMessage,
    EngineError,
    GenerateRequest,
    Scored,
    ScoreRequest,
)
from console.engine.process import prompts
from console.engine.process.guard import Guard, bounded_body, refused
from console.engine.process.limits import WAITING_LIMIT, check_generate, check_score
from console.engine.process.loading import Loaded
from console.engine.process.report import health_of, metrics_of
from console.engine.process.sequence import Event
from console.engine.process.stream import Encode, EventStream, is_last, ndjson
from console.engine.process.wire import Outbox
from console.engine.process.worker import Worker, stopped

_T = TypeVar("_T")
Answer = Callable[..., Awaitable[Any]]


class TokenizeBody(msgspec.Struct, frozen=True):
    """Body of `/v1/tokenize`."""

    text: str
    special: bool = False


class ChatBody(msgspec.Struct, frozen=True):
    """Body of `/v1/chat_prompt`."""

    messages: tuple[ChatMessage, ...]


class CancelBody(msgspec.Struct, frozen=True):
    """Body of `/v1/cancel`."""

    id: str


class Endpoints:
    """Requests to the worker and back."""

    def __init__(self, worker: Worker) -> None:
        """Call it on the event loop that serves."""
        self._worker = worker
        self._loop = asyncio.get_running_loop()
        self._outbox = Outbox(self._loop)
        worker.after_step = self._outbox.flush
        self._live: dict[str, Callable[[Broken], None]] = {}
        self._vocabulary: bytes | None = None

    def app(self) -> Starlette:
        """The guarded application."""
        routes = [
            Route("/health", _telling(self.health), methods=["GET"]),
            Route("/metrics", _telling(self.metrics), methods=["GET"]),
            Route("/v1/vocabulary", _telling(self.vocabulary), methods=["GET"]),
            Route("/v1/generate", _telling(self.generate), methods=["POST"]),
            Route("/v1/score", _telling(self.score), methods=["POST"]),
            Route("/v1/cancel", _telling(self.cancel), methods=["POST"]),
            Route("/v1/tokenize", _telling(self.tokenize), methods=["POST"]),
            Route("/v1/chat_prompt", _telling(self.chat_prompt), methods=["POST"]),
        ]
        app = Starlette(routes=routes)
        app.add_middleware(Guard)
        return app

    def break_all(self) -> None:
        """End every open stream and score: the process stops."""
        for end in list(self._live.values()):
            end(stopped())

    async def health(self, _request: Request) -> Response:
        """`Health`."""
        return _json(health_of(self._worker))

    async def metrics(self, _request: Request) -> Response:
        """Prometheus text."""
        return Response(metrics_of(self._worker), media_type="text/plain; version=0.0.4")

    async def vocabulary(self, _request: Request) -> Response:
        """`Vocabulary`, encoded once."""
        if self._vocabulary is None:
            self._vocabulary = msgspec.json.encode(self.loaded().vocabulary)
        return Response(self._vocabulary, media_type="application/json")

    async def generate(self, request: Request) -> EventStream:
        """A stream of `Tokens`, then `Generated` or `Broken`."""
        loaded = self.loaded()
        asked = _decoded(await bounded_body(request), GenerateRequest)
        check_generate(asked, loaded.facts.context, loaded.facts.vocabulary)
        return self.stream(asked, ndjson, b"application/x-ndjson")

    def stream(self, asked: GenerateRequest, encode: Encode, media: bytes) -> EventStream:
        """Start a checked generation, and its answer."""
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

    def stop(self, request_id: str) -> None:
        """End a generation or score between two steps."""
        self._worker.cancel(request_id)

    async def score(self, request: Request) -> Response:
        """`Scored`."""
        loaded = self.loaded()
        asked = _decoded(await bounded_body(request), ScoreRequest)
        check_score(asked, loaded.facts.context, loaded.facts.vocabulary)
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
        return _json(result)

    async def cancel(self, request: Request) -> Response:
        """`{"known": bool}`."""
        asked = _decoded(await bounded_body(request), CancelBody)
        known = asked.id in self._live
        if known:
            self._worker.cancel(asked.id)
        return _json({"known": known})

    async def tokenize(self, request: Request) -> Response:
        """`{"ids": [...]}`."""
        model = self.loaded().model
        asked = _decoded(await bounded_body(request), TokenizeBody)
        return _json({"ids": await asyncio.to_thread(model.tokenize, asked.text, asked.special)})

    async def chat_prompt(self, request: Request) -> Response:
        """`{"ids": [...]}`."""
        loaded = self.loaded()
        asked = _decoded(await bounded_body(request), ChatBody)
        return _json({"ids": await self.conversation_ids(loaded, asked.messages)})

    async def conversation_ids(self, loaded: Loaded, messages: tuple[ChatMessage, ...]) -> tuple[int, ...]:
        """Ids of a conversation under the model's template. Raises EngineError `bad_request`."""
        spelling = asyncio.to_thread(prompts.chat_ids, loaded.model, messages)
        try:
            return await asyncio.wait_for(spelling, prompts.TEMPLATE_SECONDS)
        except TimeoutError:
            raise EngineError("bad_request", "The model's chat template takes too long.") from None

    def loaded(self) -> Loaded:
        """What there is to serve. Raises EngineError `not_ready`."""
        if self._worker.failure is not None:
            raise EngineError("not_ready", self._worker.failure.sentence)
        if self._worker.loaded is None:
            raise EngineError("not_ready", "The engine is still loading its model; try again in a moment.")
        return self._worker.loaded

    def _check_new(self, request_id: str) -> None:
        if request_id in self._live:
            raise EngineError("bad_request", "A request of this id is running; give every request its own.")
        if len(self._live) >= WAITING_LIMIT:
            raise EngineError("busy", f"{WAITING_LIMIT} requests wait already; try again later.")

    async def _unless_gone(
        self, request: Request, answer: asyncio.Future[Scored | Broken], request_id: str
    ) -> Scored | Broken:
        leaving = asyncio.create_task(gone(request))
        try:
            await asyncio.wait((answer, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
        if not answer.done():
            self._worker.cancel(request_id)
            return Broken("cancelled", "The score was cancelled before its end.")
        return answer.result()


async def gone(request: Request) -> None:
    """Return when the caller has left."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _telling(endpoint: Answer) -> Answer:
    """`endpoint`, whose EngineErrors are told to the caller."""

    async def answer(request: Request) -> Any:
        try:
            return await endpoint(request)
        except EngineError as error:
            return refused(error)

    return answer


def _decoded(body: bytes, kind: type[_T]) -> _T:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise EngineError("bad_request", f"The body is no {kind.__name__}.") from None


def _json(value: object) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")
