"""What the list of models and the facts of one say in each state, at any width, of any header."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest
from doubles.console_double import RECORDINGS

from console.control.models import ModelState, ModelView
from console.control.recording import read
from console.control.state import EngineView
from console.control.wire import Snapshot
from console.tui.rows import Row
from console.tui.store import View
from console.tui.views.frame import Frame
from console.tui.views.model_detail import detail
from console.tui.views.models import listing, parameters, size, state_word

OWN = ModelView(
    "/data/mine.gguf", "mine", "unverified", 675_710_816, quantisation="Q8_0", parameters=494_032_768,
    context=32768, path="/data/mine.gguf", fits=True, fit_sentence="0.9 GB of 21 GB free memory", exact=True,
    tensor_types=("F32", "Q8_0"),
)  # fmt: skip
SERVED = ModelView(
    "starter", "Starter", "verified", 98_362_432, "ab" * 32, "Q4_1", 134_515_008, 8192, "Apache-2.0",
    "/models/starter.gguf", True, True, True, "0.4 GB of 21 GB free memory", True,
)  # fmt: skip
READY = EngineView(state="ready", model="Starter")
change = msgspec.structs.replace


def words(rows: Sequence[Row]) -> str:
    return "\n".join("".join(span.text for span in row) for row in rows)


def view_of(*models: ModelView) -> View:
    message = next(r.message for r in read(RECORDINGS / "earning.jsonl") if isinstance(r.message, Snapshot))
    state = change(message.state, models=change(message.state.models, models=models))
    return View(state, message.at_ms, "attached")


@pytest.mark.parametrize(
    ("model", "engine", "word"),
    [
        (SERVED, READY, "serving"),
        (SERVED, change(READY, state="loading"), "starting"),
        (SERVED, change(READY, state="waiting"), "engine down"),
        (SERVED, change(READY, state="failed"), "engine down"),
        (change(SERVED, state="checking"), READY, "checking"),
        (change(SERVED, state="wrong"), READY, "wrong file"),
        (change(SERVED, serving=False), READY, "next start"),
        (change(SERVED, serving=False, chosen=False), READY, "verified"),
        (change(SERVED, serving=False, state="absent"), READY, "not here"),
        (change(SERVED, serving=False, chosen=False, state="unverified"), READY, "not checked"),
        (change(SERVED, serving=False, state="partial"), READY, "in part"),
        (OWN, READY, "own file"),
        (change(OWN, sha256="cd" * 32), READY, "hashed"),
    ],
)
def test_the_one_word_for_a_model(model: ModelView, engine: EngineView, word: str) -> None:
    assert state_word(model, engine)[1] == word


def test_every_state_has_a_glyph_a_word_and_a_line_in_the_list() -> None:
    for state in ModelState.__args__:  # type: ignore[attr-defined]
        model = change(OWN, name="catalogue", state=state, done_bytes=1000)
        for width in (60, 80, 118, 198):
            rows = listing([model], view_of(model), Frame(width, 5, cursor=0))
            assert state_word(model, READY)[1][:5] in words(rows), (state, width)


def test_sizes_and_parameters_are_round() -> None:
    assert [size(n) for n in (0, 5, 98_362_432, 4_920_000_000, 40 << 30)] == [
        "—", "1 MB", "93 MB", "4.6 GB", "40 GB",
    ]  # fmt: skip
    assert [parameters(n) for n in (0, 384, 134_515_008, 8_030_000_000, 70_600_000_000)] == [
        "—", "384", "135 M", "8.0 B", "71 B",
    ]  # fmt: skip


def test_the_detail_says_what_exact_means_and_what_inexact_costs() -> None:
    exact = words(detail(OWN, view_of(OWN), 100))
    assert "✓ exact: all its tensor types (F32, Q8_0)" in exact
    inexact = words(detail(change(OWN, exact=False, tensor_types=("BF16",)), view_of(OWN), 100))
    assert "! inexact: not all its tensor types (BF16)" in inexact and "lists this node no more" in inexact
    unknown = words(detail(change(OWN, exact=None), view_of(OWN), 100))
    assert "? unknown: its header has not been read" in unknown


def test_the_detail_says_why_something_does_not_fit_or_is_wrong() -> None:
    big = change(OWN, fits=False, fit_sentence="5.6 GB of 3.1 GB free memory")
    assert "✗ too big: 5.6 GB of 3.1 GB free memory" in words(detail(big, view_of(big), 80))
    wrong = change(SERVED, serving=False, state="wrong", sentence="The file is not the model.")
    assert "✗ wrong file\n" in words(detail(wrong, view_of(wrong), 80)).replace(" \n", "\n")
    assert "The file is not the model." in words(detail(wrong, view_of(wrong), 80))


def test_a_hash_is_whole_at_any_width() -> None:
    for width in (40, 58, 78, 118):
        told = words(detail(SERVED, view_of(SERVED), width)).replace("\n", "").replace(" ", "")
        assert SERVED.sha256 in told


def test_a_hostile_header_changes_nothing_but_its_own_cell() -> None:
    nasty = "\x1b[2J[bold]\u202eevil\x00" + "x" * 1_000_000
    model = change(OWN, title=nasty, quantisation=nasty, path="/" + nasty, sentence=nasty, fit_sentence=nasty)
    calm = listing([OWN, SERVED], view_of(), Frame(80, 6, cursor=1))
    rows = listing([model, SERVED], view_of(), Frame(80, 6, cursor=1))
    assert rows[0] == calm[0] and rows[1] == calm[1] and rows[3] == calm[3]
    for text in (words(rows), words(detail(model, view_of(model), 80))):
        assert not any(c in text for c in "\x1b\u202e\x00")
    assert len(detail(model, view_of(model), 80)) < 40
