"""The console in a browser: what a page gets over its WebSocket."""

from __future__ import annotations

import asyncio
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from doubles.console_double import RECORDINGS

from console.cli.web import _serve, _server

CONSOLE = [sys.executable, "-m", "console", "--read-only", "replay", str(RECORDINGS / "earning.jsonl")]
PATIENCE_S = 60.0


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_page_gets_the_screen_and_not_the_lines_of_a_pipe(tmp_path: Path) -> None:
    """A page's console has pipes for streams and a server's environment, and is a screen all the same."""
    told = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | {
        "QUARTERDECK_HOME": str(tmp_path), "TEXTUAL_DRIVER": "textual.drivers.web_driver:WebDriver",
        "TEXTUAL_COLOR_SYSTEM": "truecolor", "COLUMNS": "80", "ROWS": "24",
    }  # fmt: skip
    with subprocess.Popen(CONSOLE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=told) as page:
        assert page.stdout is not None
        seen = b""
        while b"help" not in seen:
            part = page.stdout.read1(65536)
            assert part, seen
            seen += part
        page.terminate()
        page.stdout.read()
    assert seen.startswith(b"__GANGLION__\n")
    assert b"READ-ONLY" in seen and "─".encode() in seen and b"38;2;" in seen


async def test_the_page_shows_the_console_and_other_sites_get_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("textual_serve", reason="the extra `web` is not installed")
    import aiohttp

    monkeypatch.setenv("QUARTERDECK_HOME", str(tmp_path))
    port = free_port()
    serving = asyncio.create_task(_serve(_server(shlex.join(CONSOLE), "127.0.0.1", port), "127.0.0.1", port))
    page = f"http://127.0.0.1:{port}"
    async with asyncio.timeout(PATIENCE_S), aiohttp.ClientSession() as browser:
        while not await answers(browser, page):
            assert not serving.done() and not await asyncio.sleep(0.05)
        async with browser.get(page, headers={"Host": "rebound.example"}) as answer:
            assert answer.status == 403
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await browser.ws_connect(f"{page}/ws", origin="http://evil.example")
        async with browser.ws_connect(f"{page}/ws?width=100&height=30", origin=page) as socket:
            seen = b""
            while b"Verdicts" not in seen:
                message = await socket.receive()
                assert message.type is aiohttp.WSMsgType.BINARY, message
                seen += message.data
            assert b"READ-ONLY" in seen and b"\x1b[30;" in seen
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)


async def answers(browser: object, page: str) -> bool:
    import aiohttp

    try:
        async with browser.get(page) as answer:  # type: ignore[attr-defined]
            return bool(answer.status == 200 and b"quarterdeck" in await answer.read())
    except aiohttp.ClientConnectionError:
        return False
