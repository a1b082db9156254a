"""Statements for those who ask: nodes on their connection, everybody else by HTTP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from console.coordinator.books import Books
from console.coordinator.gateway.errors import ApiError
from console.coordinator.parts import Parts
from console.coordinator.proofs import Proofs, ProofShelf
from console.coordinator.store import StoreError
from console.ledger.stated_accounts import accounts_of_node, stated_client
from console.protocol.messages import StatementAnswer, StatementRequest

ClientOf = Callable[[Request], Awaitable[str]]
"""The client whose API key a request bears. Raises ApiError."""


class StatementDesk:
    """Answers. Nothing that it says by HTTP names a client: see `docs/decisions`."""

    def __init__(self, parts: Parts, books: Books, client_of: ClientOf) -> None:
        self._parts = parts
        self._books = books
        self._client_of = client_of
        self._shelf = ProofShelf(parts)

    async def answer(self, node: str, request: StatementRequest) -> StatementAnswer:
        """A statement with what of it is `node`'s. Raises StoreError."""
        proofs = await self._proofs(request.epoch)
        if proofs is None:
            return StatementAnswer(request.epoch, None)
        found = (proofs.account(account) for account in accounts_of_node(node))
        receipts, total = proofs.receipts(node, request.start)
        return StatementAnswer(
            epoch=request.epoch,
            statement=proofs.statement,
            accounts=tuple(one for one in found if one is not None),
            receipts=receipts,
            receipts_total=total,
            proved=proofs.kept,
            follows=proofs.follows(request.known),
        )

    def routes(self) -> list[Route]:
        """Public, but for the client's own account."""
        epoch = "/net/v1/epochs/{epoch}"
        return [
            Route(f"{epoch}/statement", self._statement),
            Route(f"{epoch}/inclusion/{{account}}", self._inclusion),
            Route(f"{epoch}/receipts/{{node}}", self._receipts),
            Route("/net/v1/account", self._account),
        ]

    async def _statement(self, request: Request) -> Response:
        proofs = await self._asked(request)
        return proofs if isinstance(proofs, Response) else _json(proofs.statement)

    async def _inclusion(self, request: Request) -> Response:
        proofs = await self._asked(request)
        if isinstance(proofs, Response):
            return proofs
        if not proofs.kept:
            return _refused(410, "The accounts behind so old a statement are not kept any more.")
        inclusion = proofs.account(request.path_params["account"])
        if inclusion is None:
            return _refused(
                404,
                "No such account in this statement. It neither held nor moved anything, or is a client's, "
                "which stands here only under the name that GET /net/v1/account tells its owner.",
            )
        return _json({"statement": proofs.statement, "inclusion": inclusion})

    async def _receipts(self, request: Request) -> Response:
        proofs = await self._asked(request)
        if isinstance(proofs, Response):
            return proofs
        start = _number(request.query_params.get("start", "0"))
        if start is None:
            return _refused(400, "`start` is the number of the first receipt to tell of.")
        receipts, total = proofs.receipts(request.path_params["node"], start)
        return _json({"statement": proofs.statement, "receipts": receipts, "total": total, "start": start})

    async def _account(self, request: Request) -> Response:
        """A client's own account: the name under which it stands in statements, and how that comes about."""
        try:
            client = await self._client_of(request)
        except ApiError as error:
            return error.response()
        except StoreError as error:
            return _refused(503, str(error))
        nonce = self._parts.secrets.client_nonce(client)
        return _json({"client": client, "nonce": nonce, "account": stated_client(client, nonce)})

    async def _asked(self, request: Request) -> Proofs | Response:
        asked = request.path_params["epoch"]
        epoch = self._books.newest.epoch if asked == "last" else _number(asked)
        if epoch is None:
            return _refused(400, "An epoch is a number, or `last`.")
        try:
            proofs = await self._proofs(epoch)
        except StoreError as error:
            return _refused(503, str(error))
        return proofs or _refused(404, "There is no statement of that epoch, or not yet.")

    async def _proofs(self, epoch: int) -> Proofs | None:
        return await self._shelf.of(epoch) if 0 < epoch <= self._books.newest.epoch else None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def _json(value: object) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")


def _refused(status: int, sentence: str) -> Response:
    return JSONResponse({"error": sentence}, status)
