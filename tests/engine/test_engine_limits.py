"""What the engine refuses, and in which words; merging of events; self-test; prompts."""

from __future__ import annotations

import pytest
from doubles.decoder_double import VOCABULARY, ToyDecoder
from hypothesis import given
from hypothesis import strategies as st

from console.engine.port import Broken, ChatMessage, EngineError, GenerateRequest, ScoreRequest, Tokens
from console.engine.process.decoding import Row
from console.engine.process.limits import check_generate, check_score
from console.engine.process.selftest import self_test
from console.engine.process.stream import merge

GOOD = {
    "id": "x",
    "prompt_ids": (1, 2, 3),
    "seed": "0f" * 32,
    "temperature_milli": 700,
    "max_tokens": 10,
}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"id": ""}, "bad_request"),
        ({"id": "x" * 129}, "bad_request"),
        ({"prompt_ids": ()}, "bad_request"),
        ({"prompt_ids": (1, 100)}, "bad_request"),
        ({"prompt_ids": (-1,)}, "bad_request"),
        ({"seed": "0F" * 32}, "bad_request"),
        ({"seed": "0f" * 31}, "bad_request"),
        ({"temperature_milli": -1}, "bad_request"),
        ({"temperature_milli": 10_001}, "bad_request"),
        ({"max_tokens": 0}, "bad_request"),
        ({"stop": ("",)}, "bad_request"),
        ({"stop": ("a",) * 17}, "bad_request"),
        ({"max_tokens": 62}, "context_exceeded"),
        ({"prompt_ids": (1,) * 64}, "context_exceeded"),
    ],
)
def test_a_request_out_of_bounds_is_refused_with_a_sentence(change: dict[str, object], code: str) -> None:
    request = GenerateRequest(**(GOOD | change))  # type: ignore[arg-type]
    with pytest.raises(EngineError) as refused:
        check_generate(request, context=64, vocabulary=100)
    assert refused.value.code == code
    assert refused.value.sentence.endswith(".")


def test_a_request_that_just_fits_is_taken() -> None:
    check_generate(GenerateRequest(**(GOOD | {"max_tokens": 61})), 64, 100)  # type: ignore[arg-type]
    check_score(ScoreRequest("x", (1,) * 32, (2,) * 32), 64, 100)


def test_a_score_beyond_the_context_is_refused() -> None:
    with pytest.raises(EngineError) as refused:
        check_score(ScoreRequest("x", (1,) * 32, (2,) * 33), 64, 100)
    assert refused.value.code == "context_exceeded"
    with pytest.raises(EngineError):
        check_score(ScoreRequest("x", (1,), ()), 64, 100)


@given(st.lists(st.integers(0, 99), max_size=40), st.booleans())
def test_merged_events_say_the_same_in_fewer_lines(ids: list[int], broken: bool) -> None:
    events = [Tokens(i, (token,), chr(65 + token % 26)) for i, token in enumerate(ids)]
    last = [Broken("cancelled", "Gone.")] if broken else []
    merged = merge([*events, *last])
    tokens = [e for e in merged if isinstance(e, Tokens)]
    assert len(tokens) == (1 if ids else 0)
    assert [t for e in tokens for t in e.token_ids] == ids
    assert "".join(e.text for e in tokens) == "".join(e.text for e in events)
    assert merged[len(tokens) :] == last


class _BatchMinded(ToyDecoder):
    """A decoder whose logits depend on the batch's size beyond a border, as some attention paths do."""

    border = 0

    def decode(self, rows: list[Row]) -> None:  # type: ignore[override]
        super().decode(rows)
        if rows[-1].position >= self.border and len(rows) > 1:
            for row in self._rows.values():
                row += row * 0.01


@pytest.mark.parametrize("border", [0, 256])
def test_the_self_test_sees_logits_that_depend_on_the_batch(border: int) -> None:
    decoder = _BatchMinded()
    decoder.border = border
    assert not self_test(decoder, VOCABULARY, frozenset({0}), 2048)
    assert decoder.holds(0) == 0


@pytest.mark.parametrize("context", [64, 256, 2048])
def test_the_self_test_passes_an_exact_decoder_within_its_context(context: int) -> None:
    assert self_test(ToyDecoder(context), VOCABULARY, frozenset({0}), context)


def test_hostile_and_demanding_templates_are_refused_in_words() -> None:
    pytest.importorskip("jinja2")
    from console.engine.process.prompts import render

    messages = (ChatMessage("user", "{{ 7*7 }}"),)
    plain = "{% for m in messages %}<{{ m.role }}>{{ m['content'] }}{% endfor %}{{ eos_token }}"
    assert render(plain, messages, "B", "E") == "<user>{{ 7*7 }}E"
    hostile = (
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ messages.append(1) }}",
        "{{ raise_exception('no') }}",
        "{% for x in",
        "{{ 1 // 0 }}",
        "{{ messages[7].content.x }}",
        "{% for x in range(10**9) %}a{% endfor %}",
        "{{ include_me() }}",
    )
    for source in hostile:
        with pytest.raises(EngineError) as refused:
            render(source, messages, "", "")
        assert refused.value.code == "bad_request"
