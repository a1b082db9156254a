"""A request's body: JSON, whole, of bounded size, within a bounded time."""

from __future__ import annotations

import asyncio

from starlette.requests import Request

from console.coordinator.gateway.errors import ApiError


async def body_of(request: Request, most_bytes: int, within_s: float) -> bytes:
    """The body, of `most_bytes` at most.

    Raises:
        ApiError: no JSON by its head (415), too large (413), or too slow (408).
        ClientDisconnect: the client left in the middle of it.
    """
    _check_head(request, most_bytes)
    data = bytearray()
    try:
        async with asyncio.timeout(within_s):
            async for chunk in request.stream():
                data += chunk
                if len(data) > most_bytes:
                    raise _too_large(most_bytes)
    except TimeoutError:
        sentence = f"The body did not come within {within_s:g} s. Try again."
        raise ApiError(408, "body_too_slow", sentence, headers={"connection": "close"}) from None
    return bytes(data)


def _check_head(request: Request, limit: int) -> None:
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise ApiError(
            415, "unsupported_content_type", "The body has to be JSON: send `Content-Type: application/json`."
        )
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise ApiError(415, "unsupported_content_encoding", "The body has to come uncompressed.")
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > limit:
        raise _too_large(limit)


def _too_large(limit: int) -> ApiError:
    return ApiError(413, "body_too_large", f"A request has at most {limit} bytes here.")
