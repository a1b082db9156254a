"""The two ways an answer goes out, each of which notices a client that hangs up and calls the job off."""

from __future__ import annotations

import abc
import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from console.coordinator.gateway.errors import ApiError, error_body
from console.coordinator.gateway.shapes import DONE, Shape, event, waiting
from console.coordinator.jobs.live import Done, LiveJob, Remark, Text, Told, Trouble

CallOff = Callable[[LiveJob], None]
Logprobs = Callable[[LiveJob, str], dict[str, Any]]


class Answer(Response, abc.ABC):
    """Either way. `call_off` is called when the client leaves first."""

    def __init__(
        self,
        live: LiveJob,
        shape: Shape,
        headers: dict[str, str],
        call_off: CallOff,
        logprobs: Logprobs | None,
    ) -> None:
        """`logprobs`: makes them of the judged job and its text; None: they were not asked for."""
        super().__init__()
        self._live = live
        self._shape = shape
        self._extra = headers
        self._call_off = call_off
        self._logprobs = logprobs

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer until there is no more, or nobody to answer to."""
        answering = asyncio.create_task(self._answer(scope, receive, send))
        leaving = asyncio.create_task(_until_gone(receive))
        try:
            await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if answering.done() and not answering.cancelled():
                with contextlib.suppress(OSError):  # the client went while it was written to
                    answering.result()
        finally:
            self._call_off(self._live)
            for task in (answering, leaving):
                task.cancel()
            await asyncio.gather(answering, leaving, return_exceptions=True)

    @abc.abstractmethod
    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None: ...

    def _logprobs_of(self, text: str) -> dict[str, Any] | None:
        return self._logprobs(self._live, text) if self._logprobs is not None else None

    def _refusal(self, trouble: Trouble) -> Response:
        error = ApiError(trouble.status, trouble.code, trouble.sentence)
        return error.response(self._extra)


class WholeAnswer(Answer):
    """One JSON object."""

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        text = ""
        while isinstance(told := await self._live.told.get(), Text | Remark):
            text += told.text if isinstance(told, Text) else ""
        if isinstance(told, Trouble):
            response = self._refusal(told)
        else:
            whole = self._shape.whole(text, told, self._logprobs_of(text))
            response = JSONResponse(whole, headers=self._extra)
        await response(scope, receive, send)


class StreamedAnswer(Answer):
    """Server-sent events; the status waits a moment, so that an early failure is an HTTP error."""

    def __init__(
        self,
        live: LiveJob,
        shape: Shape,
        headers: dict[str, str],
        call_off: CallOff,
        logprobs: Logprobs | None,
        *,
        ahead: Callable[[LiveJob], int | None],
        comment_s: float,
    ) -> None:
        """`comment_s`: interval of comments while nothing comes; `ahead`: what they say, see `waiting`."""
        super().__init__(live, shape, headers, call_off, logprobs)
        self._ahead = ahead
        self._comment_s = comment_s

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        told = await self._next()
        if isinstance(told, Trouble):
            await self._refusal(told)(scope, receive, send)
            return
        headers = {"content-type": "text/event-stream", "cache-control": "no-store", **self._extra}
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": 200, "headers": raw})
        await _write(send, self._shape.first())
        while True:
            data, last = self._event(told)
            await _write(send, data)
            if last:
                break
            told = await self._next()
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _next(self) -> Told | None:
        """What the job says next; None when it has said nothing for a while."""
        try:
            return await asyncio.wait_for(self._live.told.get(), self._comment_s)
        except TimeoutError:
            return None

    def _event(self, told: Told | None) -> tuple[bytes, bool]:
        if told is None:
            return waiting(self._ahead(self._live)), False
        if isinstance(told, Text):
            return self._shape.text(told.text, self._logprobs_of(told.text)), False
        if isinstance(told, Remark):
            return f": {told.name} {told.body}\n\n".encode(), False
        if isinstance(told, Done):
            return self._shape.last(told) + self._shape.usage(told) + DONE, True
        return event(error_body(told.status, told.code, told.sentence)), True


async def _write(send: Send, data: bytes) -> None:
    await send({"type": "http.response.body", "body": data, "more_body": True})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
