"""The batcher as a state machine on a toy decoder: whatever comes and goes, its promises hold."""

from __future__ import annotations

from doubles.decoder_double import END, PIECES, ToyDecoder
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from console.engine.port import Generated, GenerateRequest, Source, Tokens, Vocabulary
from console.engine.process.batcher import CHUNK_ROWS, Batcher
from console.engine.process.gauges import Gauges
from console.engine.process.sequence import Event

SLOTS = 3
VOCABULARY = Vocabulary(PIECES, (END,))
BEGINNINGS = (tuple(range(1, 90)) * 8, tuple(range(90, 0, -1)) * 8, (5,) * 700)


class BatcherMachine(RuleBasedStateMachine):
    """Requests of few beginnings, so that they share them; every answer is compared with a lone one."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0
        self.decoder = ToyDecoder(rows_limit=300)
        self.gauges = Gauges(SLOTS)
        self.batcher = Batcher(self.decoder, VOCABULARY, self.gauges, lambda: self.now_s, SLOTS)
        self.asked: dict[str, GenerateRequest] = {}
        self.told: dict[str, list[Event]] = {}
        self.waited: dict[str, int] = {}
        self.cancelled: dict[str, int] = {}
        self.compared: set[str] = set()

    @rule(
        beginning=st.sampled_from(BEGINNINGS),
        length=st.integers(1, 700),
        max_tokens=st.integers(1, 30),
        temperature=st.sampled_from([0, 900]),
        source=st.sampled_from(["network", "local"]),
        deadline_ms=st.sampled_from([0, 0, 0, 5000]),
    )
    def submit(
        self,
        beginning: tuple[int, ...],
        length: int,
        max_tokens: int,
        temperature: int,
        source: Source,
        deadline_ms: int,
    ) -> None:
        name = f"r{len(self.asked)}"
        request = GenerateRequest(
            name,
            beginning[:length],
            f"{len(self.asked):064x}",
            temperature,
            max_tokens,
            source=source,
            deadline_ms=deadline_ms,
        )
        self.asked[name], self.told[name], self.waited[name] = request, [], 0
        self.batcher.submit(request, self.told[name].append)

    @precondition(lambda self: self.asked)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.asked)))
        was_over = self._over(name)
        assert self.batcher.cancel(name) is not was_over
        assert self._over(name)
        self.cancelled.setdefault(name, len(self.told[name]))

    @rule(steps=st.integers(1, 12), duration_s=st.sampled_from([0.0, 0.1, 2.0]))
    def step(self, steps: int, duration_s: float) -> None:
        for _ in range(steps):
            before = {name: len(events) for name, events in self.told.items()}
            waiting = self._without_token()
            self.batcher.step()
            self.now_s += duration_s
            self._nobody_starves(before, waiting)

    @precondition(lambda self: self.batcher.busy)
    @rule()
    def fail(self) -> None:
        self.decoder.broken = True
        self.batcher.step()
        self.decoder.broken = False

    @rule()
    def run_out(self) -> None:
        for _ in range(20_000):
            if not self.batcher.step():
                break
        assert not self.batcher.busy
        assert all(self._over(name) for name in self.asked)

    @invariant()
    def no_slot_leaks(self) -> None:
        gauges = self.gauges
        slots = [now.slot for now in gauges.sequences]
        assert slots == sorted(set(slots))
        assert len(slots) == gauges.slots_busy <= SLOTS
        assert gauges.slots_busy + gauges.queued == sum(not self._over(name) for name in self.asked)

    @invariant()
    def a_stream_ends_once_and_nothing_follows(self) -> None:
        for name, events in self.told.items():
            assert all(isinstance(event, Tokens) for event in events[:-1])
            starts = [event.start for event in events if isinstance(event, Tokens)]
            assert starts == list(range(len(starts)))
            if name in self.cancelled:
                assert len(events) == self.cancelled[name]

    @invariant()
    def an_answer_is_the_one_that_a_lone_request_gets(self) -> None:
        for name, events in self.told.items():
            if events and isinstance(events[-1], Generated) and name not in self.compared:
                lone = _alone(self.asked[name])
                assert (events[-1].token_ids, events[-1].blob) == (lone.token_ids, lone.blob)
                self.compared.add(name)

    def teardown(self) -> None:
        self.run_out()

    def _over(self, name: str) -> bool:
        return bool(self.told[name]) and not isinstance(self.told[name][-1], Tokens)

    def _without_token(self) -> set[str]:
        """Requests in a slot whose prompt is being computed: slots are given in the order of asking."""
        line = [name for name in self.asked if not self._over(name)]
        return {name for name in line[: self.gauges.slots_busy] if not self.told[name]}

    def _nobody_starves(self, before: dict[str, int], waiting: set[str]) -> None:
        """Who decodes gets a token in every step; a prompt in a slot is computed within bounded steps."""
        for name, count in before.items():
            if count and isinstance(self.told[name][count - 1], Tokens):
                assert len(self.told[name]) > count, "a sequence that decodes got no token in a step"
        for name in waiting:
            self.waited[name] += 1
            assert self.waited[name] <= SLOTS * (2 * 700 // CHUNK_ROWS + 2), "a prompt was starved"


def _alone(request: GenerateRequest) -> Generated:
    events: list[Event] = []
    batcher = Batcher(ToyDecoder(), VOCABULARY, Gauges(1), lambda: 0.0)
    batcher.submit(request, events.append)
    while batcher.step():
        pass
    last = events[-1]
    assert isinstance(last, Generated)
    return last


TestBatcherMachine = BatcherMachine.TestCase
TestBatcherMachine.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
