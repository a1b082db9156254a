"""What a node could serve: the catalogue, the GGUF file that the operator named, and those in its folder.

Nothing is hashed here: a file counts as verified when the note beside it says so, or when it was hashed in
this run and `remember` was told.
"""

from __future__ import annotations

import itertools
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from console.models.catalogue import CATALOGUE, CatalogueEntry, HttpSource
from console.models.errors import GgufError, ModelError, plain
from console.models.gguf import GgufInfo, read_gguf
from console.models.verified import Note, noted_digest

FILES_LIMIT = 64
"""GGUF files of a folder that are listed."""
NAMES_LIMIT = 4096
"""Names of a folder that are looked at; there may be anything in it."""

StockState = Literal["absent", "partial", "unverified", "verified", "wrong"]


class Stock(msgspec.Struct, frozen=True):
    """One model, and what of it is on this machine."""

    name: str
    """What the configuration calls it: the catalogue's name, or the file's path."""
    title: str
    state: StockState
    path: Path
    size_bytes: int = 0
    """Of the whole model; what the file has where there is no catalogue entry."""
    done_bytes: int = 0
    sha256: str = ""
    """What it must be, or what was found where nothing says what it must be."""
    entry: CatalogueEntry | None = None
    info: GgufInfo | None = None
    """What its header says; None when it is not here or cannot be read."""
    sentence: str = ""
    """What is wrong with it."""


class Inventory:
    """Reads the disk; keeps what it read of files that did not change. Used by one thread at a time."""

    def __init__(self, folder: Path, catalogue: Sequence[CatalogueEntry] = CATALOGUE) -> None:
        self.folder = folder
        self.catalogue = catalogue
        self._headers: dict[Path, tuple[tuple[int, int], GgufInfo | ModelError]] = {}
        self._hashed: dict[Path, Note] = {}

    def remember(self, path: Path, digest: str) -> None:
        """The file `path`, as it is now, was hashed and found to be `digest`."""
        try:
            status = path.stat()
        except OSError:
            return
        self._hashed[path] = Note(status.st_size, status.st_mtime_ns, digest)

    def take(self, choice: str = "") -> list[Stock]:
        """All models: the catalogue's first, then the file `choice`, if it is one, then the folder's."""
        found = [self._of_catalogue(entry) for entry in self.catalogue]
        known = {stock.path for stock in found}
        if is_path(choice):
            path = Path(choice).expanduser()
            if path not in known:
                found.append(self._own(path))
                known.add(path)
        found += [self._own(path) for path in _gguf_files(self.folder) if path not in known and _status(path)]
        return found

    def _of_catalogue(self, entry: CatalogueEntry) -> Stock:
        path = self.folder / entry.file_name
        stock = Stock(
            entry.name, entry.title, "absent", path, entry.size_bytes, sha256=entry.sha256, entry=entry
        )
        status = _status(path)
        if status is None:
            return self._partial(stock, entry)
        state, sentence = self._judge(entry, path, status)
        info = self._header(path, status)
        return msgspec.structs.replace(
            stock, state=state, sentence=sentence, info=info if isinstance(info, GgufInfo) else None
        )

    def _judge(self, entry: CatalogueEntry, path: Path, status: os.stat_result) -> tuple[StockState, str]:
        if status.st_size != entry.size_bytes:
            size = f"it has {status.st_size:,} bytes, the model {entry.size_bytes:,}"
            return "wrong", f"The file is not the model: {size}. Fetch it; the file is kept aside."
        digest = self._known_digest(path, status)
        if digest and digest != entry.sha256:
            return "wrong", f"The file is not the model: its SHA-256 is {digest[:16]}…. Fetch it again."
        return ("verified", "") if digest else ("unverified", "")

    def _partial(self, stock: Stock, entry: CatalogueEntry) -> Stock:
        """A fetch that was interrupted goes on with what `.partial` holds."""
        part = _status(self.folder / ".partial" / entry.name / (entry.file_name + ".part"))
        if part is None or not part.st_size or not isinstance(entry.source, HttpSource):
            return stock
        return msgspec.structs.replace(stock, state="partial", done_bytes=min(part.st_size, entry.size_bytes))

    def _own(self, path: Path) -> Stock:
        name, title = str(path), plain(path.stem, 80)
        status = _status(path)
        if status is None:
            return Stock(name, title, "absent", path, sentence="There is no such file.")
        info = self._header(path, status)
        if isinstance(info, ModelError):
            return Stock(name, title, "wrong", path, status.st_size, sentence=str(info))
        digest = self._known_digest(path, status)
        return Stock(name, title, "unverified", path, status.st_size, sha256=digest, info=info)

    def _known_digest(self, path: Path, status: os.stat_result) -> str:
        note = self._hashed.get(path)
        if note is not None and (note.size_bytes, note.mtime_ns) == (status.st_size, status.st_mtime_ns):
            return note.sha256
        return noted_digest(path)

    def _header(self, path: Path, status: os.stat_result) -> GgufInfo | ModelError:
        stamp = (status.st_size, status.st_mtime_ns)
        kept = self._headers.get(path)
        if kept is not None and kept[0] == stamp:
            return kept[1]
        info: GgufInfo | ModelError
        try:
            info = read_gguf(path)
        except GgufError as error:
            info = error
        self._headers[path] = (stamp, info)
        return info


def is_path(choice: str) -> bool:
    """Whether `choice`, as `engine.model` has it, is the path of a file and not a catalogue name."""
    return os.sep in choice or choice.endswith(".gguf")


def settled(choice: str, base: Path) -> str:
    """`choice` with a relative path made absolute against the folder `base`; a catalogue name stays."""
    if not is_path(choice):
        return choice
    return str((base / Path(choice).expanduser()).absolute())


def _gguf_files(folder: Path) -> list[Path]:
    return sorted(itertools.islice(_named_so(folder), FILES_LIMIT))


def _named_so(folder: Path) -> Iterator[Path]:
    try:
        with os.scandir(folder) as entries:
            for item in itertools.islice(entries, NAMES_LIMIT):
                if item.name.endswith(".gguf") and not item.name.startswith("."):
                    yield Path(item.path)
    except OSError:
        return


def _status(path: Path) -> os.stat_result | None:
    """Of a regular file; None when there is none, or the system does not say."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status if stat.S_ISREG(status.st_mode) else None
