"""The reference engine's process: started, watched, started again with growing pauses."""

from __future__ import annotations

import asyncio
import logging

from console.engine.launch import EngineLaunch, wait_ready
from console.engine.port import Engine, EngineError

log = logging.getLogger(__name__)
_LOAD_S = 600.0
_FIRST_PAUSE_S = 2.0
_LONGEST_PAUSE_S = 64.0


class NoReferenceError(Exception):
    """The reference engine never came up; the text says why."""


async def supervise(launch: EngineLaunch, engine: Engine) -> None:
    """Keep the engine running until cancelled, then end it.

    Raises:
        NoReferenceError: it failed before it was ever ready, so that the operator has to mend something.
    """
    pause_s, was_ready = _FIRST_PAUSE_S, False
    while True:
        try:
            process = await launch.start()
            try:
                await wait_ready(engine, process, _LOAD_S)
                was_ready, pause_s = True, _FIRST_PAUSE_S
                await process.wait()
                log.warning("The reference engine ended. %s It is started again.", process.ended().sentence)
            finally:
                if process.returncode is None:
                    await process.stop()
        except EngineError as error:
            if not was_ready:
                raise NoReferenceError(f"The reference engine cannot be used. {error.sentence}") from error
            log.warning("The reference engine did not come back. %s It is tried again.", error.sentence)
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
