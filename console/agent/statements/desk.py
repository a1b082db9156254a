"""The node's books beside the network's: every epoch that closes is fetched, checked, kept and told."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

import msgspec

from console.agent.board import Board
from console.agent.clock import NowMs
from console.agent.journal import Journal, JournalError
from console.agent.journal.kept_statements import KeptStatement
from console.agent.journal.statements import EPOCH_LIMIT
from console.agent.statements.fetch import Fetcher
from console.agent.statements.keeper import StatementKeeper
from console.agent.statements.views import StatementViews
from console.control.statements import FINDINGS_SHOWN, STATEMENTS_SHOWN, StatementsView
from console.control.wire import Answer, Command
from console.ledger.findings import Finding
from console.protocol.messages import FromNode, StatementAnswer
from console.protocol.statements import PROOFS_KEPT, Stated

RETRY_S = 10.0
"""A statement that is not there yet is asked for again after so long."""
SPREAD_PARTS, SPREAD_MOST_S = 40, 15.0
"""Nodes ask within the first fortieth of an epoch, each at its own moment, so that not all ask at once."""
OVERDUE_MS = 600_000
"""A statement that did not come for so long is a finding."""
STATEMENTS_TOLD = 1_000


class Overdue(msgspec.Struct, frozen=True):
    """A statement that was asked for and did not come."""

    epoch: int
    since_ms: int


class StatementDesk:
    """Owns what this node knows of statements. `told` by the uplink, `run` for ever."""

    def __init__(
        self,
        node: str,
        journal: Journal,
        board: Board,
        send: Callable[[FromNode], Awaitable[bool]],
        now_ms: NowMs,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """`jitter`: numbers in [0, 1)."""
        self._journal = journal
        self._board = board
        self._now_ms = now_ms
        self._jitter = jitter
        self._fetcher = Fetcher(send)
        self._views = StatementViews(node, journal, board)
        self._keeper = StatementKeeper(node, journal, board, self._kept)
        self._stir = asyncio.Event()
        self._coordinator = ""
        self._open_epoch = 0
        self._spread_s = 0.0
        self._stated: Stated | None = None
        self._overdue: Overdue | None = None
        self.on_kept: Callable[[], None] = lambda: None

    def told(self, coordinator: str, epoch: int, stated: Stated | None, epoch_s: int) -> None:
        """Signed in, or an epoch opened. `stated` None: this coordinator makes no statements."""
        self._coordinator, self._open_epoch, self._stated = coordinator, epoch, stated
        self._views.signed_in(coordinator, epoch, stated is not None)
        self._spread_s = min(max(0.0, epoch_s / SPREAD_PARTS), SPREAD_MOST_S)
        if stated is not None:
            self._stir.set()

    def heard(self, answer: StatementAnswer) -> None:
        """An answer of the network."""
        self._fetcher.heard(answer)

    async def run(self) -> None:
        """Keep up with the network, for ever."""
        behind = False
        while True:
            try:
                async with asyncio.timeout(RETRY_S if behind else None):
                    await self._stir.wait()
            except TimeoutError:
                pass
            else:
                self._stir.clear()
                await asyncio.sleep(self._jitter() * self._spread_s)
            behind = await self._try()

    async def view(self, limit: int = STATEMENTS_SHOWN, epoch: int | None = None) -> StatementsView:
        """The newest statements and what is wrong with them. Raises JournalError."""
        view = await self._views.view(limit, epoch)
        findings = (*self._late(), *view.findings)[: max(limit, FINDINGS_SHOWN)]
        return msgspec.structs.replace(view, findings=findings)

    async def answer(self, command: Command) -> Answer:
        """The command `statements`. Raises JournalError."""
        epoch = command.args.get("epoch")
        if epoch is not None and (not isinstance(epoch, int) or not 0 < epoch < EPOCH_LIMIT):
            return Answer(command.id, False, "epoch is the number of an epoch.")
        view = await self.view(STATEMENTS_TOLD, epoch)
        if epoch is not None and not view.statements:
            return Answer(command.id, False, f"This node keeps no statement of epoch {epoch}.")
        return Answer(command.id, True, "", msgspec.Raw(msgspec.json.encode(view)))

    async def _try(self) -> bool:
        """Whether something that is due is still missing. Whatever the network says, the node survives it."""
        try:
            self._overdue = await self._catch_up()
        except JournalError as error:
            self._board.note("error", "machine", str(error), keep=False)
            return True
        except Exception as error:
            words = f"A statement of the coordinator could not be handled ({type(error).__name__})."
            self._board.note("error", "network", words)
            return False
        return self._overdue is not None

    async def _catch_up(self) -> Overdue | None:
        """Fetch what there is; what is due and did not come."""
        if self._stated is None:
            return None
        await self._keeper.look_ahead(self._coordinator, self._open_epoch)
        await self._compare(self._coordinator, self._stated)
        while (wanted := await self._wanted(self._coordinator)) is not None:
            if not await self._take(self._coordinator, *wanted):
                epoch, before = wanted[0], self._overdue
                same = before is not None and before.epoch == epoch
                return before if same else Overdue(epoch, self._now_ms())
        return None

    def _kept(self) -> None:
        self._views.changed()
        self.on_kept()

    def _late(self) -> tuple[Finding, ...]:
        due = self._overdue
        if due is None or self._now_ms() - due.since_ms < OVERDUE_MS:
            return ()
        words = "The epoch closed over ten minutes ago, and the network shows no statement of it."
        return (Finding("statement_missing", words, due.epoch),)

    async def _wanted(self, coordinator: str) -> tuple[int, KeptStatement | None] | None:
        """The next epoch to ask for. One that was away for longer than proofs are kept goes to the newest.

        What is kept of epochs that are not over is left aside: else one that is numbered far ahead would be
        the last one ever asked for.
        """
        closed = min(self._open_epoch, EPOCH_LIMIT) - 1
        last = await self._journal.statements.newest(coordinator, closed + 1)
        kept = 0 if last is None else last.statement.epoch
        if kept >= closed or closed < 1:
            return None
        near = last is not None and closed - kept <= PROOFS_KEPT
        return (kept + 1 if near else closed), last

    async def _take(self, coordinator: str, epoch: int, last: KeptStatement | None) -> bool:
        told = await self._fetcher.fetch(epoch, 0 if last is None else last.statement.epoch)
        if told is None or told.statement.epoch != epoch or coordinator != self._coordinator:
            return False
        await self._keeper.keep(coordinator, self._open_epoch, told, last)
        return True

    async def _compare(self, coordinator: str, stated: Stated) -> None:
        """The network names its newest statement to every node: it must be the one that is kept here."""
        kept = await self._journal.statements.of_epoch(coordinator, stated.epoch)
        if not kept or stated.digest in [one.digest for one in kept]:
            return
        told = await self._fetcher.fetch(stated.epoch, 0)
        await self._keeper.contradicted(coordinator, self._open_epoch, kept[0], stated, told)
