"""The coordinator put together: one Starlette app, its routes and its background tasks."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from console.coordinator.attempts import Attempts
from console.coordinator.audits import Auditor
from console.coordinator.books import Books
from console.coordinator.calibrations import load_calibrations
from console.coordinator.challenges import Challenges
from console.coordinator.clock import Clock
from console.coordinator.deposits import book_deposits
from console.coordinator.dispatch import Dispatch
from console.coordinator.door import Door
from console.coordinator.draws import Draws, Epoch
from console.coordinator.gateway.chat import Gateway
from console.coordinator.gateway.errors import unserved
from console.coordinator.gateway.models import Models
from console.coordinator.gateway.nonces import Nonces
from console.coordinator.identity import load_identity
from console.coordinator.loads import Loads
from console.coordinator.outbox import Outbox
from console.coordinator.parts import Entropy, Parts
from console.coordinator.published import Published
from console.coordinator.recompute import Incidents
from console.coordinator.reference import Reference
from console.coordinator.registry import Registry
from console.coordinator.runner import Runner
from console.coordinator.sealing import Secrets
from console.coordinator.second import SecondVerifier, Start
from console.coordinator.settings import CoordinatorConfig, Served
from console.coordinator.statement_desk import StatementDesk
from console.coordinator.store import StoreError, Unit
from console.coordinator.store.opening import open_store
from console.coordinator.store.schema import DATABASE as DATABASE
from console.coordinator.transport.hub import hub
from console.coordinator.transport.nats import NatsTransport
from console.coordinator.transport.nats_keys import NatsKeys
from console.coordinator.transport.port import Transport
from console.engine.port import Engine
from console.ledger import deterrent_ppm, typical_reward
from console.protocol.keys import SigningKey
from console.protocol.messages import EpochOpened

log = logging.getLogger(__name__)
_SWEEP_S = 0.5
_FORGET_S = 60.0


class Coordinator:
    """Every part, wired. Public for tests; others use `build`."""

    def __init__(
        self,
        parts: Parts,
        engine: Engine,
        second: SecondVerifier | None,
        routes: Sequence[BaseRoute] = (),
        transport: Transport | None = None,
    ) -> None:
        """`routes`: of what is read beside the store; `transport`: brings lines beside the WebSocket's."""
        self.parts = parts
        self._transport = transport
        self._routes = routes
        self.second = second
        self._started = False
        self.reference = Reference(engine, parts.served.group, parts.calibrations, parts.served.exact_weights)
        self.registry = Registry(parts, self.reference)
        self.books = Books(parts)
        self.draws = Draws(parts, self._announce, self.books.close)
        self.outbox = Outbox(parts, self.registry)
        attempts = Attempts(parts, self.registry, self.draws, self.reference)
        self.incidents = Incidents()
        auditor = Auditor(parts, self.reference, second, self.incidents)
        runner = Runner(parts, self.registry, self.draws, attempts, auditor, self.outbox)
        self.dispatch = Dispatch(parts, self.registry, self.reference, runner)
        loads = Loads(parts, self.reference, self.dispatch, lambda: self.draws.epoch.number)
        self.challenges = Challenges(parts, self.registry, loads)
        self.gateway = Gateway(parts, self.registry, self.reference, self.dispatch)
        self.models = Models(parts, self.registry)
        self.statements = StatementDesk(parts, self.books, self.gateway.client_of)
        inside = (self.registry, self.dispatch, self.draws, self.outbox)
        self.door = Door(parts, *inside, self.books, self.statements)

    async def start(self) -> None:
        """Book deposits, refund what the last run left open, open an epoch; a second call does nothing.

        Raises:
            StoreError: the database cannot be written.
            SealError: the database belongs to another identity.
            TransportError: there is no way to the message servers.
        """
        if self._started:
            return
        self.parts.clock.not_before(await self.parts.store.transact(lambda unit: unit.last_stamp()))
        await self.parts.store.transact(lambda unit: book_deposits(unit, self.parts))
        if refunded := await self.dispatch.recover():
            log.info("%d jobs of the last run were refunded: their prompts are lost", refunded)
        await self.books.load()
        await self.draws.make_good()
        self.registry.listing.begin(await self.parts.store.transact(lambda unit: unit.last_slot()))
        await self.draws.open_epoch()
        if self._transport is not None:
            await self._transport.start(self.door.serve)
        self._started = True

    async def wind_up(self) -> None:
        """End what runs: clients are told, their money goes back, the epoch ends with its seeds revealed."""
        await self.dispatch.stop()
        try:
            await self.dispatch.recover()
            await self.draws.close()
        except StoreError as error:
            log.error("%s What is open is refunded, paid out and stated at the next start.", error)

    @contextlib.asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        """Run until told to stop, leave nothing open."""
        await self.start()
        tasks = [
            asyncio.create_task(work)
            for work in (
                self.reference.watch(),
                self.challenges.watch(),
                self._each(_SWEEP_S, self._sweep),
                self._each(self.parts.policy.epoch_s, self.draws.open_epoch),
                self._each(_FORGET_S, self._forget),
            )
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.wind_up()
            await self.close()

    async def close(self) -> None:
        """Let go of everything; a second call does nothing more."""
        if self._transport is not None:
            await self._transport.close()
        if self.second is not None:
            await self.second.close()
        self.parts.store.close()

    def app(self) -> Starlette:
        """Routes for clients and nodes."""
        return Starlette(
            routes=[
                Route("/v1/chat/completions", self.gateway.chat, methods=["POST"]),
                Route("/v1/models", self.models.all),
                Route("/net/v1/jobs/{job}/nonce", Nonces(self.dispatch).reveal, methods=["POST"]),
                Route("/v1/models/{id:path}", self.models.one),
                Route("/healthz", self._healthz),
                Route("/net/v1/policy", self._policy),
                hub(self.door.serve),
                *self.statements.routes(),
                *self._routes,
            ],
            exception_handlers={HTTPException: unserved},
            lifespan=self.lifespan,
        )

    async def _healthz(self, _: Request) -> Response:
        ready = self.reference.ready
        body = {
            "status": "ready" if ready else "loading",
            "sentence": "Ready." if ready else self.reference.sentence,
            "nodes": len(self.registry.sessions()),
            "listed": self.registry.eligible(0).chances,
            "claimed_twice": self.registry.machines.claimed_twice,
            "counted_as_one": self.registry.machines.counted_as_one,
            "verifiers": self.incidents.counts(),
        }
        return JSONResponse(body, 200 if ready else 503)

    async def _policy(self, _: Request) -> Response:
        return JSONResponse(
            {
                "network": self.parts.config.network,
                "coordinator": self.parts.key.node_id,
                "model": self.parts.served.model,
                "group": self.parts.served.group,
                "profile": self.reference.profile,
                "policy": msgspec.to_builtins(self.parts.policy),
                "rate_that_deters_ppm": deterrent_ppm(
                    self.parts.policy, typical_reward(self.parts.policy), self.parts.policy.bond_target
                ),
            }
        )

    async def _sweep(self) -> None:
        """Sessions that fell silent are over."""
        for session in self.registry.sessions():
            if not session.alive(self.parts.silence_s):
                session.close()
                self.registry.listing.changed()
        if self.second is not None:
            await self.second.rest()

    async def _forget(self) -> None:
        now_ms, kept = self.parts.clock.now_ms(), self.parts.config.evidence

        def forget(unit: Unit) -> None:
            unit.forget_evidence(now_ms)
            unit.trim_evidence(kept.accepted_rows, kept.accepted_bytes)

        await self.parts.store.transact(forget)

    async def _announce(self, epoch: Epoch) -> None:
        """Tell every node. One that could not be told is cut off, and learns of it as it signs in again:
        with an old commitment it would call every draw wrong."""
        sessions = self.registry.sessions()
        try:
            balances = await self.parts.store.transact(
                lambda unit: [unit.balances(session.node) for session in sessions]
            )
        except StoreError:
            for session in sessions:
                session.close()
            self.registry.listing.changed()
            raise
        for session, held in zip(sessions, balances, strict=True):
            session.send(EpochOpened(epoch.number, epoch.seeds.root, held, self.books.newest))

    async def _each(self, interval_s: float, step: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(interval_s)
            try:
                await step()
            except StoreError as error:
                log.error("%s", error)
            except Exception:  # one bad turn must not end epochs or sweeps for good
                log.exception("a recurring step failed; it is tried again in %s s", interval_s)


def build(
    home: Path,
    config: CoordinatorConfig,
    served: Served,
    engine: Engine,
    clock: Clock,
    entropy: Entropy,
    second: Start | None,
    store_at: str = "",
    nats_at: str = "",
) -> Starlette:
    """The app over the database in `home`; `app.state.coordinator` is the `Coordinator`.

    `second`: starts the verifier that confirms a mismatch; None: there is none. `store_at`: address of a
    PostgreSQL database that keeps the data in place of the one in `home`. `nats_at`: address of the NATS
    servers over which nodes may come too.

    Raises:
        StoreError: the database cannot be used.
        OSError: the identity cannot be read or written.
        ValueError: the identity is damaged.
        CalibrationError: a calibration in `home` cannot be used.
    """
    seed = load_identity(home, entropy)
    calibrations = load_calibrations(home)
    where = store_at or home / DATABASE
    store = open_store(where)
    key = SigningKey(seed)
    parts = Parts(config, served, key, Secrets(seed), store, clock, entropy, calibrations)
    allowed = second if config.verifiers.second else None
    confirming = SecondVerifier(allowed, clock, config.verifiers.idle_s) if allowed is not None else None
    published = Published(where, key.node_id)
    transport = NatsTransport(nats_at, NatsKeys(seed), served.group, clock.now_ms) if nats_at else None
    coordinator = Coordinator(parts, engine, confirming, published.routes(), transport)
    app = coordinator.app()
    app.state.coordinator = coordinator
    return app
