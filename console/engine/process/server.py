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

from console.engine.port import ChatMessage, EngineError, GenerateRequest, ScoreRequest
from console.engine.process import prompts
from console.engine.process.guard import Guard, bounded_body, refused
from console.engine.process.limits import check_generate, check_score
from console.engine.process.live_requests import LiveRequests
from console.engine.process.report import health_of, metrics_of
from console.engine.process.stream import EventStream, ndjson
from console.engine.process.worker import Worker

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
    """What the node asks of its engine, each under a path of its own."""

    def __init__(self, worker: Worker, live: LiveRequests) -> None:
        """`worker`: whose health is told; `live`: its requests."""
        self._worker = worker
        self._live = live
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

    async def health(self, _request: Request) -> Response:
        """`Health`."""
        return _json(health_of(self._worker))

    async def metrics(self, _request: Request) -> Response:
        """Prometheus text."""
        return Response(metrics_of(self._worker), media_type="text/plain; version=0.0.4")

    async def vocabulary(self, _request: Request) -> Response:
        """`Vocabulary`, encoded once."""
        if self._vocabulary is None:
            self._vocabulary = msgspec.json.encode(self._live.loaded().vocabulary)
        return Response(self._vocabulary, media_type="application/json")

    async def generate(self, request: Request) -> EventStream:
        """A stream of `Tokens`, then `Generated` or `Broken`."""
        loaded = self._live.loaded()
        asked = _decoded(await bounded_body(request), GenerateRequest)
        check_generate(asked, loaded.facts.context, loaded.facts.vocabulary)
        return self._live.stream(asked, ndjson, b"application/x-ndjson")

    async def score(self, request: Request) -> Response:
        """`Scored`."""
        loaded = self._live.loaded()
        asked = _decoded(await bounded_body(request), ScoreRequest)
        check_score(asked, loaded.facts.context, loaded.facts.vocabulary)
        return _json(await self._live.score(asked, request))

    async def cancel(self, request: Request) -> Response:
        """`{"known": bool}`."""
        asked = _decoded(await bounded_body(request), CancelBody)
        known = self._live.knows(asked.id)
        if known:
            self._live.stop(asked.id)
        return _json({"known": known})

    async def tokenize(self, request: Request) -> Response:
        """`{"ids": [...]}`."""
        model = self._live.loaded().model
        asked = _decoded(await bounded_body(request), TokenizeBody)
        return _json({"ids": await asyncio.to_thread(model.tokenize, asked.text, asked.special)})

    async def chat_prompt(self, request: Request) -> Response:
        """`{"ids": [...]}`."""
        loaded = self._live.loaded()
        asked = _decoded(await bounded_body(request), ChatBody)
        return _json({"ids": await prompts.conversation_ids(loaded.model, asked.messages)})


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
