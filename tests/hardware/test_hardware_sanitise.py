"""Whatever a driver says, what is kept is printable, bounded and believable."""

import json
import math
import unicodedata

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from console.hardware import judge, judge_gpu, judge_runtime
from console.hardware.isolate import Answer
from console.hardware.probe import plain
from console.hardware.sanitise import DOUBT_LIMIT, Sieve, clean_text

CODEPOINTS = st.text(st.characters(codec=None), max_size=300)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | CODEPOINTS
    | st.sampled_from([2**64 - 1, -1, 0, 10**4000, math.nan, math.inf, "\x1b[2J", "\ud800"])
)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(CODEPOINTS, inner, max_size=4),
    max_leaves=12,
)
GPU_FIELDS = [
    "vendor", "index", "name", "source", "uuid", "bus_id", "vram_kind", "vram_total_bytes",
    "vram_used_bytes", "utilisation_percent", "temperature_c", "power_w", "power_limit_w", "clock_mhz",
    "memory_clock_mhz", "fan_percent", "fan_rpm", "throttle", "driver_version", "cuda_version",
    "processes", "lost",
]  # fmt: skip
GPU_ROWS = st.dictionaries(st.sampled_from(GPU_FIELDS), JSON)


@given(CODEPOINTS | st.binary(max_size=300), st.integers(1, 100))
def test_clean_text_is_one_short_printable_line(value: str | bytes, limit: int) -> None:
    cleaned = clean_text(value, limit)
    assert len(cleaned) <= limit
    assert not [c for c in cleaned if unicodedata.category(c).startswith("C")]
    assert cleaned == cleaned.strip()
    assert clean_text(cleaned, limit) == cleaned


def test_clean_text_takes_the_teeth_out_of_escape_codes() -> None:
    assert clean_text("RTX\x1b]0;owned\x07 40\u202e90\n\t!") == "RTX]0;owned 4090 !"


@given(JSON, st.floats(-1e6, 0), st.floats(0, 1e6))
def test_a_number_is_within_its_bounds_or_a_doubt(value: object, low: float, high: float) -> None:
    sieve = Sieve({"x": value})
    number = sieve.number("x", low, high)
    if number is None:
        assert value is None or sieve.doubts
    else:
        assert low <= number <= high
        assert not sieve.doubts


@given(JSON)
def test_a_whole_number_is_an_integer(value: object) -> None:
    number = Sieve({"x": value}).whole("x", -(2**62), 2**62)
    assert number is None or (isinstance(number, int) and number == value)


@given(GPU_ROWS)
def test_a_lying_gpu_never_gets_a_false_gauge_past_the_judge(row: dict[str, object]) -> None:
    card = judge_gpu.gpu(row, 0)
    assert card.utilisation_percent is None or 0 <= card.utilisation_percent <= 100
    assert card.temperature_c is None or -40 <= card.temperature_c <= 150
    assert card.power_w is None or 0 <= card.power_w <= 5000
    if card.vram_used_bytes is not None and card.vram_total_bytes is not None:
        assert card.vram_used_bytes <= card.vram_total_bytes
    assert card.state == "lost" or row.get("lost") is not True
    assert len(card.doubts) <= DOUBT_LIMIT
    assert msgspec.json.decode(msgspec.json.encode(card), type=type(card)) == card


@given(
    st.dictionaries(st.sampled_from(["gpus", "machine_total_bytes", "total_bytes", "devices", "model"]), JSON)
)
def test_no_answer_makes_a_judge_raise(raw: dict[str, object]) -> None:
    answers = (
        judge.cpu(raw),
        judge.memory(raw),
        judge.disk(raw),
        judge_gpu.gpus("gpu", raw),
        judge_runtime.runtime(Answer("runtime", facts=raw)),
    )
    for facts, findings in answers:
        msgspec.json.encode((facts, findings))


@given(JSON)
def test_what_a_child_writes_is_strict_json(value: object) -> None:
    def refuse(constant: str) -> object:
        raise AssertionError(constant)

    json.loads(json.dumps(plain(value), allow_nan=False), parse_constant=refuse)
