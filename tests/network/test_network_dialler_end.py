"""A node that is stopped while its connection is being wound up stops, and does not dial again."""

from __future__ import annotations

import asyncio

import pytest

from console.network.dialler import _end
from console.network.port import LinkError


async def test_being_cancelled_while_the_parts_end_is_not_lost() -> None:
    release = asyncio.Event()

    async def slow_to_end() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await release.wait()

    part = asyncio.create_task(slow_to_end())
    await asyncio.sleep(0)
    ending = asyncio.create_task(_end(part))
    while not part.cancelling():
        await asyncio.sleep(0)
    ending.cancel()
    release.set()
    with pytest.raises(asyncio.CancelledError):
        await ending
    assert part.done()


async def test_what_the_network_did_is_no_news_when_parts_end_but_what_broke_is() -> None:
    async def fails(error: Exception) -> None:
        raise error

    gone, broken = (asyncio.create_task(fails(error)) for error in (LinkError("gone"), ValueError("broken")))
    await asyncio.wait({gone, broken})
    await _end(gone)
    with pytest.raises(ValueError, match="broken"):
        await _end(gone, broken)
