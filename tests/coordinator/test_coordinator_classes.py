"""Windows, other profile classes and running totals, through the whole loop."""

from __future__ import annotations

from pathlib import Path

import msgspec
from coordinator_harness import CONFIG, GROUP, POLICY, FakeNode, Presence, Running, Verdict, running
from doubles.engine_double import PROFILE

from console.coordinator.audits.calibrations import Kept, kept_at, write_calibration
from console.coordinator.audits.evidence import opened
from console.coordinator.dispatch.standing import standing_of
from console.protocol.keys import SigningKey
from console.verification.calibration import UNLIKE, Calibration
from console.verification.profiles import Profile

OTHER = Profile(build="scripted", system="another kind", device="cpu", self_test=True)
CALIBRATION = Calibration(
    model=GROUP, node=UNLIKE, verifier=PROFILE.class_id,
    mean_margin_ppm=5_100, margin_deviation_ppm=32_000, mismatch_ppm=44_000, max_margin_ppm=1_000_000,
    mean_distance_ppm=99_000, distance_deviation_ppm=18_000, distance_limit_ppm=250_000,
    tokens=12_184, jobs=100, date="2026-11-26",
)  # fmt: skip
"""Figures of real builds; the toy's noise is below them."""


def calibrated(home: Path, by: Calibration = CALIBRATION) -> None:
    write_calibration(kept_at(home, by), Kept(by, by.digest, (), "toy"))


def unlike(run: Running, weights: str = "toy") -> FakeNode:
    """A node on another kind of machine."""
    node = FakeNode(run, "other", weights=weights)
    node.engine.numerics = "another kind"
    node.engine.profile = OTHER
    node.offer = msgspec.structs.replace(node.offer, profile=OTHER.class_id)
    run.nodes.append(node)
    return node


def long_answers(run: Running, *nodes: FakeNode) -> None:
    for engine in (run.engine, run.second.engine, *(node.engine for node in nodes)):
        engine.end_bias = -50


async def test_of_a_long_answer_windows_are_recomputed_and_all_is_replayed(tmp_path: Path) -> None:
    policy = msgspec.structs.replace(POLICY, audit_positions=32)
    async with running(tmp_path, msgspec.structs.replace(CONFIG, policy=policy)) as run:
        node = await run.node()
        long_answers(run, node)
        assert (await run.chat(max_tokens=64)).status_code == 200
        verdict = await node.wait(Verdict)
        assert (verdict.mode, verdict.tokens_checked, verdict.positions) == ("recompute_exact", 64, 32)
        (asked,) = run.engine.scores
        assert sum(length for _, length in asked.windows) == 32
        report = await run.settled(1)
        node.engine.weights = "cheaper"
        await run.chat(max_tokens=64)
        assert (await node.wait(Verdict, 2)).outcome == "rejected"
    assert 0 < report.work.verified_rows < report.work.generated_rows


async def test_windows_are_known_to_the_coordinator_alone(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        windows = run.coordinator.parts.secrets.windows
        drawn = {windows(f"{i:032x}", 1, 256, 64) for i in range(50)}
        assert windows("00" * 16, 1, 256, 64) == windows("00" * 16, 1, 256, 64)
    assert len(drawn) > 40, "1,820 ways to draw four blocks of sixteen"
    assert windows("00" * 16, 1, 64, 64) == ()
    assert sum(length for _, length in windows("00" * 16, 1, 65, 4)) >= 1


async def test_without_a_calibration_another_class_is_not_listed(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        node = unlike(run)
        await node.connect()
        presence = await node.wait(Presence, 2)
        assert (presence.listed, presence.reason.evidence) == (False, "profile")
        assert "no calibration" in presence.reason.sentence


async def test_with_a_calibration_another_class_is_judged_tolerantly_and_never_exactly(
    tmp_path: Path,
) -> None:
    calibrated(tmp_path)
    async with running(tmp_path) as run:
        node = unlike(run)
        long_answers(run, node)
        await node.connect()
        await node.wait(Presence, listed=True)
        for _ in range(3):
            assert (await run.chat(max_tokens=64, temperature=1.0)).status_code == 200
        verdicts = [await node.wait(Verdict, i + 1) for i in range(3)]
        report = await run.settled(3)
        assert run.second.starts == 0
        standing = await run.coordinator.parts.store.transact(lambda u: standing_of(u, node.key.node_id))
    assert {(v.mode, v.outcome) for v in verdicts} == {("recompute_tolerant", "accepted")}
    assert {v.calibration for v in verdicts} == {CALIBRATION.digest}
    assert all(s.value_ppm <= s.limit_ppm for v in verdicts for s in v.statistics)
    assert [s.name for s in verdicts[0].statistics][-1] == "logprob_distance"
    assert report.audits.recompute == 3
    assert (standing.calibration, standing.totals.answers, standing.totals.positions) == (
        CALIBRATION.digest, 3, 192,
    )  # fmt: skip


async def test_a_cheat_of_another_class_is_found_and_confirmed(tmp_path: Path) -> None:
    calibrated(tmp_path)
    async with running(tmp_path) as run:
        node = unlike(run, "cheaper")
        long_answers(run, node)
        await node.connect()
        await node.wait(Presence, listed=True)
        await run.chat(max_tokens=64, temperature=1.0)
        verdict = await node.wait(Verdict)
        await run.settled(1)
        assert (verdict.outcome, verdict.mode, run.second.starts) == ("rejected", "recompute_tolerant", 1)
        assert any(s.value_ppm > s.limit_ppm for s in verdict.statistics)
        [(name, sealed)] = await run.coordinator.parts.store.transact(
            lambda unit: unit.database.execute("SELECT id, sealed FROM evidence").fetchall()  # type: ignore[attr-defined]
        )
        coordinator = SigningKey((tmp_path / "coordinator.key").read_bytes())
        assert opened(coordinator, name, sealed).calibration == CALIBRATION


async def test_small_differences_add_up_and_put_the_node_on_probation_without_a_penalty(
    tmp_path: Path,
) -> None:
    """Each answer is within its limits; together they are not those of an honest node."""
    strict = msgspec.structs.replace(
        CALIBRATION, mean_distance_ppm=1_000, distance_deviation_ppm=1_000, distance_limit_ppm=250_000
    )
    calibrated(tmp_path, strict)
    async with running(tmp_path) as run:
        node = unlike(run)
        long_answers(run, node)
        await node.connect()
        await node.wait(Presence, listed=True)
        await run.chat(max_tokens=64, temperature=1.0)
        verdict = await node.wait(Verdict)
        report = await run.settled(1)
        store = run.coordinator.parts.store
        standing = await store.transact(lambda u: standing_of(u, node.key.node_id))
        row = await store.transact(lambda u: u.node(node.key.node_id))
    assert (verdict.outcome, report.ledger.penalised) == ("accepted", 0)
    assert (standing.crossings, standing.crossed_ms, standing.totals.answers) == (1, verdict.at_ms, 0)
    assert row is not None and row.probation_from_ms > verdict.at_ms
    assert [n.crossings for n in report.nodes] == [1]
