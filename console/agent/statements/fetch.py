"""Fetching statements over the node's own connection: one epoch after another, page by page."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable

import msgspec

from console.agent.statements.examine import Told
from console.protocol.messages import RECEIPTS_PAGE, FromNode, StatementAnswer, StatementRequest
from console.protocol.statements import ReceiptInclusion, Statement

ANSWER_S = 30.0
"""So long an answer is waited for; whatever comes later is not taken."""
PAGES_LIMIT = 100
"""51,200 receipts of one node in one epoch: more than any machine earns, and all that is held in memory."""
_PATH_LIMIT = 64
"""Steps from a leaf to the root; a tree that needs more has more leaves than there can be."""


class Fetcher:
    """One question at a time."""

    def __init__(self, send: Callable[[FromNode], Awaitable[bool]]) -> None:
        """`send`: says something if there is a session, and whether it did."""
        self._send = send
        self._asked: StatementRequest | None = None
        self._answer: asyncio.Future[StatementAnswer] | None = None

    def heard(self, answer: StatementAnswer) -> None:
        """An answer came; one that was not asked for is let go."""
        asked, waiting = self._asked, self._answer
        if asked is None or waiting is None or waiting.done() or answer.epoch != asked.epoch:
            return
        waiting.set_result(bounded(answer))

    async def fetch(self, epoch: int, known: int) -> Told | None:
        """The whole of an epoch's statement; None when there is no answer, or none yet.

        `known`: the newest epoch whose statement is kept here, 0 for none.
        """
        answer = await self._ask(StatementRequest(epoch, known))
        if answer is None or answer.statement is None:
            return None
        told = Told(
            answer.statement,
            answer.accounts,
            answer.receipts,
            answer.receipts_total,
            answer.proved,
            answer.follows,
        )
        for _ in range(PAGES_LIMIT):
            if len(told.receipts) >= told.receipts_total:
                return told
            more = await self._ask(StatementRequest(epoch, known, len(told.receipts)))
            if more is None:
                return None
            if not more.receipts or more.statement != told.statement:
                return told  # a page that brings nothing: what is missing is seen by its number
            receipts = (*told.receipts, *more.receipts)
            told = msgspec.structs.replace(told, receipts=receipts)
        return told

    async def _ask(self, request: StatementRequest) -> StatementAnswer | None:
        self._asked, self._answer = request, asyncio.get_running_loop().create_future()
        try:
            if not await self._send(request):
                return None
            return await asyncio.wait_for(self._answer, ANSWER_S)
        except TimeoutError:
            return None
        finally:
            self._asked, self._answer = None, None


def bounded(answer: StatementAnswer) -> StatementAnswer:
    """`answer` without what no honest coordinator says: names and numbers that nothing here could hold.

    A statement that is none is left out; receipts that are none are, and are then missing by their number.
    """
    statement = answer.statement
    if statement is not None and not _sane(statement):
        statement = None
    receipts = tuple(one for one in answer.receipts[:RECEIPTS_PAGE] if _receipt(one))
    accounts = tuple(one for one in answer.accounts[:3] if len(one.path) <= _PATH_LIMIT)
    return msgspec.structs.replace(answer, statement=statement, accounts=accounts, receipts=receipts)


def _receipt(one: ReceiptInclusion) -> bool:
    named = bool(_JOB(one.job)) and 0 <= one.attempt < 1 << 31
    return named and bool(_HEX(one.leaf)) and len(one.path) <= _PATH_LIMIT


def _sane(statement: Statement) -> bool:
    texts = (statement.coordinator, statement.history, statement.last, statement.accounts_root,
             statement.receipts_root)  # fmt: skip
    return all(_HEX(text) for text in texts) and len(statement.signature) <= 128


_HEX = re.compile("([0-9a-f]{64})?").fullmatch
_JOB = re.compile("[0-9a-f]{32}").fullmatch
