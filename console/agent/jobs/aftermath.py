"""After the answer: whether the network has it, how it was judged, what it came to."""

from __future__ import annotations

from console.agent.jobs.office import Office
from console.agent.jobs.records import moved
from console.control.events import VerdictArrived
from console.control.state import VerdictView
from console.ledger import LedgerError, check_transaction
from console.models.errors import plain
from console.protocol.frames import receipt_bytes
from console.protocol.ids import short
from console.protocol.keys import verify
from console.protocol.messages import Opening, OpenRequest, ResultAnswered
from console.protocol.types import Outcome, Receipt, Transaction, Verdict

STATISTICS_LIMIT = 8
"""Figures of one verdict that are passed on: there are six, and a coordinator may send anything."""


class Aftermath:
    """Takes what the network says about finished answers. Every method may raise JournalError."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._node = office.key.node_id

    async def answered(self, answer: ResultAnswered) -> None:
        """The network has the result, or never will: it is not sent again, and erased."""
        record = await self._office.given_here(answer.job, answer.attempt)
        if record is None:
            return
        sentence = plain(answer.sentence, 200)
        if answer.status == "taken":
            await self._office.records.keep(moved(record, "answered"), "answered", sentence)
        else:
            await self._office.records.keep(
                moved(record, "stale", sentence=sentence), answer.status, sentence
            )
            self._office.board.note("warning", "jobs", f"Result of {short(answer.job)} not taken: {sentence}")
            await self._office.openings.forget(answer.job, answer.attempt)
        await self._office.journal.results.answered(answer.job, answer.attempt)

    async def open_requested(self, request: OpenRequest) -> None:
        """An audit: open the commitment. An answer that is gone opens to nothing, which is honest."""
        given = await self._office.given_here(request.job, request.attempt) is not None
        blob = await self._office.openings.find(request.job, request.attempt) if given else b""
        await self._office.send(Opening(request.job, request.attempt, blob))

    async def judged(self, verdict: Verdict) -> None:
        """A verdict; the first one per attempt counts."""
        record = await self._office.records.find(verdict.job, verdict.attempt)
        if verdict.node != self._node or record is None:
            self._office.board.note("warning", "network", "A verdict came for a job that is not this node's.")
            return
        if not await self._office.journal.jobs.put_verdict(verdict, self._office.now_ms()):
            return
        sentence = plain(verdict.sentence, 300)
        changed = moved(
            record,
            verdict.outcome,
            outcome=verdict.outcome,
            mode=verdict.mode,
            sentence=sentence if verdict.outcome == "rejected" else record.view.sentence,
        )
        await self._office.records.keep(changed, verdict.outcome, sentence)
        self._office.board.apply(VerdictArrived(verdict_view(verdict)))
        if verdict.outcome == "rejected":
            self._office.board.note("error", "money", f"Answer {short(verdict.job)} was rejected: {sentence}")
        await self._evidence(verdict.job, verdict.attempt, verdict.outcome)

    async def paid(self, receipt: Receipt) -> None:
        """A receipt: booked only when signed by the coordinator that gave the job, and summing to zero."""
        record = await self._office.records.find(receipt.job, receipt.attempt)
        if receipt.node != self._node or record is None:
            self._office.board.note("warning", "money", "A receipt came for a job that is not this node's.")
            return
        trouble = receipt_trouble(receipt, record.coordinator)
        if trouble:
            self._office.board.note(
                "error", "money", f"The receipt of {short(receipt.job)} is not booked: {trouble}"
            )
            return
        if not await self._office.purse.received(receipt, record.coordinator):
            return
        changed = moved(
            record,
            receipt.outcome,
            outcome=receipt.outcome,
            reward=receipt.reward,
            penalty=receipt.penalty,
            settled=True,
        )
        word = "paid" if receipt.reward else "settled"
        await self._office.records.keep(changed, word, f"Booked as {plain(receipt.transaction.id, 80)}.")
        await self._evidence(receipt.job, receipt.attempt, receipt.outcome)
        await self._office.journal.results.answered(receipt.job, receipt.attempt)

    async def _evidence(self, job: str, attempt: int, outcome: Outcome) -> None:
        """An accepted answer's is erased; a rejected one's is kept while it can be disputed."""
        if outcome == "rejected":
            await self._office.openings.dispute(job, attempt, self._office.now_ms())
        else:
            await self._office.openings.forget(job, attempt)


def receipt_trouble(receipt: Receipt, coordinator: str) -> str:
    """What is wrong with a receipt; empty when nothing is."""
    if not verify(coordinator, receipt_bytes(receipt), receipt.signature):
        return "its signature is not the coordinator's."
    return transaction_trouble(receipt.transaction)


def transaction_trouble(transaction: Transaction) -> str:
    """What is wrong with the postings; empty when nothing is."""
    if not transaction.postings:
        return ""  # nothing could be moved: a penalty on a node that owns nothing
    try:
        check_transaction(transaction)
    except LedgerError as error:
        return f"{error}."
    return ""


def verdict_view(verdict: Verdict) -> VerdictView:
    """A verdict as one line of the stream."""
    return VerdictView(
        job=verdict.job,
        attempt=verdict.attempt,
        at_ms=verdict.at_ms,
        outcome=verdict.outcome,
        mode=verdict.mode,
        tokens_checked=verdict.tokens_checked,
        mismatches=verdict.mismatches,
        first_mismatch=verdict.first_mismatch,
        sentence=plain(verdict.sentence, 300),
        statistics=verdict.statistics[:STATISTICS_LIMIT],
        calibration=plain(verdict.calibration, 64),
        positions=verdict.positions,
    )
