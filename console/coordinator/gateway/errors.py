"""Errors in OpenAI's shape, each with a sentence that says what to do."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from console.coordinator.jobs.faults import told
from console.coordinator.store import StoreError

log = logging.getLogger(__name__)
Endpoint = Callable[[Request], Awaitable[Response]]
RETRY_AFTER_S = 2
"""What a client that may come again soon is told to wait."""
NEVER_AGAIN = {"x-should-retry": "false"}
"""OpenAI's SDKs repeat 409 and 429 by themselves unless they are told that it is of no use."""
_UNBOOKED = "The network cannot book anything at the moment. Nothing is charged; try again soon."
_FAILED = "The network had a fault of its own. Nothing is charged; ask again."
_QUOTA = "insufficient_quota"
_TYPES = {429: "rate_limit_error"}
_TYPES_OF_CODES = {_QUOTA: _QUOTA, "spending_limit_reached": _QUOTA}


class ApiError(Exception):
    """A request that cannot be served."""

    def __init__(
        self,
        status: int,
        code: str,
        sentence: str,
        param: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        """`status`: HTTP; `code`: for programs; `param`: the request's field that is to blame.

        `headers`: go out with it. A 429 or 503 that has no `retry-after` of its own gets one.
        """
        super().__init__(sentence)
        self.status = status
        self.body = error_body(status, code, sentence, param)
        self.headers = dict(headers or {})

    def response(self, headers: dict[str, str] | None = None) -> JSONResponse:
        """As HTTP."""
        extra = {**self.headers, **(headers or {})}
        if self.status in (429, 503) and extra.get("x-should-retry") != "false":
            extra.setdefault("retry-after", str(RETRY_AFTER_S))
        if self.status == 401:
            extra.setdefault("www-authenticate", "Bearer")
        return JSONResponse(self.body, self.status, headers=extra)


def error_body(status: int, code: str, sentence: str, param: str | None = None) -> dict[str, Any]:
    """OpenAI's error object."""
    usual = _TYPES.get(status, "invalid_request_error" if status < 500 else "server_error")
    kind = _TYPES_OF_CODES.get(code, usual)
    return {"error": {"message": sentence, "type": kind, "param": param, "code": code}}


def refusal(error: Exception) -> Response:
    """What is said of `error`; a fault of our own is logged, too."""
    if isinstance(error, ApiError):
        return error.response()
    log.error("a request failed: %s", told(error))
    if isinstance(error, StoreError):
        return ApiError(503, "coordinator_failed", _UNBOOKED).response()
    return ApiError(500, "coordinator_failed", _FAILED).response()


def refusing(endpoint: Endpoint) -> Endpoint:
    """`endpoint`, whose exceptions are told as `refusal` tells them."""

    async def serve(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Exception as error:
            return refusal(error)

    return serve


async def unserved(request: Request, error: Exception) -> Response:
    """Routes and methods that are not there; `OPTIONS` is told which methods are."""
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if error.status_code == 404:
        return ApiError(
            404, "unknown_url", f"There is no {request.method} {request.url.path[:200]} here."
        ).response()
    if error.status_code != 405:
        return ApiError(error.status_code, "http_error", error.detail, headers=headers).response()
    allowed = sorted({*(name.strip() for name in headers.get("Allow", "").split(",")), "OPTIONS"} - {""})
    headers["Allow"] = ", ".join(allowed)
    if request.method == "OPTIONS":
        return Response(status_code=204, headers=headers)
    return ApiError(
        405,
        "method_not_allowed",
        f"{request.url.path[:200]} does not take {request.method}; it takes {headers['Allow']}.",
        headers=headers,
    ).response()
