"""Recordings of what a client was told: JSON lines of `{at_ms, message}`.

A recording drives the same console as an agent does: for tests, bug reports and pictures. It holds what
the control protocol holds, so neither prompts nor answers. A name that ends in `.gz` is compressed.
"""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

import msgspec

from console.control.connection import Args
from console.control.link import Lost, News
from console.control.wire import LINE_BYTES_LIMIT, Answer, CommandName, Delta, Hello, Snapshot

RECORDING_BYTES_LIMIT = 512 * 1024 * 1024
RECORDED_LIMIT = 2_000_000


class RecordingError(Exception):
    """The recording cannot be used; the text says where and why."""


class Asked(msgspec.Struct, frozen=True, tag="asked"):
    """A command that was given while recording, with its answer."""

    name: CommandName
    args: Args
    answer: Answer


class Recorded(msgspec.Struct, frozen=True):
    """One message and when it came, milliseconds since 1970."""

    at_ms: int
    message: Hello | Snapshot | Delta | Lost | Asked


_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(Recorded)


class Recorder:
    """Writes recorded messages to an open binary file, one line each."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out

    def write(self, at_ms: int, message: News | Asked) -> None:
        """Append one message.

        Raises:
            OSError: it cannot be written, e.g. the disk is full.
        """
        self._out.write(msgspec.json.encode(Recorded(at_ms, message)) + b"\n")


def create(path: Path) -> IO[bytes]:
    """A new file for a recording, readable by its owner alone.

    Raises:
        FileExistsError: there is one already; it is never written over.
        OSError: it cannot be made.
    """
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    return cast("IO[bytes]", gzip.open(path, "wb") if path.suffix == ".gz" else path.open("wb"))


def demo() -> Path:
    """The recording that ships: a practice run of a few minutes, as it was."""
    return Path(__file__).parent / "demo" / "practice.jsonl.gz"


class Recording:
    """A recording on the disk: gone through from its beginning each time it is iterated, never held whole."""

    def __init__(self, path: Path) -> None:
        """Goes through it once, so that a broken line is named before anything is shown.

        Raises:
            RecordingError: it cannot be read, is not a recording, or exceeds the bounds.
        """
        self.path = path
        self.asked: list[Asked] = []
        """The commands with their answers: few, and wanted in any order."""
        times_ms: list[int] = []
        for recorded in self:
            times_ms[1:] = [recorded.at_ms]
            if isinstance(recorded.message, Asked):
                self.asked.append(recorded.message)
        self.begins_ms = times_ms[0] if times_ms else None
        self.ends_ms = times_ms[-1] if times_ms else None

    def __iter__(self) -> Iterator[Recorded]:
        """Its messages in order.

        Raises:
            RecordingError: as above: the file may have changed since.
        """
        path = self.path
        try:
            if path.stat().st_size > RECORDING_BYTES_LIMIT:
                raise RecordingError(f"The recording {path} is larger than 512 MiB. Record a shorter time.")
            with path.open("rb") as file:
                whole = gzip.GzipFile(fileobj=file) if path.suffix == ".gz" else file
                yield from _parse(cast("IO[bytes]", whole), path)
        except (OSError, EOFError, zlib.error) as error:
            why = getattr(error, "strerror", None) or error
            raise RecordingError(f"The recording {path} cannot be read ({why}).") from error


def read(path: Path) -> list[Recorded]:
    """The whole recording at `path`, in memory.

    Raises:
        RecordingError: it cannot be read, is not a recording, or exceeds the bounds.
    """
    return list(Recording(path))


def _parse(file: IO[bytes], path: Path) -> Iterator[Recorded]:
    number = size = 0
    while line := file.readline(LINE_BYTES_LIMIT + 2):
        number += 1
        size += len(line)
        if len(line) > LINE_BYTES_LIMIT or number > RECORDED_LIMIT or size > RECORDING_BYTES_LIMIT:
            raise RecordingError(f"The recording {path} exceeds its bounds at line {number}.")
        try:
            yield _decoder.decode(line)
        except msgspec.MsgspecError as error:
            raise RecordingError(
                f"Line {number} of {path} is no recorded message ({error}). Was the file cut off or edited?"
            ) from error
