"""`POST /v1/chat/completions`, for any OpenAI client."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from console.coordinator.audits.reference import Reference
from console.coordinator.dispatch.dispatch import Dispatch
from console.coordinator.gateway.accounts import Caller, Callers, check_spending
from console.coordinator.gateway.bodies import body_of
from console.coordinator.gateway.errors import NEVER_AGAIN, ApiError, refusal
from console.coordinator.gateway.logprobs import NOTE, logprobs_of
from console.coordinator.gateway.models import require_model
from console.coordinator.gateway.nonces import commitment_of
from console.coordinator.gateway.repeats import HEADER, Repeatable, check_repeat, keep_repeat, repeatable
from console.coordinator.gateway.requests import ChatRequest, parse_chat
from console.coordinator.gateway.shapes import Shape
from console.coordinator.gateway.streams import Logprobs, StreamedAnswer, WholeAnswer
from console.coordinator.jobs.jobs import Job
from console.coordinator.jobs.live import Ask, LiveJob
from console.coordinator.nodes.registry import Registry
from console.coordinator.parts import Parts
from console.coordinator.store import OverdrawnError, Unit
from console.engine.port import EngineError

THEIRS = {"bad_request": "bad_request", "context_exceeded": "context_length_exceeded"}
"""What an engine refuses of a client's messages, in OpenAI's words."""
_SEED_NOTE = "ignored: the network draws a seed that nobody can choose"


class Gateway:
    """Turns requests into jobs."""

    def __init__(
        self, parts: Parts, callers: Callers, registry: Registry, reference: Reference, dispatch: Dispatch
    ) -> None:
        self._parts = parts
        self._callers = callers
        self._registry = registry
        self._reference = reference
        self._dispatch = dispatch

    async def chat(self, request: Request) -> Response:
        """`POST /v1/chat/completions`."""
        try:
            caller = self._callers.caller(request)
            limits = self._parts.config.limits
            body = await body_of(request, limits.body_bytes, limits.body_s)
            asked = parse_chat(body)
            repeat = repeatable(self._parts.secrets, caller, request.headers.get(HEADER), body)
            if repeat is not None:
                await self._parts.store.transact(lambda unit: check_repeat(unit, repeat))
            live = await self._submit(caller, asked, commitment_of(request.headers, asked.stream), repeat)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it
        except Exception as error:
            return refusal(error)
        headers: dict[str, str] = {"x-quarterdeck-job": live.job.id, "x-request-id": live.job.id}
        if asked.seed_given:
            headers["x-quarterdeck-seed"] = _SEED_NOTE
        created_s = live.job.received_ms // 1000
        shape = Shape(live.job.id, self._parts.served.model, created_s, asked.include_usage)
        if asked.top_logprobs is not None:
            headers["x-quarterdeck-logprobs"] = NOTE
        answer = (live, shape, headers, self._dispatch.cancel, self._logprobs(asked))
        if not asked.stream:
            return WholeAnswer(*answer)
        return StreamedAnswer(
            *answer,
            ahead=self._dispatch.ahead,
            comment_s=self._parts.config.limits.queued_comment_s,
        )

    def _logprobs(self, asked: ChatRequest) -> Logprobs | None:
        if (top := asked.top_logprobs) is None:
            return None

        def make(live: LiveJob, text: str) -> dict[str, Any]:
            ids = live.result.token_ids if live.result is not None else ()
            return logprobs_of(ids, live.opening, text, self._reference.pieces, self._reference.end_ids, top)

        return make

    async def _submit(
        self, caller: Caller, asked: ChatRequest, commitment: str, repeat: Repeatable | None
    ) -> LiveJob:
        require_model(self._parts, asked.model)
        ask = msgspec.structs.replace(await self._ask(caller, asked), commitment=commitment)
        if self._dispatch.stopping:
            raise ApiError(503, "coordinator_stopping", "The network is being restarted. Try again soon.")
        if full := self._full(ask):
            raise ApiError(429, "too_many_jobs", full)
        try:
            return await self._dispatch.submit(ask, self._admission(repeat))
        except OverdrawnError as error:
            raise ApiError(
                429,
                "insufficient_quota",
                "The account does not hold what this request can cost at most. "
                "Top it up, or ask for fewer `max_tokens`.",
                headers=NEVER_AGAIN,
            ) from error

    def _full(self, ask: Ask) -> str:
        """Why no job like `ask` is taken on beside those that live; empty where there is room."""
        limits, dispatch = self._parts.config.limits, self._dispatch
        if dispatch.full:
            return "As many requests run as this network takes. Try again soon."
        if dispatch.open_of(ask.client) >= limits.open_jobs_of_one:
            return "As many requests of this account run as one account may have. Try again as they end."
        if ask.top_logprobs is not None and dispatch.with_logprobs >= limits.open_logprobs:
            return "As many requests for log-probabilities run as this network takes. Try again soon."
        return ""

    def _admission(self, repeat: Repeatable | None) -> Callable[[Unit, Job], None]:
        """What has to hold, and what is remembered, in the transaction that holds the money."""

        def admit(unit: Unit, job: Job) -> None:
            if repeat is not None:
                keep_repeat(unit, repeat, job)
            check_spending(unit, self._parts, job)

        return admit

    async def _ask(self, caller: Caller, asked: ChatRequest) -> Ask:
        prompt_ids = await self._prompt(asked)
        max_tokens = self._room(len(prompt_ids), asked.max_tokens)
        if not self._registry.would_serve(len(prompt_ids) + max_tokens):
            self._explain_nobody(len(prompt_ids) + max_tokens)
        return Ask(
            client=caller.client,
            key=caller.key,
            prompt_ids=prompt_ids,
            temperature_milli=asked.temperature_milli,
            max_tokens=max_tokens,
            stop=asked.stop,
            streaming=asked.stream and asked.top_logprobs is None,
            rules=asked.rules,
            top_logprobs=asked.top_logprobs,
        )

    async def _prompt(self, asked: ChatRequest) -> tuple[int, ...]:
        if not self._reference.ready:
            raise ApiError(503, "loading", self._reference.sentence)
        try:
            return await self._reference.chat_ids(asked.messages)
        except EngineError as error:
            if (code := THEIRS.get(error.code)) is not None:
                raise ApiError(400, code, error.sentence, "messages") from error
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
