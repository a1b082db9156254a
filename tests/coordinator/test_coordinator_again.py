"""Verdicts recomputed by an operator: honest ones agree, each kind of tampering is exposed by name."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from coordinator_harness import CONFIG, GROUP, POLICY, Verdict, running
from doubles.engine_double import END, PIECES, PROFILE, ScriptedEngine

from console.coordinator.again.__main__ import main
from console.coordinator.again.cases import DataError, chosen, context_for, read_cases
from console.coordinator.again.judge import Bench, check
from console.coordinator.again.places import coordinator_folder, keys_of, model_of
from console.coordinator.again.told import Checked, document, lines
from console.coordinator.audits.evidence import Evidence, opened, place
from console.coordinator.sealing import seal_to
from console.coordinator.store import StoreError
from console.coordinator.store.schema import DATABASE
from console.protocol.frames import receipt_bytes
from console.protocol.keys import SigningKey
from console.verification.calibration import UNLIKE, Calibration


def bench(weights: str = "toy", **changes: Any) -> Bench:
    profile = msgspec.structs.replace(PROFILE, **changes)
    engine = ScriptedEngine(weights, end_bias=-50)
    return Bench(engine, profile, list(PIECES), frozenset({END}))


async def run_of(home: Path) -> None:
    """Accepted whole and in windows, rejected by recompute and by replay, accepted without an audit."""
    policy = msgspec.structs.replace(POLICY, audit_positions=16)
    async with running(home, msgspec.structs.replace(CONFIG, policy=policy)) as run:
        node = await run.node()
        for engine in (run.engine, run.second.engine, node.engine):
            engine.end_bias = -50
        await run.chat(max_tokens=8)
        await run.chat(max_tokens=64)
        node.engine.weights = "cheaper"
        await run.chat(max_tokens=24)
        node.engine.weights, node.engine.forged_noise = "toy", True
        await run.chat(max_tokens=24, temperature=1.0)
        node.engine.forged_noise = False
        await node.wait(Verdict, 4)
        await run.settled(4)


@pytest.fixture(scope="module")
def kept() -> dict[str, bytes]:
    """The files of one run, made once."""
    return {}


@pytest.fixture
async def home(tmp_path: Path, kept: dict[str, bytes]) -> Path:
    if not kept:
        await run_of(tmp_path)
        kept |= {p.name: p.read_bytes() for p in tmp_path.iterdir() if p.is_file()}
    for name, data in kept.items():
        (tmp_path / name).write_bytes(data)
    return tmp_path


async def checked(home: Path, on: Bench | None) -> list[Checked]:
    keys = keys_of(home, None)
    return [await check(case, keys, on) for case in read_cases(home)]


async def test_every_verdict_of_an_honest_run_agrees(home: Path) -> None:
    found = await checked(home, bench())
    assert [c.agreement for c in found] == ["agree"] * 4, [c.flaws for c in found]
    assert [(c.outcome, c.mode, c.recomputed) for c in found] == [
        ("accepted", "recompute_exact", "exact"),
        ("accepted", "recompute_exact", "exact"),
        ("rejected", "recompute_exact", "exact"),
        ("rejected", "replay", ""),
    ]
    told = document(found)
    assert (told["checked"], told["agree"], told["disagree"], told["recomputed"]) == (4, 4, 0, 3)
    assert "4 agree, 0 disagree" in lines(found)[-1]
    assert lines(found[:1])[0].endswith("recompute_exact, recomputed here (exact).")


async def test_an_answer_that_was_not_audited_agrees_where_the_key_says_so(tmp_path: Path) -> None:
    policy = msgspec.structs.replace(POLICY, probation_answers=0, audit_ppm=0, saving_ppm=0)
    async with running(tmp_path, msgspec.structs.replace(CONFIG, policy=policy)) as run:
        await run.node()
        await run.chat()
        await run.settled(1)
    (found,) = await checked(tmp_path, None)
    assert (found.mode, found.agreement) == ("not_audited", "agree")
    row(tmp_path, "UPDATE audits SET rate_ppm = 1000000 WHERE verdict = ?", 0)
    (found,) = await checked(tmp_path, None)
    assert [flaw.name for flaw in found.flaws] == ["audit draw"]
    row(tmp_path, UPDATE.format("outcome = 'rejected'"), 0)
    (found,) = await checked(tmp_path, None)
    assert "receipt" in [flaw.name for flaw in found.flaws]


async def test_an_answer_that_was_never_opened_is_abstained_from(tmp_path: Path) -> None:
    limits = msgspec.structs.replace(CONFIG.limits, opening_s=0.1)
    async with running(tmp_path, msgspec.structs.replace(CONFIG, limits=limits)) as run:
        node = await run.node()
        node.opens = False
        await run.chat()
        await run.settled(1)
    (found,) = await checked(tmp_path, bench())
    assert (found.outcome, found.mode, found.agreement) == ("rejected", "structure", "abstained")


async def test_the_node_opens_its_evidence_with_its_own_key(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        node = await run.node()
        for engine in (run.engine, node.engine):
            engine.end_bias = -50
        await run.chat()
        await run.settled(1)
    (tmp_path / "identity.key").write_bytes(node.key._key.private_bytes_raw())
    address = {"url": "", "node_url": "", "coordinator": run.coordinator.parts.key.node_id, "pid": 1}
    (tmp_path / "coordinator.json").write_text(json.dumps(address))
    keys = keys_of(tmp_path, tmp_path / "identity.key")
    (case,) = read_cases(tmp_path)
    assert (await check(case, keys, bench())).agreement == "agree"


async def test_another_class_of_machine_abstains_and_says_so(home: Path) -> None:
    found = await checked(home, bench(system="another kind"))
    assert [c.agreement for c in found] == ["abstained"] * 3 + ["agree"]
    assert "No calibration" in found[0].flaws[0].sentence


async def test_a_machine_that_failed_its_self_test_is_never_silently_exact(home: Path) -> None:
    found = await checked(home, bench(self_test=False))
    assert [c.agreement for c in found] == ["abstained"] * 3 + ["agree"]


async def test_with_a_calibration_of_its_own_another_class_judges_tolerantly(home: Path) -> None:
    other = bench(system="another kind")
    other.engine.numerics = "another kind"  # type: ignore[attr-defined]
    ours = Calibration(
        GROUP, UNLIKE, other.profile.class_id, 5_100, 32_000, 44_000, 1_000_000, 99_000, 18_000, 250_000,
        12_184, 100, "2026-11-26",
    )  # fmt: skip
    able = Bench(other.engine, other.profile, other.pieces, other.end_ids, (ours,))
    found = await checked(home, able)
    assert [c.agreement for c in found] == ["agree"] * 4, [c.flaws for c in found]
    assert [c.recomputed for c in found] == ["tolerant"] * 3 + [""]


async def test_without_a_model_signatures_and_draws_are_checked_and_the_rest_is_abstained_from(
    home: Path,
) -> None:
    assert {c.agreement for c in await checked(home, None)} == {"abstained"}


async def test_erased_evidence_is_abstained_from(home: Path) -> None:
    with sqlite3.connect(home / DATABASE) as db:
        db.execute("DELETE FROM evidence")
    found = await checked(home, bench())
    assert {c.agreement for c in found} == {"abstained"}
    assert "not kept any more" in found[0].flaws[0].sentence


def row(home: Path, statement: str, which: int) -> None:
    """Change the database behind the coordinator's back."""
    target = read_cases(home)[which].verdict.id
    with sqlite3.connect(home / DATABASE) as db:
        assert db.execute(statement, (target,)).rowcount == 1


UPDATE = "UPDATE verdicts SET {} WHERE id = ?"
OF_JOB = "WHERE job = (SELECT job FROM verdicts WHERE id = ?)"
IN_THE_DATABASE: dict[str, tuple[str, int, str]] = {
    "outcome": (UPDATE.format("outcome = 'rejected'"), 0, "receipt"),
    "outcome in the sealed verdict": (UPDATE.format("outcome = 'rejected'"), 0, "verdict"),
    "outcome against a recompute": (UPDATE.format("outcome = 'rejected'"), 0, "outcome"),
    "a rejection called good": (UPDATE.format("outcome = 'accepted'"), 2, "outcome"),
    "mode": (UPDATE.format("mode = 'replay'"), 0, "verdict"),
    "an audit that never was": (UPDATE.format("mode = 'not_audited'"), 0, "audit draw"),
    "count of mismatches": (UPDATE.format("mismatches = mismatches - 1"), 2, "mismatches"),
    "place of the mismatch": (UPDATE.format("first_mismatch = 7"), 2, "first mismatch"),
    "positions": (UPDATE.format("positions = 64"), 1, "positions"),
    "tokens": (UPDATE.format("tokens_checked = 9"), 0, "tokens checked"),
    "statistic": (
        UPDATE.format("""statistics = '[{"name": "max_margin", "value_ppm": 1, "limit_ppm": 2}]'"""),
        0,
        "statistics",
    ),
    "sentence": (UPDATE.format("sentence = 'Well done.'"), 0, "verdict"),
    "a byte of the seal": (
        "UPDATE evidence SET sealed = CAST(sealed || x'00' AS BLOB) WHERE id = ?",
        0,
        "seal",
    ),
    "receipt": (
        "UPDATE receipts SET body = CAST(replace(CAST(body AS TEXT), '\"reward\":', '\"reward\":1') AS BLOB) "
        + OF_JOB,
        0,
        "receipt",
    ),
    "receipt taken away": (f"DELETE FROM receipts {OF_JOB}", 0, "receipt"),
    "seeds": ("UPDATE epochs SET root = '00' WHERE ? <> ''", 0, "draw: seed"),
}


@pytest.mark.parametrize("what", IN_THE_DATABASE)
async def test_what_is_changed_in_the_database_is_exposed_by_name(home: Path, what: str) -> None:
    statement, which, name = IN_THE_DATABASE[what]
    row(home, statement, which)
    found = (await checked(home, bench()))[which]
    assert found.agreement == "disagree"
    assert name in [flaw.name for flaw in found.flaws], found.flaws


def other_token(e: Evidence) -> Evidence:
    ids = list(e.result.token_ids)
    ids[3] += 1
    return msgspec.structs.replace(e, result=msgspec.structs.replace(e.result, token_ids=tuple(ids)))


def other_byte(e: Evidence) -> Evidence:
    return msgspec.structs.replace(e, opening=bytes([e.opening[0] ^ 1]) + e.opening[1:])


def other_prompt(e: Evidence) -> Evidence:
    return msgspec.structs.replace(e, prompt_ids=(*e.prompt_ids[:-1], e.prompt_ids[-1] + 1))


def other_draw(e: Evidence) -> Evidence:
    return msgspec.structs.replace(e, draw=msgspec.structs.replace(e.draw, nonce="00" * 16))


def other_ticket(e: Evidence) -> Evidence:
    ticket = msgspec.structs.replace(e.draw.ticket, k=e.draw.ticket.k + 1)
    return msgspec.structs.replace(e, draw=msgspec.structs.replace(e.draw, ticket=ticket))


def other_temperature(e: Evidence) -> Evidence:
    return msgspec.structs.replace(e, temperature_milli=e.temperature_milli + 1500)


def other_windows(e: Evidence) -> Evidence:
    start = 0 if e.windows[0][0] else 16
    return msgspec.structs.replace(e, windows=((start, 16),))


def other_limit(e: Evidence) -> Evidence:
    return msgspec.structs.replace(e, max_tokens=e.max_tokens - 1)


RESEALED: dict[str, tuple[Callable[[Evidence], Evidence], int, str]] = {
    "token": (other_token, 0, "result"),
    "blob byte": (other_byte, 0, "mode"),
    "prompt": (other_prompt, 0, "prompt"),
    "nonce": (other_draw, 1, "mode"),
    "ticket": (other_ticket, 0, "draw: ticket"),
    "temperature": (other_temperature, 1, "mode"),
    "windows": (other_windows, 1, "windows"),
    "limit": (other_limit, 0, "outcome"),
}


@pytest.mark.parametrize("what", RESEALED)
async def test_what_the_coordinator_itself_changes_and_seals_again_is_exposed_by_name(
    home: Path, what: str
) -> None:
    change, which, name = RESEALED[what]
    key = SigningKey((home / "coordinator.key").read_bytes())
    case = read_cases(home)[which]
    evidence = opened(key, case.verdict.id, case.sealed)
    plain = msgspec.msgpack.encode(change(evidence))
    sealed = seal_to((key.node_id,), place(case.verdict.id), plain, bytes(32))
    with sqlite3.connect(home / DATABASE) as db:
        db.execute("UPDATE evidence SET sealed = ? WHERE id = ?", (sealed, case.verdict.id))
    found = (await checked(home, bench()))[which]
    assert found.agreement == "disagree"
    assert name in [flaw.name for flaw in found.flaws], found.flaws


async def test_a_verdict_forged_from_end_to_end_fails_at_the_recompute(home: Path) -> None:
    """The coordinator calls a good answer false: in the row, under the seal, in a receipt that it signs."""
    key = SigningKey((home / "coordinator.key").read_bytes())
    case = read_cases(home)[0]
    forged = msgspec.structs.replace(case.verdict, outcome="rejected", mismatches=1, first_mismatch=0)
    evidence = msgspec.structs.replace(opened(key, forged.id, case.sealed), verdict=forged)
    assert case.receipt is not None
    receipt = msgspec.structs.replace(case.receipt, outcome="rejected")
    receipt = msgspec.structs.replace(receipt, signature=key.sign(receipt_bytes(receipt)))
    sealed = seal_to((key.node_id,), place(forged.id), msgspec.msgpack.encode(evidence), bytes(32))
    lying = msgspec.structs.replace(case, verdict=forged, receipt=receipt, sealed=sealed)
    found = await check(lying, keys_of(home, None), bench())
    assert [flaw.name for flaw in found.flaws] == ["outcome", "mismatches", "first mismatch"]


async def test_ids_are_found_by_their_beginning_and_unknown_ones_are_told(home: Path) -> None:
    cases = read_cases(home)
    first = cases[0].verdict
    assert chosen(cases, (first.id[:12],)) == chosen(cases, (first.job[:12], first.id)) == cases[:1]
    assert chosen(cases, ()) == cases
    with pytest.raises(DataError, match="begins with zz"):
        chosen(cases, ("zz",))


def test_places_that_do_not_do_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DataError, match="no coordinator's database"):
        coordinator_folder(tmp_path)
    (tmp_path / DATABASE).write_text("nonsense")
    assert main(["--data", str(tmp_path), "--models", str(tmp_path)]) == 1
    assert "cannot be read" in capsys.readouterr().err
    with pytest.raises(DataError, match="--identity"):
        keys_of(tmp_path, None)
    (tmp_path / "coordinator.key").write_bytes(b"short")
    with pytest.raises(DataError, match="damaged"):
        keys_of(tmp_path, None)
    with pytest.raises(DataError, match="--model"):
        model_of("00" * 32, tmp_path, None)
    with pytest.raises(DataError, match="another"):
        model_of("00" * 32, tmp_path, tmp_path / DATABASE)


def test_the_engine_has_room_for_the_longest_answer_that_was_audited(home: Path) -> None:
    cases = read_cases(home)
    assert all(case.tokens > 0 for case in cases)
    assert context_for(cases, 8192) == 2048
    long = [msgspec.structs.replace(cases[0], tokens=4000), *cases[1:]]
    assert context_for(long, 8192) == context_for(long, 0) == 4000
    assert context_for(cases, 512) == 512


async def test_a_database_of_another_version_is_told(home: Path) -> None:
    with sqlite3.connect(home / DATABASE) as db:
        db.execute("PRAGMA user_version = 1")
    with pytest.raises(StoreError, match="version 1"):
        read_cases(home)


async def test_the_command_says_it_as_json(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from asyncio import to_thread

    words = ["--data", str(home), "--models", str(home), "--no-engine"]
    assert await to_thread(main, [*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {"schema_version", "checked", "agree", "disagree", "abstained", "findings"} <= set(told)
    assert (told["schema_version"], told["checked"], told["abstained"]) == (1, 4, 4)
    assert {"verdict", "job", "node", "name", "sentence"} <= set(told["findings"][0])
    row(home, UPDATE.format("outcome = 'accepted'"), 3)
    assert await to_thread(main, words) == 1
    assert "✗" in capsys.readouterr().out
