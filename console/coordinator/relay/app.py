"""The relay's routes: what is for one model, or of one group, goes to that group's owner."""

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
from console.coordinator.store.unit.owner import LEFT

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
                Route("/v1/models/{id:path}", refusing(self._found)),
                Route("/net/v1/jobs/{path:path}", refusing(self._found), methods=["GET", "POST"]),
                Route("/net/v1/{path:path}", refusing(self._published)),
                Route("/healthz", self._healthz),
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
            model = None  # an owner says what is wrong with it
        until_s, after_s = time.monotonic() + self._patience_s, 0.0
        while True:
            for owner in self._serving(await self._owners.now(after_s=after_s), model):
                try:
                    return await forward(self._http, owner.address, request, body)
                except LeftError:
                    return Response(status_code=_LEFT)
                except NotThereError:
                    continue
            if time.monotonic() > until_s:
                sentence = "No coordinator is there for this model now. Try again in a moment."
                raise ApiError(503, "no_coordinator", sentence)
            await asyncio.sleep(_AGAIN_S)
            after_s = time.monotonic()

    def _serving(self, owners: list[OwnerRow], model: object) -> list[OwnerRow]:
        """The owner of that model, who may have to be waited for. One that is no group's is anybody's to
        refuse, once all groups are known."""
        its = [one for one in owners if model in (one.model, one.group)]
        if its or not self._owners.all_known:
            return _here(its)
        return _here(owners)[:1]

    async def _models(self, request: Request) -> Response:
        """Those of all groups, each with its owner's own words."""
        owners = _here(await self._owners.now())
        key = {"authorization": request.headers.get("authorization", "")}
        answers = await asyncio.gather(*(self._models_of(owner, key) for owner in owners))
        there = [answer for answer in answers if answer is not None]
        refused = [answer for answer in there if answer.status_code == 401]
        if refused and len(refused) == len(there):
            return Response(refused[0].content, 401, media_type="application/json")
        models = [one for answer in there if answer.is_success for one in _listed(answer)]
        return JSONResponse({"object": "list", "data": models})

    async def _models_of(self, owner: OwnerRow, key: dict[str, str]) -> httpx.Response | None:
        try:
            return await self._http.get(f"{owner.address}/v1/models", headers=key, timeout=CONNECT_S)
        except httpx.HTTPError:
            return None

    async def _found(self, request: Request) -> Response:
        """From the owner that has it: a job's id, or a model's, is one group's."""
        body = await body_of(request, BODY_BYTES, BODY_S) if request.method == "POST" else b""
        return await self._first(_here(await self._owners.now()), request, body)

    async def _published(self, request: Request) -> Response:
        """Epochs, statements and rules are each group's own, and their numbers begin anew in each."""
        owners = await self._owners.now()
        wanted = request.query_params.get("group", "")
        its = [one for one in owners if not wanted or wanted in (one.model, one.group)]
        if len(its) > 1 or (wanted and not its):
            named = ", ".join(one.model for one in owners)
            raise ApiError(400, "group_unnamed", f"Say of which group, with ?group=…; there are {named}.")
        return await self._first(_here(its), request, b"")

    async def _first(self, owners: list[OwnerRow], request: Request, body: bytes) -> Response:
        for number, owner in enumerate(owners, 1):
            with contextlib.suppress(NotThereError, LeftError):
                answer = await forward(self._http, owner.address, request, body)
                if answer.status_code != 404 or number == len(owners):
                    return answer
                await answer.drop()
        raise ApiError(503, "no_coordinator", "No coordinator is there now. Try again in a moment.")

    async def _healthz(self, _: Request) -> Response:
        owners = _here(await self._owners.now())
        body = {
            "status": "ready" if owners else "waiting",
            "groups": [
                {"model": one.model, "group": one.group, "coordinator": one.address} for one in owners
            ],
        }
        return JSONResponse(body, 200 if owners else 503)


def _here(owners: list[OwnerRow]) -> list[OwnerRow]:
    """Those that did not let go."""
    return [one for one in owners if one.beat != LEFT]


def _listed(answer: httpx.Response) -> list[Any]:
    try:
        found = answer.json()["data"]
    except (ValueError, KeyError, TypeError):
        return []
    return found if isinstance(found, list) else []
