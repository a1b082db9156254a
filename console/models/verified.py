"""Which model files are known to be what they should be.

Hashing 100 MB at every start would cost a second on a small machine, so a file that matched leaves a note
beside it: size, modification time and hash. A file that changed since is hashed again. The note saves time;
it is no defence against somebody who may write in the folder.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import msgspec

from console.models.catalogue import CatalogueEntry
from console.models.errors import ModelError, WrongHash, plain
from console.models.hashing import OnProgress, sha256_file

NOTE_BYTES = 4096
"""A note is about 150 bytes; a larger file is not one."""


class Note(msgspec.Struct, frozen=True):
    """What was true of a file when its hash was computed."""

    size_bytes: int
    mtime_ns: int
    sha256: str


def note_path(path: Path) -> Path:
    """Where the note about the model file `path` lies."""
    return path.with_name(path.name + ".verified.json")


def verified_path(entry: CatalogueEntry, models_dir: Path, progress: OnProgress | None = None) -> Path | None:
    """The file of `entry` in `models_dir` if it is there and is the right one, else None.

    Quick when nothing changed since the last time; else the file is hashed.
    """
    path = models_dir / entry.file_name
    try:
        status = path.stat()
        if status.st_size != entry.size_bytes:
            return None
        wanted = Note(status.st_size, status.st_mtime_ns, entry.sha256)
        if _read_note(path) == wanted:
            return path
        if sha256_file(path, progress) != entry.sha256:
            return None
        write_note(path, wanted)
    except OSError:
        return None
    return path


def noted_digest(path: Path) -> str:
    """The SHA-256 in the note beside `path` if the file is unchanged since, else empty; nothing is hashed."""
    try:
        status = path.stat()
    except OSError:
        return ""
    note = _read_note(path)
    same = note is not None and (note.size_bytes, note.mtime_ns) == (status.st_size, status.st_mtime_ns)
    return note.sha256 if note is not None and same else ""


def verify_file(entry: CatalogueEntry, models_dir: Path, progress: OnProgress | None = None) -> Path:
    """Hash the file of `entry` whatever its note says, and return its path.

    Raises:
        ModelError: it is missing (`missing`), unreadable (`unreadable`) or another file (`wrong_hash`).
    """
    path = models_dir / entry.file_name
    try:
        before = path.stat()
        found = sha256_file(path, progress)
    except FileNotFoundError as error:
        raise ModelError(
            "missing",
            f"{entry.name} is not on this machine.",
            f"Get it: quarterdeck models fetch {entry.name}",
        ) from error
    except OSError as error:
        raise unreadable(path, error) from error
    if found != entry.sha256:
        note_path(path).unlink(missing_ok=True)
        raise wrong_hash(entry, found, f"Get it again: quarterdeck models fetch {entry.name}")
    write_note(path, Note(before.st_size, before.st_mtime_ns, found))
    return path


def wrong_hash(entry: CatalogueEntry, found: str, remedy: str) -> WrongHash:
    """The error for a file that is not the model it claims to be."""
    return WrongHash(
        found,
        f"The file for {entry.name} is not the model it should be: its SHA-256 is {found[:16]}…, "
        f"expected {entry.sha256[:16]}…. It is not used.",
        remedy,
    )


def unreadable(path: Path, error: OSError) -> ModelError:
    """The error for a file or folder that the system does not let us use."""
    reason = error.strerror or type(error).__name__
    return ModelError(
        "unreadable",
        f"{plain(str(path), 300)} cannot be used: {reason}.",
        "Check that the path exists and that this user may read and write there.",
    )


def write_note(path: Path, note: Note) -> None:
    """Note down that `path` matched; a folder that cannot be written only costs time at the next start."""
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".note-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(msgspec.json.encode(note))
            Path(name).replace(note_path(path))
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError:
        return


def _read_note(path: Path) -> Note | None:
    try:
        with note_path(path).open("rb") as file:
            return msgspec.json.decode(file.read(NOTE_BYTES), type=Note)
    except (OSError, ValueError):  # msgspec's errors are ValueErrors
        return None
