"""Where jobs stand that wait: counted together, and seldom."""

from __future__ import annotations

from collections.abc import ItemsView
from types import SimpleNamespace
from typing import Any

from console.coordinator.clock import SystemClock
from console.coordinator.dispatch.waiting import Waiting
from console.protocol.ids import JobId

JOBS = [JobId(f"{number:032x}") for number in range(1000)]


class Live(dict[JobId, Any]):
    """Notes how often all of them are gone through."""

    walks = 0

    def items(self) -> ItemsView[JobId, Any]:
        self.walks += 1
        return super().items()


class Clock(SystemClock):
    now_s = 0.0

    def tick_s(self) -> float:
        return self.now_s


def of_state(state: str) -> Any:
    return SimpleNamespace(job=SimpleNamespace(state=state))


def test_all_that_wait_are_counted_once_in_an_interval() -> None:
    live, clock = Live({job: of_state("HELD") for job in JOBS}), Clock()
    waiting = Waiting(live, clock, 2.0)
    assert [waiting.ahead(job) for job in JOBS] == list(range(1000))
    assert live.walks == 1
    for number in (0, 3):
        live[JOBS[number]] = of_state("RUNNING")
    assert waiting.ahead(JOBS[10]) == 10, "as it was a moment ago"
    clock.now_s = 2.0
    assert [waiting.ahead(job) for job in JOBS[1:] if job != JOBS[3]] == list(range(998))
    assert live.walks == 2


def test_one_that_waits_again_or_came_since_is_counted_too() -> None:
    live = Live({JOBS[0]: of_state("TICKETED"), JOBS[1]: of_state("RUNNING")})
    waiting = Waiting(live, Clock(), 2.0)
    assert waiting.ahead(JOBS[0]) == 0
    live[JOBS[1]], live[JOBS[2]] = of_state("TICKETED"), of_state("HELD")
    assert (waiting.ahead(JOBS[1]), waiting.ahead(JOBS[2])) == (1, 2)
    assert live.walks == 2
