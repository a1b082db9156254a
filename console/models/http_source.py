"""Weights at an address: one GET, with a Range that goes on where an earlier download stopped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from console.models.errors import ModelError, plain
from console.models.hashing import CHUNK_BYTES, OnProgress, Stage
from console.models.source import Stream

TIMEOUT_S = 30.0
"""Without a byte for so long, the server counts as gone."""


class HttpDownload:
    """The `Source` for a URL."""

    resumable = True
    stage: Stage = "downloading"

    def __init__(self, url: str, size_bytes: int) -> None:
        self._url = url
        self._size_bytes = size_bytes

    def room_bytes(self, work_dir: Path) -> int:
        """Nothing besides the model."""
        return 0

    @contextmanager
    def open(self, work_dir: Path, start: int, progress: OnProgress) -> Iterator[Stream]:
        """The bytes from `start` on; from 0 if the server does not do ranges."""
        # identity: with a compressed answer the offsets would count other bytes
        headers = {"accept-encoding": "identity"}
        if start:
            headers["range"] = f"bytes={start}-"
        try:
            with httpx.stream(
                "GET", self._url, headers=headers, timeout=TIMEOUT_S, follow_redirects=True
            ) as answer:
                yield Stream(self._start(answer, start), answer.iter_raw(CHUNK_BYTES))
        except httpx.HTTPError as error:
            raise self._unreachable(type(error).__name__) from error

    def discard(self, work_dir: Path) -> None:
        """Nothing is kept besides the part file."""

    def _start(self, answer: httpx.Response, wanted: int) -> int:
        if answer.status_code == httpx.codes.OK:
            return 0
        given = re.fullmatch(r"bytes (\d{1,19})-\d{1,19}/(\d{1,19})", answer.headers.get("content-range", ""))
        if answer.status_code != httpx.codes.PARTIAL_CONTENT or not given:
            raise self._unreachable(f"HTTP status {answer.status_code}")
        if (int(given[1]), int(given[2])) != (wanted, self._size_bytes):
            raise self._unreachable("it answered another range than was asked for")
        return wanted

    def _unreachable(self, why: str) -> ModelError:
        return ModelError(
            "source_unreachable",
            f"The model cannot be had from {plain(self._url, 200)}: {plain(why)}.",
            "Check the network and try again: what has arrived is kept.",
        )
