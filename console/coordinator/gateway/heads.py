"""What a request's head may say of its body, before any of that is read."""

from __future__ import annotations

from starlette.requests import Request

from console.coordinator.gateway.errors import ApiError


def check_head(request: Request, limit: int) -> None:
    """Raise ApiError for a body of another kind than JSON (415), or larger than `limit` bytes (413)."""
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise ApiError(
            415, "unsupported_content_type", "The body has to be JSON: send `Content-Type: application/json`."
        )
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise ApiError(415, "unsupported_content_encoding", "The body has to come uncompressed.")
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > limit:
        raise too_large(limit)


def too_large(limit: int) -> ApiError:
    """413."""
    return ApiError(413, "body_too_large", f"A request has at most {limit} bytes here.")
