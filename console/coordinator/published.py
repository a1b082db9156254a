"""What anybody may read of the draws: the epochs there are, and the transcript of each.

It is read beside the writer, by a connection of its own, so that whoever audits does not hold up a draw.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from console.coordinator.store.database import Readable
from console.coordinator.store.opening import Whereabouts, looking
from console.coordinator.store.reading import epochs, read_commitment, read_transcript
from console.protocol.ids import NodeId

T = TypeVar("T")


class Published:
    """Routes below `/net/v1/epochs`."""

    def __init__(self, where: Whereabouts, coordinator: NodeId) -> None:
        """`where`: the database."""
        self._where = where
        self._coordinator = coordinator
        self._turn = asyncio.Lock()
        """One transcript at a time: each may be tens of megabytes."""

    def routes(self) -> list[Route]:
        """For the app."""
        return [
            Route("/net/v1/epochs", self._epochs),
            Route("/net/v1/epochs/{epoch:int}/commitment", self._commitment),
            Route("/net/v1/epochs/{epoch:int}/transcript", self._transcript),
        ]

    async def _epochs(self, _: Request) -> Response:
        found = await self._read(epochs)
        return JSONResponse({"coordinator": self._coordinator, "epochs": found})

    async def _commitment(self, request: Request) -> Response:
        epoch = int(request.path_params["epoch"])
        found = await self._read(lambda db: read_commitment(db, epoch))
        if found is None or not found.signature:
            return _nothing(epoch)
        return Response(msgspec.json.encode(found), media_type="application/json")

    async def _transcript(self, request: Request) -> Response:
        epoch = int(request.path_params["epoch"])
        async with self._turn:
            found = await self._read(lambda db: read_transcript(db, self._coordinator, epoch))
            if found is None or not found.commitment.signature:
                return _nothing(epoch)
            body = await asyncio.to_thread(msgspec.json.encode, found)
        return Response(body, media_type="application/json")

    async def _read(self, query: Callable[[Readable], T]) -> T:
        def run() -> T:
            with looking(self._where) as db:
                return query(db)

        return await asyncio.to_thread(run)


def _nothing(epoch: int) -> Response:
    return JSONResponse({"error": {"message": f"There is no epoch {epoch} here."}}, 404)
