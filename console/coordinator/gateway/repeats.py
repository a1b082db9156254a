"""`Idempotency-Key`: the same request sent twice costs once, and no text is kept for it.

A key stands for one job of an account, and for the body that it came with; both are kept as keyed hashes.
While the job runs, a repeat is told to wait. A job that ended without being charged (cancelled, failed,
refunded) gives its key free, so that a repeat runs anew. One that was answered and paid does not: its text is
not kept, and the repeat is told so.
"""

from __future__ import annotations

import msgspec

from console.coordinator.gateway.accounts import Caller
from console.coordinator.gateway.errors import NEVER_AGAIN, RETRY_AFTER_S, ApiError
from console.coordinator.jobs.jobs import FINAL, Job
from console.coordinator.sealing import Secrets
from console.coordinator.store import IdempotencyRow, Unit

HEADER = "idempotency-key"
_KEY_LIMIT = 255


class Repeatable(msgspec.Struct, frozen=True):
    """A request that came with a key, hashed."""

    client: str
    key: str
    body: str


def repeatable(secrets: Secrets, caller: Caller, key: str | None, body: bytes) -> Repeatable | None:
    """None for a request without a key. Raises ApiError (400): a key that is none."""
    if key is None:
        return None
    if not 1 <= len(key) <= _KEY_LIMIT or not key.isascii() or not key.isprintable():
        raise ApiError(
            400,
            "invalid_idempotency_key",
            f"`Idempotency-Key` has to be 1 to {_KEY_LIMIT} printable ASCII characters.",
            HEADER,
        )
    client, name = caller.client.encode(), key.encode()
    return Repeatable(
        caller.client,
        secrets.fingerprint(b"key", client, name),
        secrets.fingerprint(b"body", client, name, body),
    )


def check_repeat(unit: Unit, asked: Repeatable) -> None:
    """Whether a request with this key may run.

    Raises:
        ApiError: the key came with another body (422), runs (409), or was answered and paid (409).
    """
    known = unit.idempotency(asked.client, asked.key)
    if known is None:
        return
    if known.body != asked.body:
        raise ApiError(
            422,
            "idempotency_key_reused",
            "This `Idempotency-Key` came with another body before. Send a new key with a new request.",
            HEADER,
            NEVER_AGAIN,
        )
    job = unit.job(known.job)
    if job is not None and job.state == "SETTLED":
        raise _answered(job)
    if job is not None and job.state not in FINAL:
        raise ApiError(
            409,
            "idempotency_key_in_use",
            "The request with this `Idempotency-Key` is still running; nothing was started a second time. "
            "Its answer goes to whoever asked first. Try again in a moment.",
            HEADER,
            {"retry-after": str(RETRY_AFTER_S), "x-should-retry": "true", "x-quarterdeck-job": known.job},
        )


def keep_repeat(unit: Unit, asked: Repeatable, job: Job) -> None:
    """From now on the key stands for `job`, whose money is held in the same transaction."""
    check_repeat(unit, asked)
    unit.save_idempotency(IdempotencyRow(asked.client, asked.key, asked.body, job.id))


def _answered(job: Job) -> ApiError:
    return ApiError(
        409,
        "idempotency_key_answered",
        f"The request with this `Idempotency-Key` was answered once, in {job.completion_tokens} tokens for "
        f"{job.price} nano-credits, and is not charged again. The text is kept nowhere, so it cannot be sent "
        "again. A new key asks, and pays, anew.",
        HEADER,
        {**NEVER_AGAIN, "x-quarterdeck-job": job.id},
    )
