"""The whole loop in process: sign-in, draw, answer, audit, pay or penalise."""

from __future__ import annotations

from pathlib import Path

from coordinator_harness import MODEL, Receipt, Verdict, running

from console.protocol.frames import receipt_bytes
from console.protocol.keys import verify


async def test_an_answer_is_drawn_checked_and_paid(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        node = await run.node()
        response = await run.chat(temperature=0.7)
        assert response.status_code == 200, response.text
        body = response.json()
        assert body["model"] == MODEL
        assert body["choices"][0]["finish_reason"] in ("stop", "length")
        assert response.headers["x-quarterdeck-job"] in body["id"]
        verdict = await node.wait(Verdict)
        assert (verdict.outcome, verdict.mode) == ("accepted", "recompute_exact")
        receipt = await node.wait(Receipt)
        assert verify(node.coordinator, receipt_bytes(receipt), receipt.signature)
        found = await run.settled(1)
    tokens = body["usage"]["total_tokens"]
    assert receipt.reward == 500 * tokens
    assert receipt.balances.bond + receipt.balances.pending == receipt.reward
    assert found.jobs.accepted == found.audits.recompute == 1
    assert found.ledger.paid == receipt.reward
    assert found.nodes[0].draws == 1
    assert found.nodes[0].expected == 1.0


async def test_a_cheat_is_rejected_penalised_and_its_client_refunded(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        rogue = await run.node("rogue", weights="cheaper")
        response = await run.chat()
        assert response.status_code == 502
        assert response.json()["error"]["code"] == "answer_rejected"
        verdict = await rogue.wait(Verdict)
        assert (verdict.outcome, verdict.mode, verdict.first_mismatch) == ("rejected", "recompute_exact", 0)
        assert (len(run.engine.scores), len(run.second.engine.scores)) == (1, 1)
        assert verdict.sentence.endswith("A second verifier agrees.")
        found = await run.settled(1)
    assert found.jobs.rejected == 1
    assert found.ledger.paid == 0
    assert found.ledger.refunded > 0
    assert found.jobs.accepted == 0


async def test_all_live_nodes_are_drawn_from(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        nodes = [await run.node(f"n{i}") for i in range(3)]
        for _ in range(12):
            assert (await run.chat(max_tokens=2)).status_code == 200
        found = await run.settled(12)
        assert {n.id for n in found.nodes} == {n.key.node_id for n in nodes}
    assert sum(n.draws for n in found.nodes) == 12
    assert all(n.expected == 4.0 for n in found.nodes)
