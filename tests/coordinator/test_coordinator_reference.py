"""A reference whose own numerics failed their self-test judges nobody."""

from __future__ import annotations

import asyncio
import contextlib

import msgspec
from doubles.engine_double import ScriptedEngine

from console.coordinator.reference import Reference
from console.engine.port import Health


class Unfit(ScriptedEngine):
    """A model server whose start-up test found one-row and full-batch logits different."""

    async def health(self) -> Health:
        health = await super().health()
        assert health.profile is not None
        return msgspec.structs.replace(
            health, profile=msgspec.structs.replace(health.profile, self_test=False)
        )


async def watched(engine: ScriptedEngine) -> Reference:
    reference = Reference(engine, "aa" * 32)
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
