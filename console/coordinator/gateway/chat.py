"""`/v1`: chat completions and the list of models, for any OpenAI client."""

from __future__ import annotations

import hashlib

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from console.coordinator.dispatch import Dispatch
from console.coordinator.gateway.errors import ApiError
from console.coordinator.gateway.nonces import commitment_of
from console.coordinator.gateway.requests import ChatRequest, parse_chat
from console.coordinator.gateway.shapes import Shape
from console.coordinator.gateway.streams import StreamedAnswer, WholeAnswer
from console.coordinator.live import Ask, LiveJob
from console.coordinator.parts import Parts
from console.coordinator.reference import Reference
from console.coordinator.registry import Registry
from console.coordinator.store import OverdrawnError, StoreError
from console.engine.port import EngineError

PRACTICE_CLIENT = "practice"
_SEED_NOTE = "ignored: the network draws a seed that nobody can choose"


class Gateway:
    """Turns requests into jobs."""

    def __init__(self, parts: Parts, registry: Registry, reference: Reference, dispatch: Dispatch) -> None:
        self._parts = parts
        self._registry = registry
        self._reference = reference
        self._dispatch = dispatch

    async def chat(self, request: Request) -> Response:
        """`POST /v1/chat/completions`."""
        try:
            client = await self._client(request)
            asked = parse_chat(await self._body(request))
            live = await self._submit(client, asked, commitment_of(request.headers, asked.stream))
        except ApiError as error:
            return error.response()
        except StoreError as error:
            return ApiError(503, "coordinator_failed", str(error)).response()
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it
        headers: dict[str, str] = {"x-quarterdeck-job": live.job.id}
        if asked.seed_given:
            headers["x-quarterdeck-seed"] = _SEED_NOTE
        shape = Shape(live.job.id, self._parts.served.model, live.job.received_ms // 1000)
        if not asked.stream:
            return WholeAnswer(live, shape, headers, self._dispatch.cancel)
        return StreamedAnswer(
            live,
            shape,
            headers,
            self._dispatch.cancel,
            include_usage=asked.include_usage,
            comment_s=self._parts.config.limits.queued_comment_s,
        )

    async def models(self, request: Request) -> Response:
        """`GET /v1/models`: what can be served now, so nothing while no live node is in the roster."""
        try:
            await self._client(request)
        except ApiError as error:
            return error.response()
        served, nodes = self._parts.served, len(self._registry.roster(0))
        model = {"id": served.model, "object": "model", "created": 0, "owned_by": self._parts.config.network}
        offered = model | {"quarterdeck": {"sha256": served.group, "nodes": nodes}}
        return JSONResponse({"object": "list", "data": [offered] if nodes else []})

    async def client_of(self, request: Request) -> str:
        """Whose API key a request bears. Raises ApiError, StoreError."""
        return await self._client(request)

    async def _submit(self, client: str, asked: ChatRequest, commitment: str) -> LiveJob:
        if asked.model != self._parts.served.model:
            raise ApiError(
                404,
                "model_not_found",
                f"This network serves {self._parts.served.model}; see GET /v1/models.",
                "model",
            )
        ask = msgspec.structs.replace(await self._ask(client, asked), commitment=commitment)
        if self._dispatch.full:
            raise ApiError(
                429, "too_many_jobs", "As many requests run as this network takes. Try again soon."
            )
        try:
            return await self._dispatch.submit(ask)
        except OverdrawnError as error:
            raise ApiError(
                402,
                "insufficient_funds",
                "The account does not hold what this request can cost at most. "
                "Top it up, or ask for fewer `max_tokens`.",
            ) from error

    async def _ask(self, client: str, asked: ChatRequest) -> Ask:
        prompt_ids = await self._prompt(asked)
        max_tokens = self._room(len(prompt_ids), asked.max_tokens)
        if not self._registry.would_serve(len(prompt_ids) + max_tokens):
            self._explain_nobody(len(prompt_ids) + max_tokens)
        return Ask(
            client=client,
            prompt_ids=prompt_ids,
            temperature_milli=asked.temperature_milli,
            max_tokens=max_tokens,
            stop=asked.stop,
            streaming=asked.stream,
            rules=asked.rules,
        )

    async def _prompt(self, asked: ChatRequest) -> tuple[int, ...]:
        if not self._reference.ready:
            raise ApiError(503, "loading", self._reference.sentence)
        try:
            return await self._reference.chat_ids(asked.messages)
        except EngineError as error:
            if error.code in ("bad_request", "context_exceeded"):
                raise ApiError(400, error.code, error.sentence, "messages") from error
            raise ApiError(503, "loading", self._reference.sentence) from error

    def _room(self, prompt_tokens: int, wanted: int | None) -> int:
        """Tokens that the answer may have. Raises ApiError when they do not fit."""
        context, most = self._reference.context, self._parts.policy.max_tokens
        if wanted is not None and wanted > most:
            raise ApiError(
                400, "max_tokens_exceeded", f"An answer has at most {most} tokens here.", "max_tokens"
            )
        room = context - prompt_tokens
        if room < 1 or (wanted is not None and wanted > room):
            need = prompt_tokens + (wanted or 1)
            raise ApiError(
                400,
                "context_length_exceeded",
                f"Prompt and answer need {need} tokens; this model's context holds {context}. "
                "Shorten the messages or ask for fewer tokens.",
                "messages",
            )
        return wanted if wanted is not None else min(most, room)

    def _explain_nobody(self, need: int) -> None:
        largest = self._registry.largest_context()
        if largest:
            raise ApiError(
                400,
                "context_length_exceeded",
                f"Prompt and answer need {need} tokens; the largest context among the live nodes holds "
                f"{largest}. Shorten the messages or ask for fewer tokens.",
                "messages",
            )
        raise ApiError(
            503,
            "no_node",
            "No node serves this model at the moment. Nothing is charged; try again in a moment.",
        )

    async def _client(self, request: Request) -> str:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            raise ApiError(
                401, "missing_api_key", "Send your API key in the header `Authorization: Bearer <key>`."
            )
        if self._parts.config.practice.open:
            return PRACTICE_CLIENT
        digest = hashlib.sha256(key.strip().encode()).hexdigest()
        client = await self._parts.store.transact(lambda unit: unit.client_of(digest))
        if client is None:
            raise ApiError(401, "invalid_api_key", "This API key is not known to this network.")
        return client

    async def _body(self, request: Request) -> bytes:
        limit, data = self._parts.config.limits.body_bytes, bytearray()
        async for chunk in request.stream():
            data += chunk
            if len(data) > limit:
                raise ApiError(413, "body_too_large", f"A request has at most {limit} bytes here.")
        return bytes(data)
