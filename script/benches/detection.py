"""How often a cheat is met in so many tokens: by replay, by exact recompute, by tolerant recompute."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benches.forging import forged
from benches.intervals import Share
from console.coordinator.calibrate import claim_of
from console.engine.answering import Answered
from console.verification.calibration import Calibration
from console.verification.commitment import unpack
from console.verification.margins import Differences
from console.verification.sampling import choose
from console.verification.tolerant import compared, statistics_of

LENGTHS = (16, 32, 64, 128, 256)
WHOLE = 0
"""In place of a length: the whole answer, however long."""
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Looked:
    """One answer, looked at from all sides."""

    replay: Flags
    """Positions whose token the seed does not pick from the committed candidates."""
    exact: Flags
    """Positions whose committed candidates are not the reference's."""
    tolerant: Differences

    @property
    def tokens(self) -> int:
        """Length of the answer."""
        return len(self.replay)


def look(answers: Sequence[Answered], exact: Sequence[bytes], tolerant: Sequence[bytes]) -> list[Looked]:
    """Each answer against the reference of its own class, and against that of another."""
    return [_look(one, e, t) for one, e, t in zip(answers, exact, tolerant, strict=True)]


def look_forged(
    answers: Sequence[Answered], exact: Sequence[bytes], tolerant: Sequence[bytes]
) -> list[Looked]:
    """The same after the node has bent its candidates so that replay holds."""
    return look([forged(one) for one in answers], exact, tolerant)


def _look(one: Answered, exact: bytes, tolerant: bytes) -> Looked:
    rows, asked = unpack(one.blob), one.asked
    picked = [choose(row, asked.seed, t, asked.temperature_milli) for t, row in enumerate(rows)]
    replay = np.array(picked) != np.array(one.token_ids)
    differs = (rows != unpack(exact)).any(axis=1)
    return Looked(replay, differs, compared(claim_of(one), tolerant)[0])


def stretches(looked: Iterable[Looked], length: int) -> list[Looked]:
    """Every answer cut into whole stretches of `length`; `WHOLE`: the answers as they are."""
    if length == WHOLE:
        return list(looked)
    return [
        part(one, start, start + length)
        for one in looked
        for start in range(0, one.tokens - length + 1, length)
    ]


def part(one: Looked, start: int, end: int) -> Looked:
    """Positions from `start` up to `end`."""
    tolerant = Differences(one.tolerant.margins[start:end], one.tolerant.distances[start:end])
    return Looked(one.replay[start:end], one.exact[start:end], tolerant)


def by_replay(looked: Iterable[Looked], length: int) -> Share:
    """Met by replay alone."""
    return _share([bool(one.replay.any()) for one in stretches(looked, length)])


def by_exact(looked: Iterable[Looked], length: int) -> Share:
    """Met by replay or by exact recompute."""
    return _share([bool((one.replay | one.exact).any()) for one in stretches(looked, length)])


def by_tolerant(looked: Iterable[Looked], length: int, calibration: Calibration) -> Share:
    """Met by replay or by one of the four rules."""
    return _share(
        [bool(one.replay.any()) or over(one.tolerant, calibration) for one in stretches(looked, length)]
    )


def over(found: Differences, calibration: Calibration) -> bool:
    """Whether any figure is over its limit."""
    return any(one.value_ppm > one.limit_ppm for one in statistics_of(found, calibration))


def mismatches(looked: Sequence[Looked]) -> Share:
    """Positions at which the tolerant reference would choose another token."""
    return Share(
        sum(int(np.count_nonzero(one.tolerant.margins)) for one in looked),
        sum(one.tokens for one in looked),
    )


def _share(found: list[bool]) -> Share:
    return Share(sum(found), len(found))
