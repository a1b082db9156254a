"""The launch plan: never more than memory holds, more room never plans less, a reason for every number."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from console.engine.plan import STEPS_MOST, Card, Learned, Machine, Plan, Weights, Wishes, make_plan
from console.engine.plan.memory import Shape, need, room
from console.engine.plan.steps import CONTEXT_LEAST, steps

GIB = 2**30
SMOL = Weights(
    size_bytes=98 * 2**20,
    layers=30,
    cache_bytes_per_token=30 * 3 * (64 * 2 + 64 * 2),
    embedding=576,
    feed_forward=1536,
    vocabulary=49_152,
    trained_context=8192,
)
LAPTOP = Machine(logical_cores=8, physical_cores=4, usable_cores=8.0, busy_cores=0.2, ram_free_bytes=6 * GIB)

sizes = st.integers(0, 64 * GIB)
weights = st.builds(
    Weights,
    size_bytes=st.integers(1 << 20, 40 * GIB),
    layers=st.integers(1, 100),
    cache_bytes_per_token=st.integers(0, 1 << 20),
    embedding=st.integers(64, 16_384),
    feed_forward=st.integers(64, 65_536),
    vocabulary=st.integers(256, 300_000),
    trained_context=st.sampled_from([0, 512, 2048, 8192, 131_072]),
)
card = st.builds(Card, st.just("card"), st.one_of(st.none(), sizes), st.booleans())
cards = st.lists(card, max_size=3).map(tuple)
machines = st.builds(
    Machine,
    logical_cores=st.integers(1, 256),
    physical_cores=st.one_of(st.none(), st.integers(1, 128)),
    usable_cores=st.one_of(st.none(), st.floats(0.1, 256)),
    busy_cores=st.one_of(st.none(), st.floats(0, 300)),
    ram_free_bytes=st.one_of(st.none(), sizes),
    cards=cards,
    offload=st.booleans(),
)
wishes = st.builds(
    Wishes,
    context=st.integers(128, 200_000),
    threads=st.integers(0, 512),
    gpu_layers=st.integers(-1, 200),
    slots=st.integers(0, 64),
)
learned = st.builds(
    Learned,
    steps=st.integers(0, STEPS_MOST),
    one_thread=st.sampled_from(["", "two waited for each other"]),
    slots=st.integers(0, 8),
    slots_because=st.just("more did not help"),
)


def plan(machine: Machine = LAPTOP, wish: Wishes | None = None, known: Learned | None = None) -> Plan:
    return make_plan(machine, SMOL, wish or Wishes(), known or Learned())


def why(found: Plan, subject: str) -> str:
    return next(reason.sentence for reason in found.reasons if reason.subject == subject)


@given(machines, weights, wishes, learned)
def test_never_more_than_memory_and_every_number_has_its_reason(
    machine: Machine, model: Weights, wish: Wishes, known: Learned
) -> None:
    found = make_plan(machine, model, wish, known)
    needed, within = need(model, Shape(found.context, found.slots, found.gpu_layers)), room(machine)
    assert (needed.ram, needed.vram) == (found.ram_bytes, found.vram_bytes)
    if found.fits:
        assert within.ram is None or needed.ram <= within.ram
        assert within.vram is None or needed.vram <= within.vram
        assert not within.shared or within.ram is None or needed.ram + needed.vram <= within.ram
    else:  # then there is nothing smaller that a plan could say
        assert found.slots == 1
        assert found.context < 2 * CONTEXT_LEAST
    assert found.vram_bytes == 0 or within.vram is None or found.vram_bytes <= within.vram
    assert [reason.subject for reason in found.reasons] == ["layers", "context", "slots", "threads", "rows"]
    for reason in found.reasons:
        assert reason.sentence.endswith(".")
        assert "\n" not in reason.sentence
    assert 1 <= found.threads <= max(1, machine.logical_cores)
    assert 1 <= found.slots <= (wish.slots or 8)
    assert 0 <= found.gpu_layers <= model.layers + 1
    assert found.context <= min(wish.context, model.trained_context or wish.context)


@given(machines, weights, wishes, st.integers(0, 32 * GIB))
def test_more_memory_never_plans_less(machine: Machine, model: Weights, wish: Wishes, more: int) -> None:
    if machine.ram_free_bytes is None:
        return
    larger = msgspec.structs.replace(machine, ram_free_bytes=machine.ram_free_bytes + more)
    one, two = (make_plan(m, model, wish, Learned()) for m in (machine, larger))
    assert two.context >= one.context
    assert two.slots >= one.slots
    shared = any(card.shared for card in machine.cards)
    assert two.gpu_layers >= one.gpu_layers if shared else two.gpu_layers == one.gpu_layers
    assert two.fits >= one.fits


@given(machines, weights, wishes, st.integers(0, 32 * GIB))
def test_more_gpu_memory_never_holds_fewer_layers(
    machine: Machine, model: Weights, wish: Wishes, more: int
) -> None:
    larger = msgspec.structs.replace(
        machine,
        cards=tuple(
            msgspec.structs.replace(c, free_bytes=None if c.free_bytes is None else c.free_bytes + more)
            for c in machine.cards
        ),
    )
    one, two = (make_plan(m, model, wish, Learned()) for m in (machine, larger))
    assert two.gpu_layers >= one.gpu_layers


@given(machines, st.floats(0, 64), st.integers(0, 16))
def test_busier_or_tighter_machines_never_get_more_threads(
    machine: Machine, busier: float, wish: int
) -> None:
    busy = msgspec.structs.replace(machine, busy_cores=(machine.busy_cores or 0.0) + busier)
    tight = msgspec.structs.replace(machine, usable_cores=min(1.5, machine.usable_cores or 1.5))
    free = make_plan(machine, SMOL, Wishes(threads=wish), Learned()).threads
    assert make_plan(busy, SMOL, Wishes(threads=wish), Learned()).threads <= free
    assert make_plan(tight, SMOL, Wishes(threads=wish), Learned()).threads == 1


@given(st.builds(Shape, st.integers(128, 200_000), st.integers(1, 64), st.integers(0, 200)), weights)
def test_each_step_down_needs_less_and_there_are_few(shape: Shape, model: Weights) -> None:
    way = steps(shape)
    assert len(way) <= STEPS_MOST
    before = shape
    for step in way:
        smaller = (step.shape.context, step.shape.slots, step.shape.gpu_layers)
        larger = (before.context, before.slots, before.gpu_layers)
        assert smaller != larger
        assert all(a <= b for a, b in zip(smaller, larger, strict=True))
        assert step.words
        before = step.shape


def test_a_laptop_gets_its_physical_cores_and_the_networks_slots() -> None:
    found = plan()
    assert (found.threads, found.slots, found.context, found.gpu_layers) == (4, 8, 2048, 0)
    assert why(found, "threads") == "4 threads: 4 physical cores; more would share them."
    assert "no more at once, and each takes 45 MB" in why(found, "slots")
    assert why(found, "layers") == "The processor computes: no GPU was found."


def test_a_quota_below_the_cores_is_seen_also_when_more_threads_are_configured() -> None:
    tight = msgspec.structs.replace(LAPTOP, usable_cores=1.5)
    assert why(plan(tight), "threads") == "1 thread: 1 core may be used here, by quota or affinity."
    found = plan(tight, Wishes(threads=4))
    assert found.threads == 1
    assert "4 are configured, but only 1 core may be used" in why(found, "threads")


def test_busy_cores_are_left_to_those_who_have_them() -> None:
    found = plan(msgspec.structs.replace(LAPTOP, busy_cores=6.1))
    assert found.threads == 2
    assert "keep 6.1 of 8 cores busy" in why(found, "threads")
    assert plan(msgspec.structs.replace(LAPTOP, busy_cores=40.0)).threads == 1


def test_what_was_measured_counts_more_than_what_was_reckoned() -> None:
    known = Learned(one_thread="2 threads gave 9 tokens/s, one 81", slots=2, slots_because="as measured")
    found = plan(known=known)
    assert (found.threads, found.slots) == (1, 2)
    assert why(found, "threads") == "1 thread: 2 threads gave 9 tokens/s, one 81."
    asked = plan(wish=Wishes(threads=3, slots=6), known=known)
    assert (asked.threads, asked.slots) == (3, 6)


def test_little_memory_takes_slots_first_and_then_context() -> None:
    some = plan(msgspec.structs.replace(LAPTOP, ram_free_bytes=GIB * 6 // 10))
    assert some.context == 2048
    assert 1 < some.slots < 8
    assert "hold no more" in why(some, "slots")
    little = plan(msgspec.structs.replace(LAPTOP, ram_free_bytes=GIB * 36 // 100))
    assert (little.context, little.slots, little.fits) == (1024, 1, True)
    assert "do not fit" in why(little, "context")
    none = plan(msgspec.structs.replace(LAPTOP, ram_free_bytes=GIB // 10))
    assert (none.context, none.slots, none.fits) == (512, 1, False)


def test_layers_go_where_they_fit() -> None:
    card = Card("RTX 4090", 24 * GIB)
    gpu = msgspec.structs.replace(LAPTOP, cards=(card,), offload=True)
    assert plan(gpu).gpu_layers == 31
    assert "All 31 layers" in why(plan(gpu), "layers")
    small = msgspec.structs.replace(gpu, cards=(Card("GTX 1050", GIB + 200 * 2**20),))
    assert 0 < plan(small).gpu_layers < 31
    assert plan(gpu, Wishes(gpu_layers=0)).gpu_layers == 0
    unable = msgspec.structs.replace(gpu, offload=False)
    assert plan(unable).gpu_layers == 0
    assert "cannot use a GPU" in why(plan(unable), "layers")


def test_out_of_memory_goes_down_context_then_slots_then_layers_and_ends() -> None:
    gpu = msgspec.structs.replace(LAPTOP, cards=(Card("RTX 4090", 24 * GIB),), offload=True)
    seen = [plan(gpu, known=Learned(steps=n)) for n in range(STEPS_MOST + 1)]
    shapes = [(p.context, p.slots, p.gpu_layers) for p in seen]
    assert shapes == [
        (2048, 8, 31), (1024, 8, 31), (512, 8, 31), (512, 4, 31), (512, 2, 31), (512, 1, 31),
        (512, 1, 15), (512, 1, 7), (512, 1, 0),
    ]  # fmt: skip
    assert seen[0].next_step == "a context of 1,024 tokens instead of 2,048"
    assert [len(p.taken) for p in seen] == list(range(STEPS_MOST + 1))
    assert seen[-1].next_step == ""
    assert why(seen[1], "context") == "1,024 tokens: memory ran out with 2,048."
