"""A client with a nonce of its own commits to it with its request, and reveals it after the ticket."""

from __future__ import annotations

import re

import msgspec
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from console.coordinator.dispatch.dispatch import Dispatch
from console.coordinator.gateway.bodies import body_of
from console.coordinator.gateway.errors import ApiError

COMMITMENT = "x-quarterdeck-commitment"
"""The request's header: `nonce_commitment` of `console.fairness`."""
_DIGEST = re.compile(r"[0-9a-f]{64}")
_BODY_BYTES = 1024


class _Reveal(msgspec.Struct, frozen=True):
    nonce: str


class Nonces:
    """`POST /net/v1/jobs/<job>/nonce`."""

    def __init__(self, dispatch: Dispatch, within_s: float) -> None:
        """`within_s`: in which a body has to come."""
        self._dispatch = dispatch
        self._within_s = within_s

    async def reveal(self, request: Request) -> Response:
        """Take a nonce. Nobody else can reveal it: only who made it knows what fits its commitment."""
        try:
            body = await body_of(request, _BODY_BYTES, self._within_s)
            given = msgspec.json.decode(body, type=_Reveal)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return ApiError(400, "bad_request", 'The body is {"nonce": hex}.', "nonce").response()
        except ApiError as error:
            return error.response()
        except ClientDisconnect:
            return Response(status_code=400)
        taken = self._dispatch.reveal(request.path_params["job"], given.nonce)
        if taken is None:
            return ApiError(404, "no_such_job", "No job of that id waits for a nonce here.").response()
        if not taken:
            sentence = "This is not the nonce that was committed to."
            return ApiError(400, "nonce_wrong", sentence, "nonce").response()
        return JSONResponse({"taken": True})


def commitment_of(headers: Headers, streams: bool) -> str:
    """The client's commitment, empty for none. Raises ApiError."""
    given = headers.get(COMMITMENT, "")
    if given and not _DIGEST.fullmatch(given):
        raise ApiError(400, "commitment_malformed", f"{COMMITMENT} is 64 hex digits: SHA-256 over the nonce.")
    if given and not streams:
        sentence = "The ticket comes in the stream: ask with `stream: true`."
        raise ApiError(400, "commitment_needs_stream", sentence, "stream")
    return given
