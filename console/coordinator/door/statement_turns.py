"""One node's questions for statements: answered one after the other, while its line is read on."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from console.coordinator.nodes.sessions import Session
from console.coordinator.statements.statement_desk import StatementDesk
from console.protocol.messages import StatementRequest

_WAITING_LIMIT = 16
"""A node for which so much waits gets no statement besides: those are large, and it asks again."""


class StatementTurns:
    """Of one session. Reading a statement may take long, and a heartbeat must not wait for it."""

    def __init__(
        self, statements: StatementDesk, session: Session, failed: Callable[[asyncio.Task[None]], None]
    ) -> None:
        """`failed` is given the task that an answer ended with an error."""
        self._statements = statements
        self._session = session
        self._failed = failed
        self._due: deque[StatementRequest] = deque()
        self._task: asyncio.Task[None] | None = None

    def ask(self, request: StatementRequest) -> None:
        """Answer in its turn, unless too much waits for the node already."""
        if len(self._due) + self._session.waiting >= _WAITING_LIMIT:
            return
        self._due.append(request)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._answer())
            self._task.add_done_callback(self._ended)

    async def close(self) -> None:
        """The session is over: what is not answered yet is answered nobody."""
        self._due.clear()
        if (task := self._task) is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _answer(self) -> None:
        while self._due:
            answer = await self._statements.answer(self._session.node, self._due.popleft())
            self._session.send(answer)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            self._due.clear()
            self._failed(task)
