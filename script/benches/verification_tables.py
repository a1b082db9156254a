"""The cheat tables, as Markdown for docs/bench.md and as rows for programs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from benches.cheats import ALTERED, CUT
from benches.detection import LENGTHS, WHOLE, Looked, by_exact, by_replay, by_tolerant
from benches.intervals import Share, audit_rate
from benches.rows import Row
from console.verification.calibration import Calibration

DETECTED_GOAL = 0.99
"""Of stretches of 128 tokens, or of whole answers where a cheat strikes once."""
ONCE = frozenset((ALTERED, CUT))
"""Cheats that strike at one place of an answer: only the whole answer says whether they are met."""
Counter = Callable[[Sequence[Looked], int], Share]


def exact_counter(looked: Sequence[Looked], length: int) -> Share:
    """Replay and exact recompute."""
    return by_exact(looked, length)


def tolerant_counter(calibration: Calibration) -> Counter:
    """Replay and the four rules."""
    return lambda looked, length: by_tolerant(looked, length, calibration)


def replay_counter(looked: Sequence[Looked], length: int) -> Share:
    """Replay alone."""
    return by_replay(looked, length)


def markdown(title: str, sides: dict[str, Sequence[Looked]], count: Counter) -> str:
    """One line per cheat: detected / stretches and the 95 % interval at each length and for whole answers."""
    head = [title, *(str(length) for length in LENGTHS), "whole answer", "a, s = 1"]
    lines = [head, ["---"] + ["--:"] * (len(head) - 1)]
    for name, looked in sides.items():
        shares = [count(looked, length) for length in (*LENGTHS, WHOLE)]
        lines.append([name, *(_cell(share) for share in shares), _rate(_decisive(name, looked, count)[0])])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def rows(mode: str, sides: dict[str, Sequence[Looked]], count: Counter, goal: bool) -> Iterable[Row]:
    """What is met in 128 tokens, or in whole answers where none is so long."""
    for name, looked in sides.items():
        share, where = _decisive(name, looked, count)
        wanted = DETECTED_GOAL if goal else None
        yield Row(f"{mode}: met in {where}: {name}", share.value, f"of {share.of}", wanted, least=True)


def _decisive(name: str, looked: Sequence[Looked], count: Counter) -> tuple[Share, str]:
    share = count(looked, 128)
    if name in ONCE or not share.of:
        return count(looked, WHOLE), "a whole answer"
    return share, "128 tokens"


def _cell(share: Share) -> str:
    if not share.of:
        return "–"
    low, high = share.wilson()
    return f"{_figure(share.value)} ({share.found}/{share.of}; {_figure(low)}–{_figure(high)})"


def _figure(value: float) -> str:
    return "1" if value >= 0.9995 else f"{value:.3f}".lstrip("0") if value >= 0.0005 else "0"


def _rate(share: Share) -> str:
    if not share.of or not share.found:
        return "none"
    return f"{100 * audit_rate(share.value):.1f} %"
