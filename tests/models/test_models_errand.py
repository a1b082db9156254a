"""Work in a thread: its result, its errors, its pace, and that it ends when told."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from console.models.errand import Errand, Pace, Stopped
from console.models.hashing import OnProgress, Progress


def progress(done: int, stage: str = "checking") -> Progress:
    return Progress(stage, done, 100)  # type: ignore[arg-type]


async def test_result_and_progress_arrive_in_the_loop() -> None:
    seen: list[tuple[int, bool]] = []
    main = threading.current_thread()

    def work(report: OnProgress) -> str:
        assert threading.current_thread() is not main
        report(progress(7))
        return "done"

    result = await Errand(work, time.monotonic).run(
        lambda p: seen.append((p.done_bytes, threading.current_thread() is main))
    )
    assert (result, seen) == ("done", [(7, True)])


async def test_an_error_is_the_callers() -> None:
    def work(report: OnProgress) -> None:
        raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        await Errand(work, time.monotonic).run(lambda p: None)


async def test_it_ends_at_its_next_report_when_told() -> None:
    ended = threading.Event()

    def work(report: OnProgress) -> None:
        try:
            while True:
                report(progress(1))
        finally:
            ended.set()

    errand = Errand(work, time.monotonic)
    with pytest.raises(Stopped):
        await errand.run(lambda p: errand.stop())
    assert ended.wait(20)


async def test_a_caller_that_goes_away_ends_it() -> None:
    ended, started = threading.Event(), asyncio.Event()

    def work(report: OnProgress) -> None:
        try:
            while True:
                report(progress(1))
        finally:
            ended.set()

    task = asyncio.create_task(Errand(work, time.monotonic).run(lambda p: started.set()))
    await started.wait()
    task.cancel()
    await asyncio.wait({task})
    assert await asyncio.to_thread(ended.wait, 20)


def test_reports_come_at_most_twice_a_second_but_each_stage_at_once() -> None:
    now, seen = [100.0], []
    pace = Pace(lambda p: seen.append((p.stage, p.done_bytes)), lambda: now[0])
    for step in range(20):
        now[0] = 100.0 + step / 10
        pace(progress(step, "downloading" if step < 11 else "unpacking"))
    assert seen == [("downloading", 0), ("downloading", 5), ("downloading", 10), ("unpacking", 11),
                    ("unpacking", 16)]  # fmt: skip
