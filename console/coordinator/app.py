"""The coordinator put together: its parts, how they start and how they end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Sequence

from starlette.applications import Starlette
from starlette.routing import BaseRoute

from console.coordinator.audits.audits import Auditor
from console.coordinator.audits.recompute import Incidents
from console.coordinator.audits.reference import Reference
from console.coordinator.audits.second import SecondVerifier
from console.coordinator.beside import Reader
from console.coordinator.challenges.challenges import Challenges
from console.coordinator.challenges.loads import Loads
from console.coordinator.deposits import book_deposits
from console.coordinator.dispatch.assigning import Assigning
from console.coordinator.dispatch.attempts import Attempts
from console.coordinator.dispatch.dispatch import Dispatch
from console.coordinator.dispatch.judging import Judging
from console.coordinator.dispatch.runner import Runner
from console.coordinator.door.door import Door
from console.coordinator.draws.draws import Draws
from console.coordinator.draws.epochs import Epoch, Epochs
from console.coordinator.gateway.accounts import Callers
from console.coordinator.gateway.chat import Gateway
from console.coordinator.gateway.models import Models
from console.coordinator.nodes.outbox import Outbox
from console.coordinator.nodes.presences import Presences
from console.coordinator.nodes.registry import Registry
from console.coordinator.ownership import Ownership
from console.coordinator.parts import Parts
from console.coordinator.statements.books import Books
from console.coordinator.statements.statement_desk import StatementDesk
from console.coordinator.store import StoreError
from console.coordinator.transport.port import Transport
from console.coordinator.upkeep import FORGET_S, SWEEP_S, Chores, announce, each, forget_evidence, sweep
from console.engine.port import Engine
from console.fairness import SEEDS_PER_EPOCH

log = logging.getLogger(__name__)


class Coordinator:
    """Every part, wired. Public for tests; others use `build`."""

    def __init__(
        self,
        parts: Parts,
        engine: Engine,
        second: SecondVerifier | None,
        reader: Reader,
        routes: Sequence[BaseRoute] = (),
        seeds: int = SEEDS_PER_EPOCH,
        transport: Transport | None = None,
        *,
        alone: bool = True,
    ) -> None:
        """`reader`: of the statements; `routes`: of what else is read so; `seeds`: of an epoch.

        `transport`: brings lines beside the WebSocket's; `alone`: no other coordinator can be alive on this
        database.
        """
        self.parts = parts
        served = parts.served
        self.ownership = Ownership(parts.store, parts.clock, parts.fresh_id(), served.group, served.model)
        self.lost = asyncio.Event()
        """Another coordinator has taken over: nothing that this one does counts any more."""
        self._alone = alone
        self._transport = transport
        self.routes = routes
        self.second = second
        self._started = self._wound_up = False
        self._keeping: asyncio.Task[None] | None = None
        self._chores = Chores()
        self.reference = Reference(engine, parts.served.group, parts.calibrations, parts.served.exact_weights)
        self.registry = Registry(parts, self.reference)
        self.books = Books(parts)
        self.epochs = Epochs(parts, self._announce, self.books.close, seeds)
        self.draws = Draws(parts, self.epochs)
        self.outbox = Outbox(parts, self.registry)
        assigning = Assigning(parts, self.registry, self.draws, self.reference)
        attempts = Attempts(parts, self.registry, self.reference)
        self.incidents = Incidents()
        auditor = Auditor(parts, self.reference, second, self.incidents)
        judging = Judging(parts, self.registry, auditor, self.outbox)
        runner = Runner(parts, self.registry, self.epochs, assigning, attempts, judging)
        self.dispatch = Dispatch(parts, self.registry, self.reference, runner)
        loads = Loads(parts, self.reference, self.dispatch, lambda: self.epochs.number)
        self.challenges = Challenges(parts, self.registry, loads)
        callers = Callers(parts.config)
        self.gateway = Gateway(parts, callers, self.registry, self.reference, self.dispatch)
        self.models = Models(parts, callers, self.registry)
        self.statements = StatementDesk(parts, reader, self.books, callers)
        inside = (self.registry, Presences(parts, self.registry), self.dispatch, self.epochs, self.outbox)
        self.door = Door(parts, *inside, self.books, self.statements)

    async def start(self, address: str = "", *, waits: bool = False) -> None:
        """Own the database, book deposits, refund what the last run left open, open an epoch.

        A second call does nothing. `address`: where gateways find this one; `waits`: for another coordinator
        to be gone, for as long as that takes.

        Raises:
            StoreError: the database cannot be written, or has another owner.
            SealError: the database belongs to another identity.
            TransportError: there is no way to the message servers.
        """
        if self._started:
            return
        if self._transport is not None:
            await self._transport.connect()
        await self.ownership.take(address, alone=self._alone, waits=waits)
        self._keeping = asyncio.create_task(self.ownership.keep(self.lost.set))
        try:
            await self._open()
        except BaseException:
            await self.ownership.leave()
            raise
        self._started = True

    async def _open(self) -> None:
        self.parts.clock.not_before(await self.parts.store.transact(lambda unit: unit.last_stamp()))
        await self.parts.store.transact(lambda unit: book_deposits(unit, self.parts))
        if refunded := await self.dispatch.recover():
            log.info("%d jobs of the last run were refunded: their prompts are lost", refunded)
        await self.books.load()
        await self.epochs.make_good()
        self.registry.listing.begin(await self.parts.store.transact(lambda unit: unit.last_slot()))
        await self.epochs.open_next()
        if self._transport is not None:
            await self._transport.start(self.door.serve, self.ownership.token)

    async def wind_up(self) -> None:
        """End what runs: clients are told, their money goes back, the epoch ends with its seeds revealed.

        Nothing of it is left to a second call: by then another coordinator may own the database.
        """
        if self._wound_up:
            return
        self._wound_up = True
        await self._chores.end()  # a challenge or an epoch that begins now would never end
        if self._transport is not None:  # before another one takes its lines in
            await self._transport.close()
        await self.dispatch.stop()
        await self.outbox.close()
        if self.lost.is_set():
            return
        try:
            await self.dispatch.recover()
            await self.epochs.close()
        except StoreError as error:
            log.error("%s What is open is refunded, paid out and stated at the next start.", error)
        await self.ownership.leave()

    @contextlib.asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        """Run until told to stop, leave nothing open."""
        await self.start()
        self._chores.start(
            self.reference.watch(),
            self.challenges.watch(),
            self._hush(),
            each(SWEEP_S, lambda: sweep(self.parts, self.registry, self.second)),
            each(self.parts.policy.epoch_s, self.epochs.open_next),
            each(FORGET_S, lambda: forget_evidence(self.parts)),
        )
        try:
            yield
        finally:
            await self.wind_up()
            await self.close()

    async def _hush(self) -> None:
        """What this one says on its lines must not be heard once another has taken over."""
        await self.lost.wait()
        if self._transport is not None:
            await self._transport.close()

    async def close(self) -> None:
        """Let go of everything; a second call does nothing more."""
        if self._keeping is not None:
            self._keeping.cancel()
        if self._transport is not None:
            await self._transport.close()
        if self.second is not None:
            await self.second.close()
        self.parts.store.close()

    async def _announce(self, epoch: Epoch) -> None:
        await announce(self.parts, self.registry, self.books.newest, epoch)
