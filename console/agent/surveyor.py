"""Looks at what this machine is: once when the node is up, and whenever the operator asks."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from console.agent.board import Board
from console.agent.clock import NowMs
from console.agent.machine import machine_facts
from console.control.events import MachineProbed
from console.control.wire import Answer, Command
from console.hardware.checks import COMPILERS, Look
from console.hardware.report import gather

UP_S = 30.0
"""How long the first look waits for the engine, whose start it would slow down."""

Survey = Callable[[Sequence[Path]], Look]
"""Takes a look; blocks for seconds, so it is called in a thread of its own."""


def survey(folders: Sequence[Path]) -> Look:
    """The real look: one probe after the other, for the node is at work meanwhile."""
    compilers = {name: shutil.which(name) for name in COMPILERS}
    return Look(gather(folders, calmly=True), sys.version_info[:2], compilers)


class Surveyor:
    """Owns the facts of the machine. `run` belongs to the node; `probe` answers the command."""

    def __init__(
        self, board: Board, folders: Sequence[Path], ready: asyncio.Event, survey: Survey, now_ms: NowMs
    ) -> None:
        """`ready`: set while the engine works."""
        self._board = board
        self._folders = folders
        self._ready = ready
        self._survey = survey
        self._now_ms = now_ms
        self._wanted = asyncio.Event()
        self._looking = False

    async def run(self) -> None:
        """The first look when the engine is up, or will not be soon; then one for each wish, for ever."""
        waiting = {asyncio.create_task(self._ready.wait()), asyncio.create_task(self._wanted.wait())}
        try:
            await asyncio.wait(waiting, timeout=UP_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
        while True:
            self._wanted.clear()
            await self._look()
            await self._wanted.wait()

    async def probe(self, command: Command) -> Answer:
        """Have the machine looked at again; the facts come as an event."""
        if self._looking or self._wanted.is_set():
            return Answer(command.id, True, "The machine is being probed already.")
        self._wanted.set()
        return Answer(command.id, True, "Probing the machine; what it finds is shown in some seconds.")

    async def _look(self) -> None:
        self._looking = True
        try:
            look = await _in_thread(lambda: self._survey(self._folders))
        except Exception as error:
            self._board.note(
                "warning", "machine", f"The machine could not be probed ({type(error).__name__}: {error})."
            )
        else:
            self._board.apply(MachineProbed(machine_facts(look, self._now_ms())))
        finally:
            self._looking = False


async def _in_thread(call: Callable[[], Look]) -> Look:
    """`call` in a thread that nobody waits for at the end: a driver that hangs must not hold the agent."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Look] = loop.create_future()

    def work() -> None:
        try:
            look = call()
        except Exception as error:
            tell(done.set_exception, error)
        else:
            tell(done.set_result, look)

    def tell(how: Callable[[Any], None], what: object) -> None:
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(lambda: None if done.done() else how(what))

    threading.Thread(target=work, name="survey", daemon=True).start()
    return await done
