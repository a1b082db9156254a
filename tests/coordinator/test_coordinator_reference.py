"""A reference whose own numerics failed their self-test judges nobody."""

from __future__ import annotations

import asyncio
import contextlib

import msgspec
from coordinator_harness import GROUP
from doubles.engine_double import PROFILE, ScriptedEngine

from console.coordinator.audits.reference import Reference
from console.engine.port import Health
from console.verification.calibration import UNLIKE, Calibration


class Unfit(ScriptedEngine):
    """A model server whose start-up test found one-row and full-batch logits different."""

    async def health(self) -> Health:
        health = await super().health()
        assert health.profile is not None
        return msgspec.structs.replace(
            health, profile=msgspec.structs.replace(health.profile, self_test=False)
        )


async def watched(engine: ScriptedEngine, exact_weights: bool = True, *known: Calibration) -> Reference:
    reference = Reference(engine, GROUP, known, exact_weights)
    watching = asyncio.create_task(reference.watch())
    await reference.wait_ready(0.5)
    watching.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watching
    return reference


async def test_a_reference_that_failed_its_self_test_judges_nobody() -> None:
    """Exact mode would reject honest nodes for the reference's own inexactness."""
    unfit, fit = await watched(Unfit()), await watched(ScriptedEngine())
    assert (fit.ready, bool(fit.profile)) == (True, True)
    assert (unfit.ready, unfit.profile) == (False, "")
    assert "self-test" in unfit.sentence


CALIBRATION = Calibration(
    GROUP, UNLIKE, PROFILE.class_id, 5_100, 32_000, 44_000, 1_000_000, 99_000, 18_000, 250_000, 12_184, 100,
    "2026-11-26",
)  # fmt: skip


async def test_weights_that_are_not_exact_are_judged_by_calibration_or_not_at_all() -> None:
    none = await watched(ScriptedEngine(), False)
    assert (none.ready, none.profile) == (False, "")
    assert "calibrate" in none.sentence
    some = await watched(ScriptedEngine(), False, CALIBRATION)
    assert (some.ready, some.exact, some.calibrated) == (True, False, {UNLIKE})
    assert some.comparison(PROFILE.class_id).mode == "tolerant", "never silently exact, not even with itself"


async def test_how_it_judges_follows_from_the_class_and_what_was_calibrated() -> None:
    bare, able = await watched(ScriptedEngine()), await watched(ScriptedEngine(), True, CALIBRATION)
    assert bare.comparison(PROFILE.class_id).mode == able.comparison(PROFILE.class_id).mode == "exact"
    assert (bare.comparison("ff" * 32).mode, able.comparison("ff" * 32).mode) == ("abstain", "tolerant")
    foreign = msgspec.structs.replace(CALIBRATION, model="bb" * 32)
    assert (await watched(ScriptedEngine(), True, foreign)).calibrated == frozenset()
    assert Reference(ScriptedEngine(), GROUP).comparison(PROFILE.class_id).mode == "abstain", "not ready yet"
