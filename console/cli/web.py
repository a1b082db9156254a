"""`quarterdeck web`: the console in a browser of this machine."""

from __future__ import annotations

import asyncio
import ipaddress
import shlex
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import click

from console.cli.agent_home import FAILED

PORT = 8930
PATIENCE_S = 1.0
"""How long open pages may take to close when the server ends."""
MISSING = (
    "The console in a browser needs the extra `web`, which is not installed. Install it, in "
    "Quarterdeck's folder:\n  .venv/bin/python -m pip install -e '.[web]'\n"
    "Over SSH it is not needed:  ssh -t HOST quarterdeck"
)
REACH = (
    "Whoever has an account on this machine can open this page, and can {}.\n"
    "Other machines cannot. From yours, forward the port:  ssh -L {port}:127.0.0.1:{port} HOST"
)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="A loopback address; no other is taken.")
@click.option("--port", type=click.IntRange(1, 65535), default=PORT, show_default=True)
@click.option("--read-only", is_flag=True, help="Show everything, change nothing.")
@click.pass_context
def web(ctx: click.Context, host: str, port: int, read_only: bool) -> None:
    """Show the console in a browser of this machine, until Ctrl+C. Each page is a console of its own.

    Needs the extra `web`. It listens on the loopback address alone.
    """
    if not is_loopback(host):
        raise click.BadParameter(
            f"{host} can be reached from other machines, and the page asks for no password. "
            "Use 127.0.0.1 and forward the port with ssh -L.",
            param_hint="--host",
        )
    outer = ctx.find_root().params
    read_only = read_only or bool(outer.get("read_only"))
    try:
        server = _server(console_command(outer, read_only=read_only), host, port)
    except ImportError:
        click.echo(MISSING, err=True)
        sys.exit(FAILED)
    click.echo(f"The console is at {server.public_url} until Ctrl+C.", err=True)
    click.echo(
        REACH.format("see what you see" if read_only else "do with the node what you can", port=port),
        err=True,
    )
    try:
        asyncio.run(_serve(server, host, port))
    except OSError as error:
        click.echo(f"Port {port} cannot be used ({error.strerror}). Choose another with --port.", err=True)
        sys.exit(FAILED)


def is_loopback(host: str) -> bool:
    """Whether `host` is an address, or the name, that no other machine can reach."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def console_command(outer: dict[str, Any], *, read_only: bool) -> str:
    """The shell command that each page runs: this console, with the options that stand before `web`."""
    words = [sys.executable, "-m", "console"]
    for option in ("home", "theme"):
        if outer.get(option):
            words += [f"--{option}", str(outer[option])]
    if read_only:
        words.append("--read-only")
    return shlex.join(words)


def is_own(headers: Mapping[str, str], address: str) -> bool:
    """Whether a request comes from this page: to this address by its name, and from no other site's page.

    Browsers let any site open a WebSocket to this machine; without this, any page could drive the node.
    """
    names = (address, f"localhost:{address.rpartition(':')[2]}")
    origin = headers.get("Origin")
    return headers.get("Host") in names and (origin is None or urlsplit(origin).netloc in names)


def _server(command: str, host: str, port: int) -> Any:
    """The server, which refuses what other sites ask of it.

    Raises:
        ImportError: the extra is not installed.
    """
    from aiohttp import web as http
    from textual_serve.server import Server

    named = f"[{host}]" if ":" in host else host
    address = f"{named}:{port}"

    async def own_page_only(request: Any, handler: Callable[[Any], Awaitable[Any]]) -> Any:
        if not is_own(request.headers, address):
            raise http.HTTPForbidden(text="This console answers to its own page only.")
        return await handler(request)

    class OwnServer(Server):  # type: ignore[misc]
        """Without the library's banner, and with the check above."""

        async def _make_app(self) -> Any:
            app = await super()._make_app()
            app.middlewares.append(http.middleware(own_page_only))
            return app

        async def on_startup(self, app: Any) -> None:
            """Nothing to say: it was said."""

    return OwnServer(command, host, port, "quarterdeck", f"http://{address}")


async def _serve(server: Any, host: str, port: int) -> None:
    """Answer until SIGINT, SIGTERM or SIGHUP; the consoles of open pages are ended in good order.

    Raises:
        OSError: the port cannot be listened on.
    """
    from aiohttp import web as http

    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, ended.set)
    runner = http.AppRunner(await server._make_app(), access_log=None, shutdown_timeout=PATIENCE_S)
    await runner.setup()
    try:
        await http.TCPSite(runner, host, port).start()
        await ended.wait()
    finally:
        await runner.cleanup()
