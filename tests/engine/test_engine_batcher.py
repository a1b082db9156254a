"""Batcher and scorer on a toy decoder: order, chunks, ends, cancels; a score equals its generation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import pytest
from doubles.decoder_double import END, PIECES, ToyDecoder
from hypothesis import given, settings
from hypothesis import strategies as st

from console.engine.port import (
    Broken,
    Generated,
    GenerateRequest,
    Scored,
    ScoreRequest,
    Tokens,
    Vocabulary,
)
from console.engine.process.batcher import CHUNK_ROWS, Batcher
from console.engine.process.gauges import Gauges
from console.engine.process.scorer import Scorer
from console.engine.process.sequence import Event
from console.verification.judge import Claim, check_replay, check_structure
from console.verification.pieces import ending_of

VOCABULARY = Vocabulary(PIECES, (END,))


@dataclass
class Ticking:
    """A clock that moves 10 ms at every look."""

    now_s: float = 0.0

    def __call__(self) -> float:
        self.now_s += 0.01
        return self.now_s


@dataclass
class Desk:
    """A batcher, its decoder, and what its sinks were told."""

    decoder: ToyDecoder = field(default_factory=ToyDecoder)
    slots: int = 1
    events: dict[str, list[Event]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.gauges = Gauges(self.slots)
        self.batcher = Batcher(self.decoder, VOCABULARY, self.gauges, Ticking(), self.slots)

    def submit(self, request: GenerateRequest) -> None:
        self.batcher.submit(request, self.events.setdefault(request.id, []).append)

    def run(self) -> None:
        while self.batcher.step():
            pass

    def answer(self, request_id: str) -> Generated:
        last = self.events[request_id][-1]
        assert isinstance(last, Generated)
        return last


def ask(name: str = "a", prompt: int = 5, max_tokens: int = 12, **more: object) -> GenerateRequest:
    ids = tuple(1 + (i * 7 + len(name)) % 90 for i in range(prompt))
    fields = {"seed": name.encode().hex().ljust(64, "0"), "temperature_milli": 900} | more
    return GenerateRequest(id=name, prompt_ids=ids, max_tokens=max_tokens, **fields)  # type: ignore[arg-type]


def score(request: GenerateRequest, answer: Generated, decoder: ToyDecoder) -> Scored | Broken:
    told: list[Scored | Broken] = []
    scorer = Scorer(lambda: decoder, Gauges(1), Ticking())
    scorer.submit(ScoreRequest("s", request.prompt_ids, answer.token_ids), told.append)
    while scorer.step():
        pass
    (result,) = told
    return result


@settings(max_examples=40, deadline=None)
@given(
    prompt=st.integers(1, 700),
    max_tokens=st.integers(1, 150),
    temperature=st.sampled_from([0, 300, 1000, 1700]),
    rows_limit=st.sampled_from([64, 256, 512]),
    logits_limit=st.sampled_from([1, 7, 64]),
)
def test_a_score_in_any_chunks_equals_the_generation(
    prompt: int, max_tokens: int, temperature: int, rows_limit: int, logits_limit: int
) -> None:
    desk, request = Desk(), ask("p", prompt, max_tokens, temperature_milli=temperature)
    desk.submit(request)
    desk.run()
    answer = desk.answer("p")
    reference = score(request, answer, ToyDecoder(rows_limit=rows_limit, logits_limit=logits_limit))
    assert isinstance(reference, Scored)
    assert reference.blob == answer.blob
    claim = Claim(
        answer.token_ids,
        answer.finish_reason,
        answer.commitment,
        answer.blob,
        bytes.fromhex(request.seed),
        temperature,
        max_tokens,
    )
    assert check_replay(claim).passed
    assert check_structure(claim, ending_of(answer.token_ids, list(PIECES), frozenset({END}), ())).passed


@settings(max_examples=25, deadline=None)
@given(prompts=st.lists(st.integers(1, 600), min_size=2, max_size=7), slots=st.integers(2, 4))
def test_several_slots_give_every_request_the_answer_that_one_slot_gives(
    prompts: list[int], slots: int
) -> None:
    together, alone = Desk(slots=slots), Desk()
    for number, prompt in enumerate(prompts):
        for desk in (together, alone):
            desk.submit(ask(f"r{number}", prompt, 8))
    together.run()
    alone.run()
    for number in range(len(prompts)):
        shared, lone = together.answer(f"r{number}"), alone.answer(f"r{number}")
        assert (shared.token_ids, shared.blob) == (lone.token_ids, lone.blob)
    assert together.gauges.slots_busy == together.gauges.queued == 0


def test_a_prompt_is_computed_in_chunks_and_only_its_last_row_wants_logits() -> None:
    desk = Desk()
    desk.submit(ask(prompt=2 * CHUNK_ROWS + 10, max_tokens=1))
    desk.run()
    assert [len(call) for call in desk.decoder.calls] == [CHUNK_ROWS, CHUNK_ROWS, 10]
    wanting = [row.position for call in desk.decoder.calls for row in call if row.wants_logits]
    assert wanting == [2 * CHUNK_ROWS + 9]


def test_the_end_token_is_part_of_the_answer() -> None:
    desk = Desk()
    desk.decoder.end_bias = 50.0
    desk.submit(ask())
    desk.run()
    answer = desk.answer("a")
    assert answer.token_ids == (END,)
    assert answer.finish_reason == "stop"


def test_a_stop_string_ends_the_answer_at_the_token_that_completes_it() -> None:
    free, desk = Desk(), Desk()
    free.submit(ask(max_tokens=30))
    free.run()
    whole = "".join(e.text for e in free.events["a"] if isinstance(e, Tokens))
    stop = whole[9:12]
    desk.submit(ask(max_tokens=30, stop=(stop,)))
    desk.run()
    answer = desk.answer("a")
    text = "".join(e.text for e in desk.events["a"] if isinstance(e, Tokens))
    assert answer.finish_reason == "stop"
    assert text == whole[: whole.index(stop) + len(stop)]
    assert ending_of(answer.token_ids, list(PIECES), frozenset({END}), (stop,)).completes_stop


def test_cancel_reaches_a_waiting_and_a_running_request_and_frees_the_slot() -> None:
    desk = Desk()
    for name in ("a", "b", "c"):
        desk.submit(ask(name, max_tokens=500))
    for _ in range(4):
        desk.batcher.step()
    assert (desk.gauges.slots_busy, desk.gauges.queued) == (1, 2)
    assert desk.batcher.cancel("b")
    assert desk.batcher.cancel("a")
    assert not desk.batcher.cancel("a")
    assert (desk.gauges.slots_busy, desk.gauges.queued) == (0, 1)
    desk.run()
    assert isinstance(desk.events["a"][-1], Broken)
    assert [type(e) for e in desk.events["b"]] == [Broken]
    assert len(desk.answer("c").token_ids) == 500
    assert desk.gauges.outcomes == {"cancelled": 2, "generated": 1}


def _break(desk: Desk) -> None:
    desk.decoder.broken = True


def _spoil(desk: Desk) -> None:
    desk.decoder.nan = True


@pytest.mark.parametrize("harm", [_break, _spoil])
def test_a_failed_decode_breaks_the_stream_and_the_next_request_works(harm: Callable[[Desk], None]) -> None:
    desk = Desk()
    desk.submit(ask())
    desk.batcher.step()
    harm(desk)
    desk.run()
    last = desk.events["a"][-1]
    assert isinstance(last, Broken)
    assert last.code == "decode_failed"
    desk.decoder.broken = desk.decoder.nan = False
    desk.submit(ask("b"))
    desk.run()
    assert len(desk.answer("b").token_ids) == 12


def test_gauges_count_what_was_done() -> None:
    desk = Desk()
    desk.submit(ask(prompt=300, max_tokens=20))
    desk.run()
    assert desk.gauges.generated_tokens == 20
    assert desk.gauges.prompt_tokens == 300
    assert desk.gauges.tokens_per_s_milli > 0
    assert desk.gauges.first_token_ms > 0
    assert desk.gauges.idle_ms(10_000.0) == 0


def test_idle_time_grows_only_while_there_is_work() -> None:
    gauges = Gauges(1)
    assert gauges.idle_ms(50.0) == 0
    gauges.occupied(1, 0, 100.0)
    gauges.step_started(100.0)
    assert gauges.idle_ms(130.0) == 30_000
    gauges.step_ended(131.0, prompt_rows=5, tokens=0)
    assert gauges.idle_ms(131.5) == 500
    gauges.occupied(0, 0, 132.0)
    assert gauges.idle_ms(500.0) == 0


def test_the_rate_forgets_what_is_older_than_ten_seconds_of_generation() -> None:
    gauges = Gauges(1)
    now_s = 0.0
    for duration_s in [1.0] * 30 + [0.1] * 100:
        gauges.step_started(now_s)
        now_s += duration_s
        gauges.step_ended(now_s, prompt_rows=0, tokens=1)
    assert 9_500 <= gauges.tokens_per_s_milli <= 10_500


def test_a_score_can_be_cancelled_and_the_next_one_is_right() -> None:
    desk, request = Desk(), ask(prompt=600, max_tokens=40)
    desk.submit(request)
    desk.run()
    told: list[Scored | Broken] = []
    scorer = Scorer(ToyDecoder, Gauges(1), Ticking())
    for name in ("one", "two", "three"):
        scorer.submit(ScoreRequest(name, request.prompt_ids, desk.answer("a").token_ids), told.append)
    scorer.step()
    assert scorer.cancel("one")
    assert scorer.cancel("three")
    assert not scorer.cancel("one")
    while scorer.step():
        pass
    assert [type(t) for t in told] == [Broken, Broken, Scored]
    last = told[-1]
    assert isinstance(last, Scored)
    assert last.blob == desk.answer("a").blob


def test_a_long_prompt_does_not_stop_those_who_decode() -> None:
    desk = Desk(slots=2)
    desk.submit(ask("a", 5, 40))
    desk.batcher.step()
    desk.submit(ask("b", 2000, 4))
    for tokens in range(2, 9):
        desk.batcher.step()
        assert len(desk.events["a"]) == tokens
    assert not desk.events["b"]
    desk.run()
    assert len(desk.answer("b").token_ids) == 4


def test_rows_rise_by_slot_so_that_they_share_a_product() -> None:
    desk = Desk(slots=4)
    for number in range(6):
        desk.submit(ask(f"r{number}", 3 + number * 40, 5 + number))
    desk.run()
    for call in desk.decoder.calls:
        slots = [row.sequence for row in call]
        assert slots == sorted(slots)


def test_a_deadline_ends_waiting_and_running_requests() -> None:
    desk = Desk()
    desk.submit(ask("a", max_tokens=500, deadline_ms=2000))
    desk.submit(ask("b", deadline_ms=1500))
    desk.submit(ask("c", max_tokens=5))
    desk.run()
    for name in ("a", "b"):
        last = desk.events[name][-1]
        assert isinstance(last, Broken)
        assert last.code == "deadline"
    assert len(desk.events["b"]) == 1
    assert len(desk.events["a"]) > 10
    assert len(desk.answer("c").token_ids) == 5
    assert desk.gauges.outcomes == {"deadline": 2, "generated": 1}


@pytest.mark.parametrize("forgets_all", [False, True])
def test_an_equal_prompt_is_taken_over_and_answered_alike(forgets_all: bool) -> None:
    desk, lone = Desk(slots=2), Desk()
    desk.decoder.forgets_all = forgets_all
    for name in ("a", "b"):
        desk.submit(ask(name, 300, 10, seed="7" * 64))
        desk.run()
        lone.submit(ask(name, 300, 10, seed="7" * 64))
        lone.run()
        assert desk.answer(name).blob == lone.answer(name).blob
    assert (desk.gauges.reused_prompts, desk.gauges.reused_tokens) == ((0, 0) if forgets_all else (1, 299))
    assert desk.gauges.prompt_tokens == (600 if forgets_all else 301)


def test_a_prompt_is_copied_from_one_that_still_runs() -> None:
    desk = Desk(slots=2)
    desk.submit(ask("a", 300, 200))
    for _ in range(5):
        desk.batcher.step()
    desk.submit(ask("b", 300, 10))
    desk.run()
    assert desk.decoder.copies == [(0, 1)]
    lone = Desk()
    lone.submit(ask("b", 300, 10))
    lone.run()
    assert desk.answer("b").blob == lone.answer("b").blob


def test_gauges_show_every_slot_while_it_runs() -> None:
    desk = Desk(slots=2)
    desk.submit(ask("a", 5, 40))
    desk.submit(ask("b", 700, 4, source="local"))
    desk.batcher.step()
    one, two = desk.gauges.sequences
    assert (one.slot, one.source, one.prefilled, one.tokens, one.max_tokens) == (0, "network", 5, 1, 40)
    assert (two.slot, two.source, two.prompt_tokens, two.prefilled, two.tokens) == (1, "local", 700, 251, 0)
    desk.run()
    assert desk.gauges.sequences == ()
    assert desk.gauges.prefill_per_s_milli > 0


def windows(request: GenerateRequest, answer: Generated, *wanted: tuple[int, int]) -> bytes:
    told: list[Scored | Broken] = []
    scorer = Scorer(ToyDecoder, Gauges(1), Ticking())
    scorer.submit(ScoreRequest("s", request.prompt_ids, answer.token_ids, wanted), told.append)
    while scorer.step():
        pass
    (result,) = told
    assert isinstance(result, Scored)
    return result.blob


def test_windows_are_the_parts_of_the_whole_score_and_nothing_behind_them_is_computed() -> None:
    desk, request = Desk(), ask("w", 300, 150)
    desk.submit(request)
    desk.run()
    blob = desk.answer("w").blob
    parts = [(0, 16), (40, 5), (149, 1)]
    assert windows(request, desk.answer("w"), *parts) == b"".join(
        blob[320 * start : 320 * (start + length)] for start, length in parts
    )
    decoder = ToyDecoder()
    scorer = Scorer(lambda: decoder, Gauges(1), Ticking())
    scorer.submit(
        ScoreRequest("s", request.prompt_ids, desk.answer("w").token_ids, ((3, 4),)), lambda _: None
    )
    while scorer.step():
        pass
    assert decoder.holds(0) == 299 + 7


@settings(max_examples=20, deadline=None)
@given(
    lengths=st.lists(st.tuples(st.integers(1, 400), st.integers(1, 90)), min_size=2, max_size=6),
    logits_limit=st.sampled_from([1, 7, 64]),
    lanes=st.integers(1, 3),
)
def test_scores_that_share_a_batch_and_beginnings_are_the_lone_ones(
    lengths: list[tuple[int, int]], logits_limit: int, lanes: int
) -> None:
    desk = Desk()
    requests = [ask("x", prompt, tokens, seed=f"{n:064x}") for n, (prompt, tokens) in enumerate(lengths)]
    answers: list[Generated] = []
    for request in requests:
        desk.submit(request)
        desk.run()
        answers.append(desk.answer("x"))
    told: dict[int, Scored | Broken] = {}
    scorer = Scorer(lambda: ToyDecoder(logits_limit=logits_limit), Gauges(1), Ticking(), lanes)
    for n, (request, answer) in enumerate(zip(requests, answers, strict=True)):
        scorer.submit(
            ScoreRequest(f"s{n}", request.prompt_ids, answer.token_ids), partial(told.__setitem__, n)
        )
    while scorer.step():
        pass
    for n, answer in enumerate(answers):
        result = told[n]
        assert isinstance(result, Scored)
        assert result.blob == answer.blob
