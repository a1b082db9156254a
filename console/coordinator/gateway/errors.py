"""Errors in OpenAI's shape, each with a sentence that says what to do."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "insufficient_quota",
    404: "invalid_request_error",
    413: "invalid_request_error",
    429: "rate_limit_error",
}


class ApiError(Exception):
    """A request that cannot be served."""

    def __init__(self, status: int, code: str, sentence: str, param: str | None = None) -> None:
        """`status`: HTTP; `code`: for programs; `param`: the request's field that is to blame."""
        super().__init__(sentence)
        self.status = status
        self.body = error_body(status, code, sentence, param)

    def response(self, headers: dict[str, str] | None = None) -> JSONResponse:
        """As HTTP."""
        extra = dict(headers or {})
        if self.status in (429, 503):
            extra["retry-after"] = "2"
        return JSONResponse(self.body, self.status, headers=extra)


def error_body(status: int, code: str, sentence: str, param: str | None = None) -> dict[str, Any]:
    """OpenAI's error object."""
    kind = _TYPES.get(status, "server_error")
    return {"error": {"message": sentence, "type": kind, "param": param, "code": code}}
