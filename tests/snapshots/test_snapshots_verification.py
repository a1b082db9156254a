"""Pictures of Verification and of a job's evidence, in their states and sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import textual
from doubles.console_double import console_on, settle
from recordings.make import FAILED, LIVE, REJECTED, job
from textual.pilot import Pilot

from console.control.state import JobView
from console.settings.config import ScreenConfig

PINNED = "8.2.8"
SMALL, COMPACT, ROOMY, WIDE = (60, 16), (80, 24), (120, 40), (200, 50)
SIZES = pytest.mark.parametrize("size", [COMPACT, ROOMY], ids=["80x24", "120x40"])
Compare = Callable[..., bool]


@pytest.fixture(autouse=True)
def _pinned() -> None:
    """The pictures belong to one version of Textual; with another they would prove nothing."""
    assert textual.__version__ == PINNED, f"these pictures were taken with textual {PINNED}"


def then(*keys: str, later_ms: int = 0) -> Callable[[Pilot[Any]], Any]:
    async def run(pilot: Pilot[Any]) -> None:
        await pilot.pause()
        await settle(pilot)
        for key in keys:
            await pilot.press(key)
        await settle(pilot, later_ms)

    return run


def opened(view: JobView, *keys: str) -> Callable[[Pilot[Any]], Any]:
    async def run(pilot: Pilot[Any]) -> None:
        await pilot.pause()
        await settle(pilot)
        pilot.app.open_job(view.job, view.attempt)  # type: ignore[attr-defined]
        await settle(pilot)
        await then(*keys)(pilot)

    return run


@SIZES
@pytest.mark.parametrize("state", ["earning", "fresh", "near_limit", "suspended", "no_agent"])
def test_verification(snap_compare: Compare, state: str, size: tuple[int, int]) -> None:
    assert snap_compare(console_on(state), terminal_size=size, run_before=then("3"))


@pytest.mark.parametrize("size", [SMALL, COMPACT, ROOMY, WIDE], ids=["60x16", "80x24", "120x40", "200x50"])
def test_verification_lost(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(console_on("lost"), terminal_size=size, run_before=then("3", later_ms=12_000))


@pytest.mark.parametrize("size", [SMALL, WIDE], ids=["60x16", "200x50"])
@pytest.mark.parametrize("state", ["earning", "near_limit"])
def test_verification_narrow_and_wide(snap_compare: Compare, state: str, size: tuple[int, int]) -> None:
    assert snap_compare(console_on(state), terminal_size=size, run_before=then("3"))


@SIZES
def test_all_kinds_of_verdicts(snap_compare: Compare, size: tuple[int, int]) -> None:
    """Windows, tolerant within its limits, abstained, and tolerant beyond them with a second verifier."""
    assert snap_compare(console_on("kinds"), terminal_size=size, run_before=then("3"))


@SIZES
@pytest.mark.parametrize("kind", ["windows", "tolerant", "abstained", "rejected"])
def test_evidence_of_all_kinds(snap_compare: Compare, kind: str, size: tuple[int, int]) -> None:
    view = {"windows": job(2), "tolerant": job(3), "abstained": job(4), "rejected": REJECTED}[kind]
    keys = ("n", "n", "n") if size == COMPACT else ()
    assert snap_compare(console_on("kinds"), terminal_size=size, run_before=opened(view, *keys))


@SIZES
def test_rejected_only(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(console_on("earning"), terminal_size=size, run_before=then("3", "o"))


JOBS = {"accepted": job(3), "not_audited": job(2), "rejected": REJECTED, "failed": FAILED, "live": LIVE[1]}


@SIZES
@pytest.mark.parametrize("kind", JOBS)
def test_evidence(snap_compare: Compare, kind: str, size: tuple[int, int]) -> None:
    assert snap_compare(console_on("earning"), terminal_size=size, run_before=opened(JOBS[kind]))


@pytest.mark.parametrize("size", [SMALL, WIDE], ids=["60x16", "200x50"])
def test_evidence_narrow_and_wide(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(console_on("earning"), terminal_size=size, run_before=opened(REJECTED))


@SIZES
@pytest.mark.parametrize("keys", [("n", "n", "n"), ("end",), ("x",)], ids=["verdict", "end", "again"])
def test_evidence_read_on(snap_compare: Compare, keys: tuple[str, ...], size: tuple[int, int]) -> None:
    assert snap_compare(console_on("earning"), terminal_size=size, run_before=opened(REJECTED, *keys))


@pytest.mark.parametrize("room", ["3", "3,o,enter"], ids=["verification", "evidence"])
def test_in_ascii(snap_compare: Compare, room: str) -> None:
    app = console_on("near_limit", ScreenConfig(ascii=True))
    assert snap_compare(app, terminal_size=COMPACT, run_before=then(*room.split(",")))
