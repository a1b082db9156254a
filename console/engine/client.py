"""`LlamaEngine`: the `Engine` port over the Unix socket of an engine process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, TypeVar

import httpx
import msgspec

from console.engine.port import (
    Broken,
    ChatMessage,
    EngineError,
    Generated,
    GenerateRequest,
    Health,
    Scored,
    ScoreRequest,
    Tokens,
    Vocabulary,
)

CONNECT_S = 5.0
ANSWER_S = 30.0
_T = TypeVar("_T")
_Event = Tokens | Generated | Broken
_LONG = httpx.Timeout(CONNECT_S, read=None)
"""A prompt may take minutes: the watchdog looks at progress, so no stream is cut by time."""
_GONE = "The engine's process does not answer: it has stopped, or is being started again."


class _Refusal(msgspec.Struct, frozen=True):
    code: str
    sentence: str


class _Ids(msgspec.Struct, frozen=True):
    ids: tuple[int, ...]


class _Known(msgspec.Struct, frozen=True):
    known: bool


class LlamaEngine:
    """A client that outlives its engine: after a restart at the same socket it goes on."""

    def __init__(self, socket_path: Path) -> None:
        """`socket_path`: where the engine process listens, or will listen."""
        self._client = httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(
                uds=str(socket_path),
                limits=httpx.Limits(max_connections=None, max_keepalive_connections=8, keepalive_expiry=30),
            ),
            base_url="http://engine",
            timeout=httpx.Timeout(CONNECT_S, read=ANSWER_S),
            trust_env=False,
        )

    async def close(self) -> None:
        """Close all connections; open streams are cancelled."""
        await self._client.aclose()

    async def health(self) -> Health:
        """State and gauges. Raises EngineError `unreachable`."""
        return await self._get("/health", Health)

    async def generate(self, request: GenerateRequest) -> AsyncIterator[_Event]:
        """Stream one generation; closing the iterator cancels it. Raises EngineError."""
        try:
            async with self._client.stream(
                "POST", "/v1/generate", content=msgspec.json.encode(request), timeout=_LONG
            ) as response:
                if response.status_code != 200:
                    raise _refusal(await response.aread())
                async for event in _events(response):
                    yield event
                    if not isinstance(event, Tokens):
                        return
        except httpx.HTTPError:
            raise EngineError("unreachable", _GONE) from None
        raise EngineError("unreachable", "The engine's process ended in the middle of an answer.")

    async def cancel(self, request_id: str) -> bool:
        """Stop a generation or score; whether it was known. Raises EngineError."""
        return (await self._post("/v1/cancel", {"id": request_id}, _Known)).known

    async def score(self, request: ScoreRequest) -> Scored:
        """The reference candidates for an answer. Raises EngineError."""
        return await self._post("/v1/score", request, Scored, _LONG)

    async def tokenize(self, text: str, special: bool) -> tuple[int, ...]:
        """Token ids of `text`, without a begin token. Raises EngineError."""
        return (await self._post("/v1/tokenize", {"text": text, "special": special}, _Ids)).ids

    async def chat_prompt(self, messages: tuple[ChatMessage, ...]) -> tuple[int, ...]:
        """Token ids of a conversation, ready for the answer. Raises EngineError."""
        return (await self._post("/v1/chat_prompt", {"messages": messages}, _Ids)).ids

    async def vocabulary(self) -> Vocabulary:
        """The table of pieces and the ids that end a generation. Raises EngineError."""
        return await self._get("/v1/vocabulary", Vocabulary)

    async def _get(self, path: str, kind: type[_T]) -> _T:
        try:
            response = await self._client.get(path)
        except httpx.HTTPError:
            raise EngineError("unreachable", _GONE) from None
        return _answer(response, kind)

    async def _post(
        self, path: str, body: object, kind: type[_T], timeout: httpx.Timeout | None = None
    ) -> _T:
        content = msgspec.json.encode(body)
        try:
            response = await self._client.post(path, content=content, timeout=timeout or self._client.timeout)
        except httpx.HTTPError:
            raise EngineError("unreachable", _GONE) from None
        return _answer(response, kind)


async def _events(response: httpx.Response) -> AsyncIterator[_Event]:
    """Events of an NDJSON body. Only the line feed separates: answers may hold every other kind of break."""
    rest = bytearray()
    async for part in response.aiter_raw():
        rest += part
        if b"\n" not in part:
            continue
        *lines, last = bytes(rest).split(b"\n")
        rest = bytearray(last)
        for line in lines:
            yield _decoded(line, _Event)


def _answer(response: httpx.Response, kind: type[_T]) -> _T:
    if response.status_code != 200:
        raise _refusal(response.content)
    answer: _T = _decoded(response.content, kind)
    return answer


def _refusal(body: bytes) -> EngineError:
    try:
        told = msgspec.json.decode(body, type=_Refusal)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return EngineError("unreachable", "The engine failed to answer; see its log.")
    return EngineError(told.code, told.sentence)


def _decoded(data: bytes, kind: Any) -> Any:
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise EngineError("unreachable", "The engine's answer is not understood: another version?") from None
