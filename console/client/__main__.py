"""`python -m console.client --network URL --port N`: serve on loopback until a signal."""

from __future__ import annotations

import argparse
import asyncio
import sys

import httpx
import uvicorn

from console.client.chunks import DrawError
from console.client.proxy import Proxy
from console.client.upstream import Upstream
from console.protocol.addresses import is_loopback
from console.protocol.ids import short

_TIMEOUT = httpx.Timeout(30.0, read=600.0)


def main(arguments: list[str] | None = None) -> int:
    """Serve; the exit code: 1 when the network cannot be reached or its key is another."""
    parser = argparse.ArgumentParser(prog="quarterdeck client")
    parser.add_argument("--network", required=True, help="HTTP address of the coordinator")
    parser.add_argument("--port", type=int, default=8811)
    parser.add_argument("--coordinator", default="", help="the key that the coordinator must have")
    given = parser.parse_args(arguments)
    try:
        asyncio.run(_serve(given.network, given.port, given.coordinator))
    except (httpx.HTTPError, httpx.InvalidURL, DrawError, ValueError) as error:
        words = str(error) or type(error).__name__
        print(f"quarterdeck: {given.network} cannot be used ({words}).", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


async def _serve(network: str, port: int, coordinator: str) -> None:
    trust_env = not is_loopback(network)
    async with httpx.AsyncClient(base_url=network, timeout=_TIMEOUT, trust_env=trust_env) as http:
        upstream = Upstream(http, coordinator)
        await upstream.learn()
        print(f"Draws of coordinator {short(upstream.coordinator)} are checked here.", file=sys.stderr)
        print(
            f"OpenAI programs of this machine: base URL http://127.0.0.1:{port}/v1",
            file=sys.stderr,
            flush=True,
        )
        app = Proxy(upstream).app()
        config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)
        await uvicorn.Server(config).serve()


if __name__ == "__main__":
    sys.exit(main())
