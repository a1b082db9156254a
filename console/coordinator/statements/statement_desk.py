"""Statements for those who ask: nodes on their connection, everybody else by HTTP."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from console.coordinator.beside import Reader
from console.coordinator.gateway.accounts import Callers
from console.coordinator.gateway.errors import ApiError, refusing
from console.coordinator.gateway.numbers import number_of
from console.coordinator.parts import Parts
from console.coordinator.statements.books import Books
from console.coordinator.statements.proofs import Proofs, ProofShelf
from console.coordinator.store.stated import read_statement
from console.ledger.stated_accounts import accounts_of_node, stated_client
from console.protocol.messages import StatementAnswer, StatementRequest

_PUBLIC_IN_MEMORY = 2
"""Statements whose trees are held for those who ask by HTTP: who audits reads one after the other."""


class StatementDesk:
    """Answers. Nothing that it says by HTTP names a client: see `docs/decisions`."""

    def __init__(self, parts: Parts, reader: Reader, books: Books, callers: Callers) -> None:
        self._parts = parts
        self._books = books
        self._callers = callers
        self._shelf = ProofShelf(reader)
        # Whoever asks by HTTP may be anybody: no node waits for what they read, nor loses its trees to them.
        self._public = reader.another()
        self._public_shelf = ProofShelf(self._public, held=_PUBLIC_IN_MEMORY)

    async def answer(self, node: str, request: StatementRequest) -> StatementAnswer:
        """A statement with what of it is `node`'s. Raises StoreError."""
        proofs = await self._proofs(self._shelf, request.epoch)
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
            Route(f"{epoch}/statement", refusing(self._statement)),
            Route(f"{epoch}/inclusion/{{account}}", refusing(self._inclusion)),
            Route(f"{epoch}/receipts/{{node}}", refusing(self._receipts)),
            Route("/net/v1/account", refusing(self._account)),
        ]

    async def _statement(self, request: Request) -> Response:
        epoch = self._epoch(request)
        body = await self._public.read(lambda db: read_statement(db, epoch))
        if body is None:
            raise _nothing()
        return Response(body, media_type="application/json")

    async def _inclusion(self, request: Request) -> Response:
        proofs = await self._asked(request)
        if not proofs.kept:
            sentence = "The accounts behind so old a statement are not kept any more."
            raise ApiError(410, "account_not_kept", sentence, "epoch")
        inclusion = proofs.account(request.path_params["account"])
        if inclusion is None:
            raise ApiError(
                404,
                "account_not_found",
                "No such account in this statement. It neither held nor moved anything, or is a client's, "
                "which stands here only under the name that GET /net/v1/account tells its owner.",
                "account",
            )
        return _json({"statement": proofs.statement, "inclusion": inclusion})

    async def _receipts(self, request: Request) -> Response:
        proofs = await self._asked(request)
        asked = request.query_params.get("start", "0")
        start = number_of(asked, "start", "`start` is the number of the first receipt to tell of.")
        receipts, total = proofs.receipts(request.path_params["node"], start)
        return _json({"statement": proofs.statement, "receipts": receipts, "total": total, "start": start})

    async def _account(self, request: Request) -> Response:
        """A client's own account: the name under which it stands in statements, and how that comes about."""
        client = self._callers.caller(request).client
        nonce = self._parts.secrets.client_nonce(client)
        return _json({"client": client, "nonce": nonce, "account": stated_client(client, nonce)})

    def _epoch(self, request: Request) -> int:
        """That the address names. Raises ApiError."""
        asked = request.path_params["epoch"]
        if asked == "last":
            return self._books.newest.epoch
        return number_of(asked, "epoch", "An epoch is a number, or `last`.")

    async def _asked(self, request: Request) -> Proofs:
        """Of the statement that the address names. Raises ApiError, StoreError."""
        proofs = await self._proofs(self._public_shelf, self._epoch(request))
        if proofs is None:
            raise _nothing()
        return proofs

    async def _proofs(self, shelf: ProofShelf, epoch: int) -> Proofs | None:
        return await shelf.of(epoch) if 0 < epoch <= self._books.newest.epoch else None


def _nothing() -> ApiError:
    return ApiError(404, "statement_not_found", "There is no statement of that epoch, or not yet.", "epoch")


def _json(value: object) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")
