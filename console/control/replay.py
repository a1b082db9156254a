"""A source that plays a recording, at its pace or another: like an agent, but without a node to command."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from console.control.connection import Args
from console.control.link import Lost, News
from console.control.recording import Asked, Recorded, Recording, RecordingError
from console.control.wire import Answer, CommandName

END = "The recording ends here."


class Replay:
    """A source that plays a recording: at `speed` times its own pace, or all at once when `speed` is 0.

    `loop`: from the beginning again, for ever. `tell_end`: say that it is over, as news of this client.
    `finished` is set when the last message was taken by the client.
    """

    def __init__(
        self,
        recording: Sequence[Recorded] | Recording,
        *,
        speed: float = 1.0,
        loop: bool = False,
        tell_end: bool = False,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._recording = recording
        self._asked = recording.asked if isinstance(recording, Recording) else _asked(recording)
        self._speed = speed
        self._loop = loop
        self._tell_end = tell_end
        self._sleep = sleep
        self.finished = asyncio.Event()

    async def attach(self) -> AsyncIterator[News]:
        """The recorded messages in order, at their pace; then nothing more, but no end either."""
        while True:
            try:
                async for news in self._once():
                    yield news
            except RecordingError as error:
                yield Lost(str(error), 0.0)
                break
            self.finished.set()
            if not self._loop:
                break
        if self._tell_end:
            yield Lost(END, 0.0)
        await asyncio.Event().wait()

    async def _once(self) -> AsyncIterator[News]:
        before_ms: int | None = None
        for recorded in self._recording:
            if isinstance(recorded.message, Asked):
                continue
            if self._speed > 0 and before_ms is not None and recorded.at_ms > before_ms:
                await self._sleep((recorded.at_ms - before_ms) / 1000 / self._speed)
            before_ms = recorded.at_ms
            yield recorded.message
        if self._loop:
            await self._sleep(1.0)

    async def command(self, name: CommandName, args: Args | None = None) -> Answer:
        """The answer that was recorded for the same command, else a refusal: a replay has no node."""
        for asked in self._asked:
            if asked.name == name and asked.args == (args or {}):
                return asked.answer
        return Answer("", False, "This is a recording: there is no node to command.")


def _asked(recording: Sequence[Recorded]) -> list[Asked]:
    return [recorded.message for recorded in recording if isinstance(recorded.message, Asked)]
