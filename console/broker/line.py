"""One end of a line over a broker's messages; see `console.protocol.lines`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from console.protocol.lines import LineError, Message, Reader, Writer, decoded
from console.protocol.messages import FRAME_BYTES_LIMIT

Publish = Callable[[bytes], Awaitable[None]]
WAITING_BYTES = 4 * FRAME_BYTES_LIMIT
"""What came and was not read yet; more ends the line, since nothing slows its writer down."""


class BrokerLine:
    """Frames in and out, in order and each once, until the line ends; then LineError with the cause."""

    def __init__(self, publish: Publish, payload_limit: int, token: int = 0, heard: int = 0) -> None:
        """`publish`: puts one message of at most `payload_limit` bytes on the other side's subject.

        `token`: this side's, 0 as a node; `heard`: what the other side's was at least, until now.
        """
        self._publish = publish
        self._writer, self._reader = Writer(payload_limit, token), Reader(heard)
        self._frames: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._waiting = 0
        self._ended = ""

    @property
    def ended(self) -> bool:
        """Whether nothing more can come."""
        return bool(self._ended)

    @property
    def answered(self) -> bool:
        """Whether the other side said anything."""
        return self._reader.begun

    @property
    def heard(self) -> int:
        """The highest token of the other side's."""
        return self._reader.token

    def came(self, data: bytes) -> None:
        """A message came; whatever is wrong with it ends the line."""
        try:
            self.take(decoded(data))
        except LineError as error:
            self.end(str(error))

    def take(self, message: Message) -> None:
        """As `came`, of a message that is decoded."""
        if self._ended:
            return
        try:
            frame = self._reader.take(message)
        except LineError as error:
            self.end(str(error))
            return
        if frame is None:
            return
        self._waiting += len(frame)
        if self._waiting > WAITING_BYTES:
            self.end("more came than could be read")
        else:
            self._frames.put_nowait(frame)

    def end(self, why: str) -> None:
        """Nothing more comes or goes; what came whole before is still given."""
        if not self._ended:
            self._ended = why
            self._frames.put_nowait(None)

    async def dial(self, body: bytes) -> None:
        """Begin the line, as the node. Raises LineError."""
        await self._put([self._writer.one("d", body)])

    async def send(self, frame: str) -> None:
        """Publish a frame. Raises LineError."""
        await self._put(list(self._writer.pieces(frame.encode())))

    async def receive(self) -> bytes:
        """The next frame. Raises LineError once the line has ended and all that came is read."""
        frame = await self._frames.get()
        if frame is None:
            self._frames.put_nowait(None)
            raise LineError(self._ended)
        self._waiting -= len(frame)
        return frame

    async def close(self) -> None:
        """End the line, and tell the other side where that is possible; never raises."""
        if self._ended:
            return
        self.end("it was closed")
        try:
            await self._publish(self._writer.one("e"))
        except Exception:  # the other side then learns it by silence
            return

    async def _put(self, messages: list[bytes]) -> None:
        for data in messages:
            if self._ended:
                raise LineError(self._ended)
            try:
                await self._publish(data)
            except Exception as error:
                self.end(f"a message could not be published ({type(error).__name__})")
                raise LineError(self._ended) from error
