"""What goes wrong between coordinator and nodes, and whose money it costs."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from coordinator_harness import (
    AUTH,
    CONFIG,
    LIMITS,
    MODEL,
    POLICY,
    FakeNode,
    Presence,
    Receipt,
    ResultAnswered,
    Running,
    Verdict,
    running,
    until,
)

from console.coordinator.dispatch import judging
from console.coordinator.store import StoreError
from console.coordinator.store.sql import SqlUnit
from console.fairness import EpochSeeds, Roster, pick_of
from console.ledger import penalty
from console.protocol.frames import presence_bytes, ticket_bytes
from console.protocol.keys import verify
from console.protocol.messages import (
    Ack,
    Cancel,
    Chunk,
    Decline,
    EpochOpened,
    Failed,
    Goodbye,
    Opening,
    OpenRequest,
)
from console.protocol.transcript import excluded_digest
from console.protocol.types import Assignment, Exclusion, Ticket


def with_policy(**changes: Any) -> Any:
    return msgspec.structs.replace(CONFIG, policy=msgspec.structs.replace(POLICY, **changes))


async def assigned(run: Running, node: FakeNode, **fields: Any) -> tuple[asyncio.Task[Any], Assignment]:
    """A request on its way, and its assignment at a manual node, acknowledged."""
    before = len(node.got(Assignment))
    request = asyncio.create_task(run.chat(**fields))
    given = await node.wait(Assignment, before + 1)
    await node.send(Ack(given.job, given.attempt, given.fence))
    return request, given


async def test_an_engine_that_dies_before_the_first_token_costs_an_attempt_only(run: Running) -> None:
    bad = await run.node("bad")
    bad.engine.fail_after = 0
    good = await run.node("good")
    codes = [(await run.chat()).status_code for _ in range(6)]
    assert codes == [200] * 6
    found = await run.settled(6)
    by_name = {n.name: n for n in found.nodes}
    assert by_name["good"].accepted == 6
    assert by_name["bad"].accepted == by_name["bad"].rejected == 0
    assert by_name["bad"].penalised == 0
    await good.wait(Receipt, 6)
    assert len(good.got(Receipt)) == 6


async def test_with_no_other_node_the_client_gets_an_error_and_its_money(run: Running) -> None:
    node = await run.node()
    node.engine.fail_after = 0
    response = await run.chat()
    assert response.status_code == 502
    assert "Nothing is charged" in response.json()["error"]["message"]
    found = await run.settled(1)
    assert found.jobs.failed == 1
    assert found.ledger.refunded == 700 * (len("ahoy") + 2 + 8)


async def test_a_stream_that_breaks_is_never_restarted_silently(run: Running) -> None:
    node, other = await run.node(manual=True), None
    request, given = await assigned(run, node, stream=True)
    other = await run.node("other")
    await node.send(Chunk(given.job, given.attempt, given.fence, 0, (100, 101)))
    await node.send(Failed(given.job, given.attempt, given.fence, "node", "decode_failed", "It broke."))
    response = await request
    assert '"code":"interrupted"' in response.text
    assert "[DONE]" not in response.text
    assert other.got(Assignment) == []
    assert (await run.settled(1)).jobs.failed == 1


async def test_a_decline_is_a_public_reason_for_the_next_attempt(run: Running) -> None:
    node = await run.node(manual=True)
    request, given = await assigned(run, node)
    await run.node("other")
    await node.send(Decline(given.job, given.attempt, given.fence, "paused", "Paused."))
    assert (await request).status_code == 200
    assert (await run.settled(1)).jobs.accepted == 1
    assert [t[0] for t in rows(run, "SELECT cause FROM tickets ORDER BY k")] == ["request", "paused"]
    assert rows(run, "SELECT code, fault FROM attempts ORDER BY attempt")[0] == ("paused", "node")


async def test_a_lease_that_expires_goes_on_elsewhere_and_the_late_result_is_stale(tmp_path: Path) -> None:
    async with running(tmp_path, with_policy(lease_s=1)) as run:
        slow = await run.node("slow", manual=True)
        request, given = await assigned(run, slow)
        await run.node("other")
        assert (await request).status_code == 200
        await slow.wait(Cancel, job=given.job)
        result = await slow.generate(given, chunks=False)
        assert result is not None
        await slow.send(result)
        assert (await slow.wait(ResultAnswered, job=given.job)).status == "stale"
        found = await run.settled(1)
        by_name = {n.name: n for n in found.nodes}
        assert (by_name["slow"].paid, by_name["slow"].penalised, by_name["slow"].rejected) == (0, 0, 0)


async def test_a_job_that_waits_behind_one_that_runs_keeps_its_lease(tmp_path: Path) -> None:
    """A slow node works one job off after the other: a full queue is no fault of its own."""
    lease_s, gap_s = 2, 0.1  # far apart, so that a test that is held up is not the node that stalls
    chunks = 24
    async with running(tmp_path, with_policy(lease_s=lease_s)) as run:
        slow = await run.node("slow", manual=True)
        slow.engine.end_bias = run.engine.end_bias = -50  # every answer has all of its tokens
        requests = [asyncio.create_task(run.chat(max_tokens=chunks)) for _ in range(2)]
        first, second = await slow.wait(Assignment), await slow.wait(Assignment, 2)
        for given in (first, second):
            await slow.send(Ack(given.job, given.attempt, given.fence))
        made = await slow.generate(first, chunks=False)
        assert made is not None
        assert len(made.token_ids) * gap_s > lease_s
        for place, token in enumerate(made.token_ids):
            await asyncio.sleep(gap_s)
            await slow.send(Chunk(first.job, first.attempt, first.fence, place, (token,)))
        for given in (first, second):
            result = await slow.generate(given, chunks=False)
            assert result is not None
            await slow.send(result)
            assert (await slow.wait(ResultAnswered, job=given.job)).status == "taken"
            await slow.wait(OpenRequest, job=given.job)
            await slow.send(Opening(given.job, given.attempt, slow.blobs[given.job]))
        assert [(await request).status_code for request in requests] == [200, 200]
        assert (await run.settled(2)).jobs.accepted == 2


async def test_a_job_that_waits_behind_nothing_loses_its_lease(tmp_path: Path) -> None:
    async with running(tmp_path, with_policy(lease_s=1)) as run:
        idle = await run.node("idle", manual=True)
        requests = [asyncio.create_task(run.chat()) for _ in range(2)]
        for count in (1, 2):
            given = await idle.wait(Assignment, count)
            await idle.send(Ack(given.job, given.attempt, given.fence))
        assert [(await request).status_code for request in requests] == [502, 502]
        assert {code for (code,) in rows(run, "SELECT code FROM attempts")} == {"lease_expired"}


async def test_a_result_resent_after_a_broken_line_is_taken_once(run: Running) -> None:
    node = await run.node(manual=True)
    request, given = await assigned(run, node)
    result = await node.generate(given, chunks=False)
    assert result is not None
    await node.drop()
    await until(lambda: run.coordinator.registry.session(node.key.node_id) is None)
    await node.connect()
    await node.send(result)
    assert (await node.wait(ResultAnswered, job=given.job)).status == "taken"
    await node.send(result)
    assert (await node.wait(ResultAnswered, 2, job=given.job)).status == "taken"
    await node.wait(OpenRequest)
    await node.drop()
    await node.connect()
    await node.wait(OpenRequest, 2)
    await node.send(Opening(given.job, given.attempt, node.blobs[given.job]))
    assert (await request).status_code == 200
    await node.wait(Receipt)
    await node.send(result)
    assert (await node.wait(ResultAnswered, 3, job=given.job)).status == "taken"
    found = await run.settled(1)
    assert found.jobs.accepted == 1


async def test_a_node_that_stays_away_is_passed_over(tmp_path: Path) -> None:
    config = msgspec.structs.replace(CONFIG, limits=msgspec.structs.replace(LIMITS, grace_s=0.2))
    async with running(tmp_path, config) as run:
        node = await run.node(manual=True)
        request, _ = await assigned(run, node)
        await run.node("other")
        await node.drop()
        assert (await request).status_code == 200
        assert rows(run, "SELECT code FROM attempts ORDER BY attempt")[0] == ("node_gone",)


async def test_a_goodbye_passes_work_on_at_once(run: Running) -> None:
    node = await run.node(manual=True)
    request, _ = await assigned(run, node)
    await run.node("other")
    await node.send(Goodbye("drained"))
    assert (await request).status_code == 200
    assert rows(run, "SELECT code FROM attempts ORDER BY attempt")[0] == ("node_left",)


@pytest.mark.parametrize(
    "change",
    [
        {"token_ids": ()},
        {"token_ids": (1 << 31,)},
        {"token_ids": tuple(range(100, 120))},
        {"prompt_digest": "00" * 32},
        {"profile": "00" * 32},
        {"commitment": "x"},
        {"generation_ms": 5, "signature": "00" * 64},
    ],
)
async def test_a_malformed_result_is_a_fault_and_no_false_answer(
    run: Running, change: dict[str, Any]
) -> None:
    node = await run.node(manual=True)
    request, given = await assigned(run, node)
    result = await node.generate(given, chunks=False)
    assert result is not None
    changed = msgspec.structs.replace(result, **change)
    await node.send(changed if "signature" in change else node.sign(changed))
    assert (await node.wait(ResultAnswered)).status == "malformed"
    assert (await request).status_code == 502
    found = await run.settled(1)
    assert (found.jobs.failed, found.jobs.rejected, found.ledger.penalised) == (1, 0, 0)


async def test_a_result_that_is_not_what_was_streamed_is_malformed(run: Running) -> None:
    node = await run.node(manual=True)
    request, given = await assigned(run, node)
    result = await node.generate(given, chunks=False)
    assert result is not None
    await node.send(Chunk(given.job, given.attempt, given.fence, 0, (result.token_ids[0] ^ 1,)))
    await node.send(result)
    assert (await node.wait(ResultAnswered)).status == "malformed"
    assert (await request).status_code == 502


async def test_results_for_jobs_of_others_are_unknown(run: Running) -> None:
    node, other = await run.node(manual=True), await run.node("other", manual=True)
    request = asyncio.create_task(run.chat())
    await until(lambda: node.got(Assignment) or other.got(Assignment))
    drawn, bystander = (node, other) if node.got(Assignment) else (other, node)
    result = await drawn.generate(drawn.got(Assignment)[0], chunks=False)
    assert result is not None
    await bystander.send(result)
    assert (await bystander.wait(ResultAnswered)).status == "unknown"
    stolen = bystander.sign(msgspec.structs.replace(result, node=bystander.key.node_id))
    await bystander.send(stolen)
    assert (await bystander.wait(ResultAnswered, 2)).status == "stale"
    await bystander.send(bystander.sign(msgspec.structs.replace(stolen, job="ab" * 16)))
    assert (await bystander.wait(ResultAnswered, 3)).status == "unknown"
    request.cancel()


async def test_a_commitment_that_is_not_opened_is_rejected(tmp_path: Path) -> None:
    config = msgspec.structs.replace(CONFIG, limits=msgspec.structs.replace(LIMITS, opening_s=0.2))
    async with running(tmp_path, config) as run:
        node = await run.node()
        node.opens = False
        assert (await run.chat()).status_code == 502
        verdict = await node.wait(Verdict)
        assert (verdict.outcome, verdict.mode) == ("rejected", "structure")
        assert "did not open" in verdict.sentence


async def test_an_audited_node_that_vanishes_is_not_penalised(tmp_path: Path) -> None:
    config = msgspec.structs.replace(CONFIG, limits=msgspec.structs.replace(LIMITS, reconnect_s=0.2))
    async with running(tmp_path, config) as run:
        node = await run.node()
        node.opens = False
        request = asyncio.create_task(run.chat())
        await node.wait(OpenRequest)
        await node.drop()
        assert (await request).status_code == 502
        found = await run.settled(1)
    assert (found.jobs.failed, found.jobs.rejected, found.ledger.penalised) == (1, 0, 0)


async def test_noise_of_its_own_is_found_by_replay_without_the_model(run: Running) -> None:
    node = await run.node()
    node.engine.forged_noise = True
    assert (await run.chat(temperature=1)).status_code == 502
    verdict = await node.wait(Verdict)
    assert (verdict.outcome, verdict.mode) == ("rejected", "replay")
    assert run.engine.scores == []


async def test_a_reference_that_fails_never_costs_the_node(run: Running) -> None:
    node = await run.node()
    node.opens = False
    request = asyncio.create_task(run.chat())
    given = await node.wait(OpenRequest)
    run.engine.gone = True
    await node.send(Opening(given.job, given.attempt, node.blobs[given.job]))
    await until(lambda: not run.coordinator.reference.ready)
    assert node.got(Verdict) == []
    run.engine.gone = False
    assert (await request).status_code == 200
    assert (await node.wait(Verdict)).mode == "recompute_exact"


async def test_three_false_answers_suspend_and_the_reason_names_rule_evidence_and_end(run: Running) -> None:
    rogue = await run.node("rogue", weights="cheaper")
    for _ in range(3):
        assert (await run.chat()).status_code == 502
    assert (await run.chat()).status_code == 503
    verdict = await rogue.wait(Verdict, 3)
    await until(lambda: rogue.got(Presence)[-1].reason is not None)
    presence = rogue.got(Presence)[-1]
    assert not presence.listed
    assert (presence.reason.code, presence.reason.evidence) == ("suspended", verdict.id)
    assert presence.reason.until_ms == verdict.at_ms + 3_600_000
    assert "3 rejected answers within 3600 s" in presence.reason.sentence
    await rogue.drop()
    await rogue.connect()
    assert rogue.session, "a suspended node may sign in"
    assert rogue.key.node_id not in run.coordinator.registry.roster(0)
    assert rows(run, "SELECT count(*) FROM evidence") == [(3,)]


async def test_a_penalty_is_ten_rewards_out_of_bond_then_pending(tmp_path: Path) -> None:
    async with running(tmp_path, with_policy(holdback_percent=50, bond_target=1_000_000)) as run:
        node = await run.node()
        assert (await run.chat()).status_code == 200
        paid = (await node.wait(Receipt)).balances
        node.engine.weights = "cheaper"
        assert (await run.chat()).status_code == 502
        receipt = await node.wait(Receipt, 2)
        assert receipt.outcome == "rejected"
        assert receipt.penalty == paid.bond + paid.pending
        assert receipt.balances.bond == receipt.balances.pending == 0
        found = await run.settled(2)
    assert found.ledger.penalised == receipt.penalty == found.nodes[0].penalised


async def test_a_client_that_hangs_up_is_refunded_and_the_node_stopped(run: Running) -> None:
    node = await run.node(manual=True)
    body = {"model": MODEL, "messages": [{"role": "user", "content": "ahoy"}], "stream": True}
    async with (
        httpx.AsyncClient(base_url=run.url, trust_env=False) as http,
        http.stream("POST", "/v1/chat/completions", json=body, headers=AUTH) as response,
    ):
        lines = response.aiter_lines()
        assert "assistant" in await anext(lines)
        given = await node.wait(Assignment)
        while await anext(lines) != ": queued, 0 ahead":
            pass
    await node.wait(Cancel, job=given.job)
    found = await run.settled(1)
    assert (found.jobs.cancelled, found.ledger.paid) == (1, 0)
    assert found.ledger.refunded > 0


async def test_after_probation_only_some_answers_are_audited(tmp_path: Path) -> None:
    async with running(tmp_path, with_policy(probation_answers=2, audit_ppm=0, saving_ppm=0)) as run:
        node = await run.node()
        for _ in range(4):
            assert (await run.chat()).status_code == 200
        await node.wait(Verdict, 4)
        assert [v.mode for v in node.got(Verdict)] == ["recompute_exact"] * 2 + ["not_audited"] * 2
        found = await run.settled(4)
    assert (found.jobs.accepted, found.audits.structure, found.audits.recompute) == (4, 2, 2)


async def test_a_full_queue_is_a_public_rule_and_requests_wait_for_it(tmp_path: Path) -> None:
    async with running(tmp_path, with_policy(queue_limit=1)) as run:
        node = await run.node(manual=True)
        first, given = await assigned(run, node)
        second = asyncio.create_task(run.chat())
        await until(lambda: node.got(Presence)[-1].reason is not None)
        assert node.got(Presence)[-1].reason.code == "queue_full"
        node.manual = False
        await node.work(given)
        assert [(await r).status_code for r in (first, second)] == [200, 200]


async def test_a_request_that_no_node_could_take_is_nobodys_fault(tmp_path: Path) -> None:
    async with running(tmp_path, with_policy(queue_limit=1)) as run:
        node = await run.node(manual=True)
        first, given = await assigned(run, node)
        refused = await run.chat()
        assert refused.status_code == 503
        assert rows(run, "SELECT fault, code FROM jobs WHERE state = 'FAILED'") == [("nobody", "no_node")]
        node.manual = False
        await node.work(given)
        assert (await first).status_code == 200


async def test_epochs_release_pending_and_new_draws_use_new_seeds(run: Running) -> None:
    node = await run.node()
    assert (await run.chat()).status_code == 200
    before = (await node.wait(Receipt)).balances
    await run.coordinator.epochs.open_next()
    await until(lambda: len(node.seeds_roots) == 2)
    assert (await run.chat()).status_code == 200
    after = (await node.wait(Receipt, 2)).balances
    assert after.available == before.pending > 0
    secrets_of = rows(run, "SELECT epoch, secret <> '' FROM epochs ORDER BY epoch")
    assert secrets_of == [(1, 1), (2, 0)]


async def test_an_epoch_whose_payout_a_penalty_took_meanwhile_is_stated_all_the_same(
    run: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is pending is looked up first and released node by node: a verdict may come in between."""
    node = await run.node()
    assert (await run.chat()).status_code == 200
    pending = (await node.wait(Receipt)).balances.pending
    usual = SqlUnit.nodes_with_pending

    def then_penalised(unit: SqlUnit) -> list[str]:
        found = usual(unit)
        for id_ in found:
            taken = penalty("job", 1, id_, 0, pending, 1)
            assert taken is not None
            unit.book(taken)
        return found

    with monkeypatch.context() as patched:
        patched.setattr(SqlUnit, "nodes_with_pending", then_penalised)
        await run.coordinator.epochs.open_next()
    opened = await node.wait(EpochOpened, epoch=2)
    assert opened.balances.pending == opened.balances.available == 0 < pending
    assert rows(run, "SELECT epoch FROM statements") == [(1,)]


async def test_verdicts_wait_for_a_node_that_is_away(run: Running) -> None:
    node = await run.node()
    node.opens = False
    request = asyncio.create_task(run.chat())
    asked = await node.wait(OpenRequest)
    held = asyncio.Event()
    judge = run.coordinator.reference.score

    async def slow(*args: Any) -> bytes:
        await held.wait()
        return await judge(*args)

    run.coordinator.reference.score = slow  # type: ignore[method-assign]
    await node.send(Opening(asked.job, asked.attempt, node.blobs[asked.job]))
    await node.drop()
    held.set()
    assert (await request).status_code == 200
    assert rows(run, "SELECT count(*) FROM outbox") == [(2,)]
    await node.connect()
    await node.wait(Receipt)
    await until(lambda: rows(run, "SELECT count(*) FROM outbox") == [(0,)])


async def test_presence_is_signed_and_counts_draws(run: Running) -> None:
    node = await run.node()
    other = await run.node("other")
    for _ in range(4):
        assert (await run.chat(max_tokens=2)).status_code == 200
    await until(lambda: node.got(Presence)[-1].draws == other.got(Presence)[-1].draws == 4)
    mine, theirs = node.got(Presence)[-1], other.got(Presence)[-1]
    assert verify(node.coordinator, presence_bytes(mine), mine.signature)
    assert mine.won + theirs.won == 4
    assert (mine.expected_milli, mine.variance_milli, mine.roster_size) == (2000, 1000, 2)
    assert mine.listed and mine.reason is None


async def test_money_waits_for_a_database_that_fails_for_a_while(
    run: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = await run.node()
    node.opens = False
    request = asyncio.create_task(run.chat())
    asked = await node.wait(OpenRequest)
    store, failures = run.coordinator.parts.store, 0
    works = store.transact

    async def failing(work: Any) -> Any:
        nonlocal failures
        if "settle" in work.__qualname__ and failures < 3:
            failures += 1
            raise StoreError("The disk is full.")
        return await works(work)

    monkeypatch.setattr(judging, "AGAIN_S", 0.01)
    monkeypatch.setattr(store, "transact", failing)
    await node.send(Opening(asked.job, asked.attempt, node.blobs[asked.job]))
    assert (await request).status_code == 200
    assert failures == 3
    assert (await run.settled(1)).jobs.accepted == 1


async def test_an_epoch_change_that_is_cancelled_ends_though_the_database_fails(
    run: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found by the simulation: the failure took the cancellation's place, and nothing could stop it."""
    works, paying = run.coordinator.parts.store.transact, asyncio.Event()

    async def failing(work: Any) -> Any:
        if "_pay_out" in work.__qualname__:
            paying.set()
            await asyncio.Event().wait()
        if "announce." in work.__qualname__:
            raise StoreError("The disk is full.")
        return await works(work)

    with monkeypatch.context() as patched:
        patched.setattr(run.coordinator.parts.store, "transact", failing)
        changing = asyncio.create_task(run.coordinator.epochs.open_next())
        await paying.wait()
        changing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await changing


@pytest.mark.parametrize("failures", [0, 1])
async def test_a_verdict_that_cannot_be_handed_over_is_no_failure_of_the_job(
    run: Running, monkeypatch: pytest.MonkeyPatch, failures: int
) -> None:
    """Found by the simulation: the client was told that nothing is charged, and the node was told nothing.

    The node has another session when the verdict stands than it had before, and is sent it all the same.
    """
    node = await run.node()
    works, back, failed = run.coordinator.parts.store.transact, False, 0

    async def failing(work: Any) -> Any:
        nonlocal back, failed
        if "Judging._settle" in work.__qualname__:
            await node.drop()
            await until(lambda: not run.coordinator.registry.sessions())
            seen = len(node.got(Presence))
            await node.connect()
            await node.wait(Presence, seen + 1)
            back = True
        elif "Outbox._send" in work.__qualname__ and back and failed < failures:
            failed += 1
            raise StoreError("The disk is full.")
        return await works(work)

    monkeypatch.setattr(run.coordinator.parts.store, "transact", failing)
    assert (await run.chat()).status_code == 200
    assert failed == failures
    assert (await node.wait(Receipt)).outcome == "accepted"
    assert (await run.settled(1)).jobs.accepted == 1


async def test_a_request_that_cannot_be_written_down_is_refused(
    run: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    await run.node()

    async def full(work: Any) -> Any:
        raise StoreError("The disk is full.")

    with monkeypatch.context() as patched:
        patched.setattr(run.coordinator.parts.store, "transact", full)
        response = await run.chat()
        assert response.status_code == 503
        assert "Nothing is charged" in response.json()["error"]["message"]
    assert (await run.chat()).status_code == 200


async def test_the_transcript_alone_shows_that_every_draw_was_fair(run: Running) -> None:
    """What an auditor does: chain, signatures, seeds, rosters and picks from the tables only."""
    bad = await run.node("bad")
    bad.engine.fail_after = 0
    await run.node("good")
    for _ in range(5):
        assert (await run.chat(max_tokens=2)).status_code == 200
    await run.coordinator.epochs.open_next()
    secret, root = rows(run, "SELECT secret, root FROM epochs WHERE epoch = 1")[0]
    seeds = EpochSeeds(bytes.fromhex(secret))
    assert seeds.root == root
    tickets = rows(
        run,
        "SELECT job, k, epoch, roster_root, roster_size, attempt, slot, chances, excluded, "
        "signature, chain, seed, nonce, pick, node FROM tickets ORDER BY k",
    )
    assert [t[1] for t in tickets] == list(range(len(tickets)))
    assert len(tickets) >= 5
    chain = ""
    for *fields, excluded, signature, linked, seed, nonce, index, node in tickets:
        left_out = msgspec.json.decode(excluded, type=tuple[Exclusion, ...])
        ticket = Ticket(*fields, excluded_digest(left_out))
        assert verify(bad.coordinator, ticket_bytes(ticket), signature)
        chain = hashlib.sha256(bytes.fromhex(chain) + ticket_bytes(ticket)).hexdigest()
        assert chain == linked
        assert seed == seeds.reveal(ticket.k)[0]
        members = rows(run, f"SELECT node FROM roster_members WHERE root = '{ticket.roster_root}'")
        roster = Roster(tuple(m for (m,) in members))
        assert (roster.root, len(roster)) == (ticket.roster_root, ticket.roster_size)
        drawn = pick_of(ticket, seed, nonce, left_out)
        assert ticket.chances == len(members) - len(left_out)
        assert (drawn.index, roster.ids[drawn.index]) == (index, node)


def rows(run: Running, query: str) -> list[tuple[Any, ...]]:
    import sqlite3

    from console.coordinator.store.schema import DATABASE

    connection = sqlite3.connect(run.home / DATABASE)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


async def test_a_result_that_is_not_on_record_yet_is_nobodys_word_taken(tmp_path: Path) -> None:
    """A node that sends it again meanwhile is told nothing: it must keep what may yet be lost here."""
    async with running(tmp_path) as run:
        node = await run.node(manual=True)
        request, given = await assigned(run, node)
        result = await node.generate(given, chunks=False)
        assert result is not None
        store, slow = run.coordinator.parts.store, asyncio.Event()
        works = store.transact

        async def waits(work: Any) -> Any:
            await slow.wait()
            return await works(work)

        store.transact = waits  # type: ignore[method-assign]
        await node.send(result)
        live = run.coordinator.dispatch._live[given.job]
        await until(lambda: live.result is not None)  # it is being put on record
        await node.send(result)
        await node.wait(Presence, len(node.got(Presence)) + 2)  # of beats that came after it
        assert not node.got(ResultAnswered) and not request.done()
        slow.set()
        await node.wait(OpenRequest, job=given.job)
        assert [answer.status for answer in node.got(ResultAnswered)] == ["taken"]
        await node.send(result)
        assert (await node.wait(ResultAnswered, 2)).status == "taken"
        await node.send(Opening(given.job, given.attempt, node.blobs[given.job]))
        assert (await request).status_code == 200
