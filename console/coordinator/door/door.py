"""A node's line: challenge, sign-in, then frames in and out until it ends.

A frame that cannot be accepted ends its own connection with a clear `Refused`; nothing else is touched.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging

from console.coordinator.dispatch.dispatch import Dispatch
from console.coordinator.door.last_word import last_word, loggable, refused_frame
from console.coordinator.door.rates import Rate
from console.coordinator.door.statement_turns import StatementTurns
from console.coordinator.draws.epochs import Epochs
from console.coordinator.nodes.outbox import Outbox
from console.coordinator.nodes.presences import Presences
from console.coordinator.nodes.registry import Registry
from console.coordinator.nodes.sessions import Session
from console.coordinator.nodes.sign_in import check_sign_in, cleaned
from console.coordinator.parts import Parts
from console.coordinator.statements.books import Books
from console.coordinator.statements.statement_desk import StatementDesk
from console.coordinator.store import StoreError
from console.coordinator.transport.port import Line
from console.protocol.frames import FrameError, agreed, check_signature, open_from_node, peek_from_node, seal
from console.protocol.ids import short
from console.protocol.lines import LineError
from console.protocol.messages import (
    Challenge,
    FromCoordinator,
    FromNode,
    Goodbye,
    Heartbeat,
    Refused,
    SignIn,
    StatementRequest,
    Welcome,
)
from console.protocol.session_key import Ephemeral

log = logging.getLogger(__name__)
_LAST_WORD_S = 5.0


class Door:
    """Serves node connections."""

    def __init__(
        self,
        parts: Parts,
        registry: Registry,
        presences: Presences,
        dispatch: Dispatch,
        epochs: Epochs,
        outbox: Outbox,
        books: Books,
        statements: StatementDesk,
    ) -> None:
        self._parts = parts
        self._registry = registry
        self._presences = presences
        self._dispatch = dispatch
        self._epochs = epochs
        self._outbox = outbox
        self._open = 0
        self._books = books
        self._statements = statements

    async def serve(self, line: Line) -> None:
        """One connection from beginning to end."""
        self._open += 1
        try:
            await self._serve(line)
        except FrameError as error:
            log.info("a connection was refused at sign-in: %s", loggable(error))
            await self._say(line, refused_frame(error))
        except StoreError as error:
            log.error("%s", error)
            await self._say(line, Refused("coordinator_failed", str(error), "Try again in a moment."))
        except LineError:
            pass
        except Exception as error:
            log.error("a connection ended with %s", type(error).__name__, exc_info=error)
        finally:
            self._open -= 1
            await line.close()

    async def _serve(self, line: Line) -> None:
        if self._open > self._parts.config.limits.connections:
            await self._say(
                line, Refused("too_many", "As many nodes are connected as may be.", "Try again later.")
            )
            return
        admitted = await self._sign_in(line)
        if isinstance(admitted, Refused):
            log.info("sign-in refused: %s", admitted.code)
            await self._say(line, admitted)
            return
        session = admitted
        try:
            greeting = await self._greeting(session)
            await self._say(line, greeting)
            if isinstance(greeting, Refused):
                return
            log.info("node %s signed in", short(session.node))
            self._outbox.look(session)
            self._dispatch.back(session)
            await self._hold(line, session)
        finally:
            if self._registry.leave(session):
                self._dispatch.gone(session)
                log.info("node %s left", short(session.node))

    async def _sign_in(self, line: Line) -> Session | Refused:
        patience_s, clock = self._parts.config.limits.sign_in_s, self._parts.clock
        half = Ephemeral(self._parts.entropy(32))
        challenge = Challenge(
            nonce=self._parts.entropy(32).hex(),
            coordinator=self._parts.key.node_id,
            network=self._parts.config.network,
            now_ms=clock.now_ms(),
            policy=self._parts.policy,
            ephemeral=half.public,
        )
        sent_s = clock.tick_s()
        await line.send(seal(self._parts.key, "to_node", "", 0, challenge).decode())
        try:
            data = await asyncio.wait_for(line.receive(), patience_s)
        except TimeoutError:
            return Refused(
                "challenge_expired", f"No sign-in came within {patience_s:.0f} s.", "Sign in again."
            )
        frame, message = peek_from_node(data)
        if not isinstance(message, SignIn):
            raise FrameError(f"{type(message).__name__} came where a sign-in was due")
        check_signature(frame, "to_coordinator", message.node)
        refused = check_sign_in(message, challenge, clock.tick_s() - sent_s, patience_s)
        if refused is not None:
            return refused
        key = agreed(half, message.ephemeral, challenge, message.node)
        return await self._registry.admit(cleaned(message), key)

    async def _greeting(self, session: Session) -> Welcome | Refused:
        node = session.node
        balances, accepted, rejected = await self._parts.store.transact(
            lambda unit: (
                unit.balances(node),
                unit.verdicts(node, "accepted", 0, 1 << 60),
                unit.verdicts(node, "rejected", 0, 1 << 60),
            )
        )
        if (epoch := self._epochs.now) is None:  # it ends while somebody signs in
            return Refused(
                "coordinator_stopping", "The network is being restarted.", "Sign in again in a moment."
            )
        ours = (epoch.number, epoch.seeds.root, balances, accepted, rejected, self._books.newest)
        return Welcome(session.id, *ours)

    async def _hold(self, line: Line, session: Session) -> None:
        pump = asyncio.create_task(session.pump(self._parts.key, line.send))
        statements = StatementTurns(
            self._statements, session, lambda task: session.close(last_word(task, session))
        )
        reading = asyncio.create_task(self._read(line, session, statements))
        try:
            await asyncio.wait({pump, reading}, return_when=asyncio.FIRST_COMPLETED)
            if reading.done():
                session.close(last_word(reading, session))
                await asyncio.wait({pump}, timeout=_LAST_WORD_S)
        finally:
            for task in (pump, reading):
                task.cancel()
            await asyncio.gather(pump, reading, return_exceptions=True)
            await statements.close()

    async def _read(self, line: Line, session: Session, statements: StatementTurns) -> None:
        clock, limits = self._parts.clock, self._parts.config.limits
        frames, size = Rate(limits.frames_per_s, clock.tick_s()), Rate(limits.bytes_per_s, clock.tick_s())
        counter, by = -1, session.key or session.node
        while not session.leaving:
            data = await line.receive()
            now_s = clock.tick_s()
            if not (frames.take(1, now_s) and size.take(len(data), now_s)):
                raise FrameError("more frames or bytes per second than one node may send")
            counter, message = open_from_node(data, by, session.id, counter)
            await self._hear(session, message, statements)

    async def _hear(self, session: Session, message: FromNode, statements: StatementTurns) -> None:
        if isinstance(message, Heartbeat):
            session.send(self._presences.answer(session, message))
            with contextlib.suppress(StoreError):  # receipts then say that it is not known
                await self._presences.look_up(session)
            await self._outbox.confirm(session, message.heard)
        elif isinstance(message, Goodbye):
            session.leaving = True
        elif isinstance(message, SignIn):
            raise FrameError("a second sign-in on one connection")
        elif isinstance(message, StatementRequest):
            statements.ask(message)
        else:
            await self._dispatch.hear(session, message)

    async def _say(self, line: Line, message: FromCoordinator) -> None:
        with contextlib.suppress(LineError):
            await line.send(seal(self._parts.key, "to_node", "", 1, message).decode())
