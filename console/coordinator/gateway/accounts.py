"""Who asks: API keys, known by their hashes alone, and what may be spent with each."""

from __future__ import annotations

import hashlib

import msgspec
from starlette.requests import Request

from console.coordinator.clock import DAY_MS, day_of
from console.coordinator.gateway.errors import NEVER_AGAIN, ApiError
from console.coordinator.jobs.jobs import Job
from console.coordinator.parts import Parts
from console.coordinator.settings import CoordinatorConfig, Spending
from console.coordinator.store import Unit
from console.ledger.figures import credits

PRACTICE_CLIENT = "practice"


class Caller(msgspec.Struct, frozen=True):
    """An account, and which of its keys came."""

    client: str
    key: str = ""


class Callers:
    """Whose keys there are, by the settings, which do not change while the coordinator runs."""

    def __init__(self, config: CoordinatorConfig) -> None:
        self._open = config.practice.open
        self._known = {
            digest: Caller(client, name)
            for client, its in config.clients.items()
            for digest, name in its.digests().items()
        }

    def caller(self, request: Request) -> Caller:
        """The account behind the request's key. Raises ApiError (401)."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            raise ApiError(
                401, "missing_api_key", "Send your API key in the header `Authorization: Bearer <key>`."
            )
        if self._open:
            return Caller(PRACTICE_CLIENT)
        known = self._known.get(hashlib.sha256(key.strip().encode()).hexdigest())
        if known is None:
            raise ApiError(401, "invalid_api_key", "This API key is not known to this network.")
        return known


def check_spending(unit: Unit, parts: Parts, job: Job) -> None:
    """Whether `job`, whose money is held and counted, is within the limits of its account and key.

    Raises:
        ApiError: a limit would be passed; says the limit, what is spent, and when there is more.
    """
    known = parts.config.clients.get(job.client)
    if known is None:
        return
    _check(unit, job, known.spending, None, f"The account `{job.client}`")
    named = known.keys.get(job.key)
    if named is not None:
        _check(unit, job, named.spending, job.key, f"The key `{job.key}`")


def _check(unit: Unit, job: Job, limits: Spending, key: str | None, who: str) -> None:
    today = day_of(job.received_ms)
    if limits.total is not None and (spent := unit.spent(job.client, key, 0)) > limits.total:
        asked = f"{who} may spend {_amount(limits.total)} in all"
        raise _refused(job, asked, spent, "or the network's operator for more.", NEVER_AGAIN)
    if limits.per_day is not None and (spent := unit.spent(job.client, key, today)) > limits.per_day:
        wait_s = ((today + 1) * DAY_MS - job.received_ms + 999) // 1000
        asked = f"{who} may spend {_amount(limits.per_day)} a day"
        then = f"or wait: the next day begins at 00:00 UTC, in {wait_s} s."
        raise _refused(job, asked, spent, then, {**NEVER_AGAIN, "retry-after": str(wait_s)})


def _refused(job: Job, asked: str, spent: int, then: str, headers: dict[str, str]) -> ApiError:
    before = spent - job.held
    sentence = (
        f"{asked}; {_amount(before)} of that are spent or held, and this request can cost "
        f"{_amount(job.held)}. Ask for fewer `max_tokens`, {then}"
    )
    return ApiError(429, "spending_limit_reached", sentence, None, headers)


def _amount(nano: int) -> str:
    return f"{nano} nano-credits ({credits(nano)})"
