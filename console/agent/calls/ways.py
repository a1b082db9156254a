"""The ways to reach the operator: this desktop, an ntfy topic, a webhook. Each fails on its own."""

from __future__ import annotations

import asyncio
from typing import Protocol

import msgspec

from console.settings.config import NotifyConfig

TIMEOUT_S = 10.0


class Call(msgspec.Struct, frozen=True):
    """What is told. A webhook gets it as JSON."""

    node: str
    level: str
    room: str
    text: str
    at_ms: int
    schema_version: int = 1


class WayError(Exception):
    """The operator was not reached this way; the text says why."""


class Way(Protocol):
    """One way."""

    name: str

    async def tell(self, call: Call) -> None:
        """Reach the operator. Raises WayError."""
        ...


class Desktop:
    """A notification of this desktop, through notify-send."""

    name = "desktop"

    async def tell(self, call: Call) -> None:
        """Raises WayError: there is no notify-send, or it fails, e.g. without a desktop session."""
        urgency = "critical" if call.level == "error" else "normal"
        try:
            process = await asyncio.create_subprocess_exec(
                "notify-send", "--app-name=quarterdeck", f"--urgency={urgency}", "--",
                f"quarterdeck: {call.node}", call.text,
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
        except OSError as error:
            raise WayError(f"notify-send cannot be run ({error.strerror})") from error
        try:
            async with asyncio.timeout(TIMEOUT_S):
                code = await process.wait()
        except TimeoutError as error:
            process.kill()
            raise WayError("notify-send hangs") from error
        if code:
            raise WayError(f"notify-send ended with {code}; is there a desktop session?")


class Post:
    """An HTTP POST: JSON to a webhook, or plain text with headers to an ntfy topic."""

    def __init__(self, name: str, address: str) -> None:
        self.name = name
        self._address = address

    async def tell(self, call: Call) -> None:
        """Raises WayError: unreachable, too slow, or an answer that is not 2xx."""
        import httpx  # takes long to import, and most nodes never call

        body, headers = self._message(call)
        try:
            async with httpx.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False) as client:
                answer = await client.post(self._address, content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise WayError(f"no answer ({type(error).__name__})") from error
        if not answer.is_success:
            raise WayError(f"it answered {answer.status_code}")

    def _message(self, call: Call) -> tuple[bytes, dict[str, str]]:
        if self.name == "webhook":
            return msgspec.json.encode(call), {"Content-Type": "application/json"}
        title = "".join(c if c.isascii() and c.isprintable() else "?" for c in f"quarterdeck: {call.node}")
        priority = "high" if call.level == "error" else "default"
        return call.text.encode(), {"Title": title, "Priority": priority, "Tags": "quarterdeck"}


def ways(config: NotifyConfig) -> tuple[Way, ...]:
    """The ways that the operator configured."""
    found: list[Way] = []
    if config.desktop:
        found.append(Desktop())
    if config.ntfy:
        found.append(Post("ntfy", config.ntfy))
    if config.webhook:
        found.append(Post("webhook", config.webhook))
    return tuple(found)
