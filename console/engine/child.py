"""A child process that does one thing: its last words are the error when it fails."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Mapping

from console.engine.port import EngineError


async def run_module(
    words: tuple[str, ...], failed: str, environment: Mapping[str, str] = os.environ
) -> None:
    """`python -m WORDS…` to its end; killed when the caller is cancelled. `failed`: where it says nothing.

    Raises:
        EngineError: `bad_request`, with the last line that it wrote to its standard error.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", *words),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
    )
    try:
        _, said = await process.communicate()
    except asyncio.CancelledError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        raise
    if process.returncode:
        lines = said.decode("utf-8", "replace").strip().splitlines()
        raise EngineError("bad_request", lines[-1] if lines else failed)
