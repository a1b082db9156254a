"""What a node could serve, told from the disk: the catalogue, the operator's own files, and hostile ones."""

from __future__ import annotations

import os
import random
from pathlib import Path

import msgspec
import pytest
from local_index import MODEL, make_entry, make_wheel
from synthetic_gguf import METADATA, TENSORS, U32, gguf

from console.models import CatalogueEntry, sha256_file, verify_file
from console.models.catalogue import HttpSource
from console.models.inventory import FILES_LIMIT, Inventory, is_path, settled


@pytest.fixture
def entry(tmp_path: Path) -> CatalogueEntry:
    return make_entry(make_wheel(tmp_path / "index"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


def states(inventory: Inventory, choice: str = "") -> dict[str, str]:
    return {Path(stock.name).name: stock.state for stock in inventory.take(choice)}


def test_a_model_of_the_catalogue_through_its_life(entry: CatalogueEntry, folder: Path) -> None:
    inventory = Inventory(folder, (entry,))
    path = folder / entry.file_name
    assert states(inventory) == {"tiny": "absent"}
    path.write_bytes(MODEL)
    assert states(inventory) == {"tiny": "unverified"}
    verify_file(entry, folder)
    assert states(inventory) == {"tiny": "verified"}
    path.write_bytes(MODEL + b"x")
    [stock] = inventory.take()
    assert stock.state == "wrong" and f"{len(MODEL) + 1:,} bytes" in stock.sentence


def test_a_hash_that_was_found_wrong_is_remembered_until_the_file_changes(
    entry: CatalogueEntry, folder: Path
) -> None:
    inventory = Inventory(folder, (entry,))
    path = folder / entry.file_name
    path.write_bytes(MODEL[::-1])
    inventory.remember(path, sha256_file(path))
    [stock] = inventory.take()
    assert stock.state == "wrong" and "SHA-256" in stock.sentence
    path.write_bytes(MODEL)
    os.utime(path, ns=(1, 1))
    assert states(inventory) == {"tiny": "unverified"}


def test_what_an_interrupted_fetch_left_counts_only_where_it_goes_on(
    entry: CatalogueEntry, folder: Path
) -> None:
    part = folder / ".partial" / entry.name / (entry.file_name + ".part")
    part.parent.mkdir(parents=True)
    part.write_bytes(MODEL[:1000])
    assert states(Inventory(folder, (entry,))) == {"tiny": "absent"}
    by_range = msgspec.structs.replace(entry, source=HttpSource("http://127.0.0.1/x"))
    [stock] = Inventory(folder, (by_range,)).take()
    assert (stock.state, stock.done_bytes) == ("partial", 1000)


def test_own_files_of_the_folder_and_the_one_that_is_configured(folder: Path, tmp_path: Path) -> None:
    (folder / "b.gguf").write_bytes(gguf())
    (folder / "notes.txt").write_text("x")
    (folder / "c.gguf").mkdir()
    elsewhere = tmp_path / "a.gguf"
    elsewhere.write_bytes(gguf((*METADATA, ("general.file_type", U32, 7))))
    inventory = Inventory(folder, ())
    first, second = inventory.take(str(elsewhere))
    assert (first.name, first.title, first.state) == (str(elsewhere), "a", "unverified")
    assert first.info is not None and first.info.file_type == 7 and first.sha256 == ""
    assert second.name == str(folder / "b.gguf")
    inventory.remember(elsewhere, "ab" * 32)
    assert inventory.take(str(elsewhere))[0].sha256 == "ab" * 32
    assert [stock.title for stock in inventory.take(str(folder / "b.gguf"))] == ["b"]


def test_a_configured_file_that_is_missing_says_so(folder: Path) -> None:
    [stock] = Inventory(folder, ()).take("/nowhere/x.gguf")
    assert (stock.state, stock.sentence) == ("absent", "There is no such file.")


def test_hostile_files_are_named_as_wrong_and_harm_nobody(folder: Path) -> None:
    (folder / "text.gguf").write_text("not a model")
    (folder / "cut.gguf").write_bytes(gguf()[:-100])
    (folder / "long.gguf").write_bytes(b"GGUF" + bytes.fromhex("03000000" + "ff" * 16))
    noise = random.Random(7).randbytes(5000)
    (folder / "noise.gguf").write_bytes(b"GGUF\x03\0\0\0" + noise)
    os.mkfifo(folder / "pipe.gguf")
    (folder / "loop.gguf").symlink_to("loop.gguf")
    found = {Path(stock.name).name: stock for stock in Inventory(folder, ()).take()}
    assert {name for name, stock in found.items() if stock.state == "wrong"} == {
        "text.gguf", "cut.gguf", "long.gguf", "noise.gguf",
    }  # fmt: skip
    assert all(stock.sentence and stock.info is None for stock in found.values())


def test_a_name_with_control_characters_has_a_title_without(folder: Path) -> None:
    (folder / "a\x1b[31m\nb.gguf").write_bytes(gguf())
    [stock] = Inventory(folder, ()).take()
    assert stock.title == "a[31m b"


def test_a_folder_full_of_files_is_listed_in_part(folder: Path) -> None:
    for number in range(FILES_LIMIT + 10):
        (folder / f"{number}.gguf").write_bytes(b"")
    assert len(Inventory(folder, ()).take()) == FILES_LIMIT


def test_a_folder_that_is_missing_is_empty(folder: Path) -> None:
    assert Inventory(folder / "none", ()).take() == []


def test_a_header_is_read_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "a.gguf").write_bytes(gguf(tensors=TENSORS))
    inventory = Inventory(folder, ())
    before = inventory.take()
    monkeypatch.setattr("console.models.inventory.read_gguf", lambda path: pytest.fail("read again"))
    assert inventory.take() == before


def test_a_relative_path_belongs_to_the_folder_that_it_was_written_in() -> None:
    base = Path("/etc/quarterdeck")
    assert settled("weights/a.gguf", base) == "/etc/quarterdeck/weights/a.gguf"
    assert settled("a.gguf", base) == "/etc/quarterdeck/a.gguf"
    assert settled("/srv/a.gguf", base) == "/srv/a.gguf"
    assert settled("~/a.gguf", base) == str(Path("~/a.gguf").expanduser())
    assert settled("smollm2-135m-instruct-q4_1", base) == "smollm2-135m-instruct-q4_1"
    assert is_path("a.gguf") and not is_path("smollm2-135m-instruct-q4_1")
