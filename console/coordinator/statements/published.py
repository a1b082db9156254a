"""What anybody may read of the draws: the epochs there are, and the transcript of each."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from console.coordinator.beside import Reader
from console.coordinator.gateway.errors import ApiError, refusing
from console.coordinator.gateway.numbers import number_of
from console.coordinator.store.database import Readable
from console.coordinator.store.reading import epochs, read_commitment, read_transcript
from console.protocol.ids import NodeId


class Published:
    """Routes below `/net/v1/epochs`."""

    def __init__(self, reader: Reader, coordinator: NodeId) -> None:
        self._reader = reader
        self._coordinator = coordinator

    def routes(self) -> list[Route]:
        """For the app."""
        return [
            Route("/net/v1/epochs", refusing(self._epochs)),
            Route("/net/v1/epochs/{epoch}/commitment", refusing(self._commitment)),
            Route("/net/v1/epochs/{epoch}/transcript", refusing(self._transcript)),
        ]

    async def _epochs(self, _: Request) -> Response:
        found = await self._reader.read(epochs)
        return JSONResponse({"coordinator": self._coordinator, "epochs": found})

    async def _commitment(self, request: Request) -> Response:
        epoch = _epoch(request)
        found = await self._reader.read(lambda db: read_commitment(db, epoch))
        if found is None or not found.signature:
            raise _nothing(epoch)
        return Response(msgspec.json.encode(found), media_type="application/json")

    async def _transcript(self, request: Request) -> Response:
        epoch = _epoch(request)

        def encoded(db: Readable) -> bytes | None:
            found = read_transcript(db, self._coordinator, epoch)
            signed = found is not None and found.commitment.signature
            return msgspec.json.encode(found) if signed else None

        body = await self._reader.read(encoded)
        if body is None:
            raise _nothing(epoch)
        return Response(body, media_type="application/json")


def _epoch(request: Request) -> int:
    return number_of(request.path_params["epoch"], "epoch", "An epoch is a number.")


def _nothing(epoch: int) -> ApiError:
    return ApiError(404, "epoch_not_found", f"There is no epoch {epoch} here.", "epoch")
