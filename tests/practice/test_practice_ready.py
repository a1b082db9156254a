"""A node that never comes up is not said to have joined."""

from __future__ import annotations

import asyncio
from pathlib import Path

from console.practice.plan import Cast
from console.practice.ready import until_ready


async def test_a_node_that_is_not_there_is_not_ready(tmp_path: Path) -> None:
    absent = Cast("reef-1", honest=True, yours=False, home=tmp_path)
    assert await until_ready(absent, asyncio.Event(), patience_s=0.1) is False
    stopped = asyncio.Event()
    stopped.set()
    assert await until_ready(absent, stopped) is False
