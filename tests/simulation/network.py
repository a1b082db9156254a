"""Wires: WebSockets of nodes, HTTP of clients, and the weather on them.

A way keeps its order, as TCP does, and holds what is sent while it is cut. In a storm a frame may come twice
or overtake others all the same: a relay that misbehaves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random
from typing import Any

from simulation.loop import SimulatedLoop

_USUAL_S = (0.001, 0.03)
_STORM_S = (0.005, 1.5)
_APART_S = 1e-6
"""Between two frames: of timers for one moment, either may come first."""


class LineBrokenError(Exception):
    """There is no connection (any more)."""


class Weather:
    """How the network behaves now."""

    def __init__(self, loop: SimulatedLoop, chance: Random) -> None:
        self.loop = loop
        self.chance = chance
        self.storm = False
        self._cut: set[tuple[str, str]] = set()
        self._ways: list[Way] = []

    def delay_s(self) -> float:
        """How long the next frame travels."""
        return self.chance.uniform(*(_STORM_S if self.storm else _USUAL_S))

    def odd(self) -> str:
        """What happens to the next frame beside: `twice`, `overtaken`, or nothing."""
        if not self.storm:
            return ""
        roll = self.chance.random()
        return "twice" if roll < 0.02 else "overtaken" if roll < 0.04 else ""

    def cut(self, place: str, direction: str) -> None:
        """Nothing passes to or from `place`; `direction`: up, down or both."""
        self._cut |= {(place, d) for d in ("up", "down") if direction in (d, "both")}

    def heal(self, place: str) -> None:
        """Everything that was held passes."""
        self._cut = {(p, d) for p, d in self._cut if p != place}
        for way in list(self._ways):
            if way.place == place:
                way.release()

    def blocked(self, place: str, direction: str) -> bool:
        """Whether that direction is cut."""
        return (place, direction) in self._cut

    def join(self, way: Way) -> None:
        """`way` is open."""
        self._ways.append(way)

    def leave(self, way: Way) -> None:
        """`way` is of no more use."""
        if way in self._ways:
            self._ways.remove(way)


class Way:
    """One direction of one connection."""

    def __init__(self, weather: Weather, place: str, direction: str, deliver: Callable[[Any], None]) -> None:
        self.place = place
        self._weather = weather
        self._direction = direction
        self._deliver = deliver
        self._last_s = 0.0
        self._held: list[Any] = []
        self._open = True
        weather.join(self)

    def send(self, item: Any) -> None:
        """Put `item` on its way."""
        weather = self._weather
        at_s = weather.loop.time() + weather.delay_s()
        odd = weather.odd() if isinstance(item, str) else ""
        if odd != "overtaken":
            at_s = self._last_s = max(self._last_s + _APART_S, at_s)
        weather.loop.call_at(at_s, self._arrive, item)
        if odd == "twice":
            weather.loop.call_at(at_s + weather.delay_s(), self._arrive, item)

    def release(self) -> None:
        """It is not cut any more."""
        held, self._held = self._held, []
        for item in held:
            self._arrive(item)

    def shut(self) -> None:
        """Nothing that is under way arrives."""
        self._open = False
        self._weather.leave(self)

    def _arrive(self, item: Any) -> None:
        if not self._open:
            return
        if self._held or self._weather.blocked(self.place, self._direction):
            self._held.append(item)
        else:
            self._deliver(item)


_END = object()


class Line:
    """One WebSocket. The node's end has `say`, `hear` and `hang_up`, the coordinator's is ASGI."""

    def __init__(self, weather: Weather, node: str) -> None:
        self.node = node
        self._up = Way(weather, node, "up", self._at_coordinator)
        self._down = Way(weather, node, "down", self._at_node)
        self._for_node: asyncio.Queue[Any] = asyncio.Queue()
        self._for_coordinator: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._for_coordinator.put_nowait({"type": "websocket.connect"})
        self._node_ended = self._coordinator_ended = False
        self.on_up: Callable[[str], None] = lambda _: None
        """Called with each frame as the coordinator gets it."""
        self.on_down: Callable[[str], None] = lambda _: None
        """Called with each frame as the coordinator sends it."""
        self.on_over: Callable[[], None] = lambda: None
        """Called when the coordinator's end is over."""

    def say(self, frame: str) -> None:
        """The node sends. Raises LineBrokenError when it knows that nobody listens."""
        if self._node_ended:
            raise LineBrokenError
        self._up.send(frame)

    async def hear(self) -> str:
        """What the node gets next. Raises LineBrokenError at the end."""
        item = _END if self._node_ended and self._for_node.empty() else await self._for_node.get()
        if item is _END:
            self._node_ended = True
            raise LineBrokenError
        frame: str = item
        return frame

    def hang_up(self) -> None:
        """The node's end is closed; the other one learns of it when the news arrives."""
        if not self._node_ended:
            self._node_ended = True
            self._for_node.put_nowait(_END)
            self._up.send(_END)
            self._down.shut()

    def die(self) -> None:
        """The coordinator was killed: its kernel says so to the node."""
        self._end_at_coordinator()
        self._down.send(_END)

    def end(self) -> None:
        """The coordinator's server closes it, and tells the application."""
        if not self._coordinator_ended:
            self.die()
            self._for_coordinator.put_nowait({"type": "websocket.disconnect", "code": 1012})

    async def receive(self) -> dict[str, Any]:
        """ASGI, the coordinator's end."""
        return await self._for_coordinator.get()

    async def send(self, message: dict[str, Any]) -> None:
        """ASGI, the coordinator's end."""
        if self._coordinator_ended:
            raise OSError("the connection is gone")
        if message["type"] == "websocket.send":
            self.on_down(message["text"])
            self._down.send(message["text"])
        elif message["type"] == "websocket.close":
            self.die()

    def _at_coordinator(self, item: Any) -> None:
        if item is _END:
            self._end_at_coordinator()
            self._for_coordinator.put_nowait({"type": "websocket.disconnect", "code": 1006})
        else:
            self.on_up(item)
            self._for_coordinator.put_nowait({"type": "websocket.receive", "text": item})

    def _end_at_coordinator(self) -> None:
        if not self._coordinator_ended:
            self._coordinator_ended = True
            self._up.shut()
            self.on_over()

    def _at_node(self, item: Any) -> None:
        self._for_node.put_nowait(item)


class Exchange:
    """One HTTP request, as the gateway's server sees it."""

    def __init__(self, body: bytes, key: str, commitment: str = "") -> None:
        """`commitment`: to a nonce of the client's own."""
        headers = [(b"authorization", f"Bearer {key}".encode())] if key else []
        if commitment:
            headers.append((b"x-quarterdeck-commitment", commitment.encode()))
        self.scope = {"type": "http", "method": "POST", "path": "/v1/chat/completions", "headers": headers}
        self.scope |= {"query_string": b"", "http_version": "1.1", "scheme": "http"}
        self._request: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._request.put_nowait({"type": "http.request", "body": body, "more_body": False})
        self.status = 0
        self.job = ""
        """Its id, where there is one."""
        self.body = b""
        self.broken = False
        self.over = asyncio.Event()
        self.more = asyncio.Event()
        """Set whenever something came, and at the end."""

    @property
    def refused(self) -> bool:
        """Whether the client was told that there is no answer, and that nothing is charged."""
        return b"Nothing is charged" in self.body

    def leave(self) -> None:
        """The client hangs up."""
        self._request.put_nowait({"type": "http.disconnect"})
        self.over.set()

    def breaks(self) -> None:
        """The connection broke before there was a whole answer."""
        if not self.over.is_set():
            self.broken = True
            self.over.set()
            self.more.set()

    async def receive(self) -> dict[str, Any]:
        """ASGI."""
        return await self._request.get()

    async def send(self, message: dict[str, Any]) -> None:
        """ASGI."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.job = dict(message["headers"]).get(b"x-quarterdeck-job", b"").decode()
            return
        self.body += message.get("body", b"")
        self.more.set()
        if not message.get("more_body"):
            self.over.set()
            self.more.set()
