"""OpenAI's endpoints for the operator's own programs: they share the batch with the network's work.

They need a key and are served on loopback only, when that is asked for. Every answer has a fresh random
seed unless the caller gives one.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
import time
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from console.engine.port import Broken, EngineError, Generated, GenerateRequest, Tokens
from console.engine.process import prompts
from console.engine.process.guard import Guard, bounded_body, status_of
from console.engine.process.limits import check_generate
from console.engine.process.live_requests import LiveRequests, answered_or_gone
from console.engine.process.loading import Loaded
from console.engine.process.openai_answers import Shape, error_body
from console.engine.process.openai_requests import Asked, ChatAsked, TextAsked, parsed
from console.engine.process.sequence import Event


class OpenaiEndpoints:
    """`/v1/chat/completions`, `/v1/completions` and `/v1/models`."""

    def __init__(self, live: LiveRequests, key: str) -> None:
        """`live`: the worker's requests, these among them; `key`: what callers must show."""
        self._live = live
        self._key = key

    def app(self) -> ASGIApp:
        """The guarded application."""
        routes = [
            Route("/v1/chat/completions", self._telling(self.chat), methods=["POST"]),
            Route("/v1/completions", self._telling(self.text), methods=["POST"]),
            Route("/v1/models", self._telling(self.models), methods=["GET"]),
        ]
        return Guard(Starlette(routes=routes), _refusal)

    async def models(self, _request: Request) -> Response:
        """The one model that is held."""
        loaded = self._live.loaded()
        model = {"id": loaded.facts.name, "object": "model", "created": 0, "owned_by": "quarterdeck"}
        return _json({"object": "list", "data": [model]})

    async def chat(self, request: Request) -> Any:
        """A conversation's next message."""
        loaded = self._live.loaded()
        asked = parsed(await bounded_body(request), ChatAsked)
        ids = await prompts.conversation_ids(loaded.model, asked.conversation)
        return await self._answer(request, loaded, asked, ids, chat=True)

    async def text(self, request: Request) -> Any:
        """A text's continuation."""
        loaded = self._live.loaded()
        asked = parsed(await bounded_body(request), TextAsked)
        ids = asked.text_or_ids
        if isinstance(ids, str):
            ids = await asyncio.to_thread(prompts.text_ids, loaded.model, ids)
        return await self._answer(request, loaded, asked, ids, chat=False)

    async def _answer(
        self, request: Request, loaded: Loaded, asked: Asked, ids: tuple[int, ...], chat: bool
    ) -> Any:
        if asked.model != loaded.facts.name:
            raise EngineError(
                "not_found", f"This engine holds {loaded.facts.name} and no other model; see GET /v1/models."
            )
        room = loaded.facts.context - len(ids)
        wanted = asked.wanted_tokens
        generation = GenerateRequest(
            id=f"local-{os.urandom(12).hex()}",
            prompt_ids=ids,
            seed=_seed(asked.seed),
            temperature_milli=asked.temperature_milli,
            max_tokens=max(1, room) if wanted is None else wanted,
            stop=asked.stops,
            source="local",
            rules=asked.rules,
        )
        check_generate(generation, loaded.facts.context, loaded.facts.vocabulary)
        shape = Shape(generation.id, loaded.facts.name, int(time.time()), chat, asked.stops)
        if asked.stream:
            return self._live.stream(generation, shape.stream(asked.include_usage), b"text/event-stream")
        return await self._whole(request, generation, shape)

    async def _whole(self, request: Request, generation: GenerateRequest, shape: Shape) -> Response:
        events: list[Event] = []
        answer: asyncio.Future[Generated | Broken] = asyncio.get_running_loop().create_future()

        def put(event: Event) -> None:
            events.append(event)
            if not isinstance(event, Tokens) and not answer.done():
                answer.set_result(event)

        self._live.start(generation, put)
        try:
            await answered_or_gone(request, answer)
        finally:
            if not answer.done():
                self._live.stop(generation.id)
        last = await answer
        if isinstance(last, Broken):
            raise EngineError(last.code, last.sentence)
        text = "".join(event.text for event in events if isinstance(event, Tokens))
        return Response(shape.whole(text, last), media_type="application/json")

    def _telling(self, endpoint: Callable[[Request], Awaitable[Any]]) -> Callable[[Request], Awaitable[Any]]:
        """`endpoint` for callers with the key; what fails is told in OpenAI's form."""

        async def answer(request: Request) -> Any:
            try:
                self._check_key(request)
                return await endpoint(request)
            except EngineError as error:
                return _refusal(error)

        return answer

    def _check_key(self, request: Request) -> None:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        shown = hashlib.sha256(key.strip().encode()).digest()
        right = hmac.compare_digest(shown, hashlib.sha256(self._key.encode()).digest())
        if scheme.lower() != "bearer" or not right:
            raise EngineError(
                "unauthorised", "Send the key of this engine in the header `Authorization: Bearer <key>`."
            )


def _seed(given: int | None) -> str:
    """The caller's, so that an answer can be had again, or a fresh one."""
    if given is None:
        return os.urandom(32).hex()
    return hashlib.sha256(b"quarterdeck/local-seed/v1" + str(given).encode()).hexdigest()


def _refusal(error: EngineError) -> Response:
    return Response(
        msgspec.json.encode(error_body(error)), status_of(error.code), media_type="application/json"
    )


def _json(value: object) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")
