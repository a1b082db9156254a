"""The relay's routes: what is for one model goes to its group's owner, the rest to whichever owner knows."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from console.coordinator.gateway.bodies import body_of
from console.coordinator.gateway.errors import ApiError, refusing, unserved
from console.coordinator.relay.forward import CONNECT_S, LeftError, NotThereError, forward
from console.coordinator.relay.owners import Owners
from console.coordinator.store import OwnerRow

BODY_BYTES, BODY_S = 1 << 20, 30.0
PATIENCE_S = 15.0
"""A request waits so long for its group to be taken over."""
_AGAIN_S = 0.25
_LEFT = 499


class _Asks(msgspec.Struct, frozen=True):
    model: Any = None


class Relay:
    """Passes requests on to the coordinators that own their groups."""

    def __init__(self, owners: Owners, http: httpx.AsyncClient, patience_s: float = PATIENCE_S) -> None:
        """`http`: without a timeout for reading, since answers take as long as they take."""
        self._owners = owners
        self._http = http
        self._patience_s = patience_s

    def app(self) -> Starlette:
        """For a server. Closes `http` at its end."""
        return Starlette(
            routes=[
                Route("/v1/chat/completions", refusing(self._chat), methods=["POST"]),
                Route("/v1/models", refusing(self._models)),
                Route("/healthz", self._healthz),
                Route("/{path:path}", refusing(self._anyone), methods=["GET", "POST"]),
            ],
            exception_handlers={HTTPException: unserved},
            lifespan=self._lifespan,
        )

    @contextlib.asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        yield
        await self._http.aclose()

    async def _chat(self, request: Request) -> Response:
        body = await body_of(request, BODY_BYTES, BODY_S)
        try:
            model = msgspec.json.decode(body, type=_Asks).model
        except msgspec.DecodeError:
            model = None  # the owner says what is wrong with it
        until_s, after_s = time.monotonic() + self._patience_s, 0.0
        while True:
            owners = await self._owners.now(after_s=after_s)
            for owner in _serving(owners, model):
                try:
                    return await forward(self._http, owner.address, request, body)
                except LeftError:
                    return Response(status_code=_LEFT)
                except NotThereError:
                    continue
            if time.monotonic() > until_s:
                raise ApiError(
                    503,
                    "no_coordinator",
                    "No coordinator is there for this model now. Try again in a moment.",
                )
            await asyncio.sleep(_AGAIN_S)
            after_s = time.monotonic()

    async def _models(self, request: Request) -> Response:
        """Those of all groups, each with its owner's own words."""
        models: list[Any] = []
        refused: httpx.Response | None = None
        for owner in await self._owners.now():
            with contextlib.suppress(httpx.HTTPError, ValueError, KeyError):
                key = {"authorization": request.headers.get("authorization", "")}
                answer = await self._http.get(f"{owner.address}/v1/models", headers=key, timeout=CONNECT_S)
                if answer.status_code == 401:
                    refused = answer
                else:
                    models += answer.json()["data"]
        if refused is not None and not models:
            return Response(refused.content, 401, media_type="application/json")
        return JSONResponse({"object": "list", "data": models})

    async def _anyone(self, request: Request) -> Response:
        """From the first owner that has it: jobs, epochs and statements are one group's."""
        body = await body_of(request, BODY_BYTES, BODY_S) if request.method == "POST" else b""
        owners = await self._owners.now()
        for number, owner in enumerate(owners, 1):
            with contextlib.suppress(NotThereError, LeftError):
                answer = await forward(self._http, owner.address, request, body)
                if answer.status_code != 404 or number == len(owners):
                    return answer
                await answer.drop()
        raise ApiError(503, "no_coordinator", "No coordinator is there now. Try again in a moment.")

    async def _healthz(self, _: Request) -> Response:
        owners = await self._owners.now()
        body = {
            "status": "ready" if owners else "waiting",
            "groups": [
                {"model": one.model, "group": one.group, "coordinator": one.address} for one in owners
            ],
        }
        return JSONResponse(body, 200 if owners else 503)


def _serving(owners: list[OwnerRow], model: object) -> list[OwnerRow]:
    """Who can answer: the owner of that model, else any, whose refusal then is the answer."""
    return [one for one in owners if model in (one.model, one.group)] or owners[:1]
