"""The agent: takes its home, builds the node, runs it, and takes it apart in the right order."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from console.agent.board import Board
from console.agent.identity import Identity, load_or_create
from console.agent.journal import Journal, JournalError
from console.agent.lock import Lock
from console.agent.node import Node
from console.agent.origin import Origin
from console.agent.parts import ModelClaim as ModelClaim
from console.agent.parts import Parts as Parts
from console.agent.trouble import AgentError
from console.control.server import ControlError
from console.control.state import Note
from console.settings.config import Config
from console.settings.paths import make_private


class Agent:
    """One node. `run` until `stop` is called."""

    def __init__(
        self,
        home: Path,
        config: Config,
        *,
        claim: ModelClaim | None = None,
        parts: Parts | None = None,
        trust_new_coordinator: bool = False,
        practice: bool = False,
        origin: Origin | None = None,
    ) -> None:
        """`home`: the node's folder, made when missing. `practice`: shown to the operator, no more.

        `origin`: how it was started, without which it can neither restart nor change its configuration.
        """
        self.home = home.absolute()
        self.board = Board((parts or Parts()).now_ms)
        self.on_note: Callable[[Note], None] = lambda note: None
        self._config = config
        self._claim = claim
        self._parts = parts or Parts()
        self._trust_new = trust_new_coordinator
        self._practice = practice
        self._origin = origin or Origin(practice=practice)
        self._stopping = asyncio.Event()
        self.again = False
        """Whether it was stopped in order to be started again."""

    def stop(self) -> None:
        """End gracefully: give back what is unfinished, say goodbye, end the engine."""
        self._stopping.set()

    def restart(self) -> None:
        """End as by `stop`; whoever runs this agent starts it `again`."""
        self.again = True
        self.stop()

    async def run(self, on_ready: Callable[[], None] = lambda: None) -> None:
        """The node's life. `on_ready`: the control socket answers.

        Raises:
            AgentError: it cannot start, or a part of it broke.
        """
        try:
            make_private(self.home)
        except OSError as error:
            raise AgentError(
                f"The folder {self.home} cannot be used ({error.strerror}). "
                "Make room and give yourself write access, or choose another with --home."
            ) from error
        lock = Lock(self.home)
        try:
            identity = load_or_create(self.home)
            journal = Journal(self.home, identity.sealing_key())
            try:
                await journal.open()
                node = await self._assemble(identity, journal)
                await self._live(node, on_ready)
            finally:
                await journal.close()
        except (JournalError, ControlError) as error:
            raise AgentError(str(error)) from error
        finally:
            lock.release()

    async def _assemble(self, identity: Identity, journal: Journal) -> Node:
        if self._trust_new:
            await journal.facts.unpin(self._config.node.coordinator)
        model = await asyncio.to_thread(self._parts.model, self.home, self._config)
        node = Node(
            self.home,
            self._config,
            self._parts,
            identity,
            journal,
            model,
            self.board,
            claim=self._claim,
            practice=self._practice,
            stop=self.stop,
            restart=self.restart,
            origin=self._origin,
        )
        self.board.on_note = self.on_note
        await node.restore()
        return node

    async def _live(self, node: Node, on_ready: Callable[[], None]) -> None:
        await node.server.start()
        self.board.note("info", "operator", f"The agent started, process {os.getpid()}.")
        tasks = [asyncio.create_task(part) for part in node.work()]
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            on_ready()
            done, _ = await asyncio.wait({*tasks, stopping}, return_when=asyncio.FIRST_COMPLETED)
            await node.wind_up()
            _raise_broken(done - {stopping})
        finally:
            for task in (*tasks, stopping):
                task.cancel()
            await asyncio.wait({*tasks, stopping})
            await node.supervisor.close()
            await node.server.close()


def _raise_broken(done: set[asyncio.Task[Any]]) -> None:
    for task in done:
        error = task.exception()
        if error is not None:
            raise AgentError(
                f"A part of the agent broke ({type(error).__name__}: {error}), so it stopped. "
                "Nothing that was journalled is lost; start it again, and report this with agent.log."
            ) from error
