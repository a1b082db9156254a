"""Bugs planted on purpose, each in the one function that holds it off: all of them have to be found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
import pytest

from console.coordinator.audits import audits
from console.coordinator.challenges.challenges import Challenges
from console.coordinator.dispatch import dispatch, judging, runner, settle
from console.coordinator.dispatch.answers import answer
from console.coordinator.dispatch.dispatch import Dispatch
from console.coordinator.door.door import Door
from console.coordinator.draws import draws, tickets
from console.coordinator.draws.draws import Draws
from console.coordinator.jobs import jobs, live
from console.coordinator.jobs.jobs import FINAL, Job
from console.coordinator.nodes.machines import Machines
from console.coordinator.nodes.sessions import Session
from console.coordinator.rosters import listing, needs
from console.coordinator.rosters.rosters import Candidate, Eligible, Rules, SlotRoster, left_out, roster_ids
from console.coordinator.store import Store, Unit
from console.coordinator.store.sql import SqlUnit
from console.fairness import pick_of
from console.fairness.audit import NONCE_WITHHELD
from console.fairness.draw import Pick
from console.ledger import OUTSIDE, fee, node_pending
from console.protocol.ids import NanoCredits, NodeId
from console.protocol.types import LOAD, Exclusion, Fault, Posting, Result, Ticket, Transaction


def pays_late_results(patch: pytest.MonkeyPatch) -> None:
    """A result for a job that is over is paid (again): `answer_late`."""

    async def late(store: Store, session: Session, result: Result) -> None:
        def look(unit: Unit) -> None:
            job = unit.job(result.job)
            name = f"pay:{result.job}:{result.attempt}"
            if job is not None and job.state in FINAL and not unit.booked(name):
                moves = (OUTSIDE, -500), (node_pending(session.node), 500)
                postings = tuple(Posting(account, NanoCredits(amount)) for account, amount in moves)
                unit.book(Transaction(name, job.changed_ms, postings))

        await store.transact(look)
        answer(session, result, "taken")

    patch.setattr(dispatch, "answer_late", late)


def pays_twice_under_one_name(patch: pytest.MonkeyPatch) -> None:
    """The same payment is booked on top of itself: `settle.pay` doubles its postings."""
    pay = settle.pay

    def doubled(*args: Any, **kwargs: Any) -> Transaction:
        once = pay(*args, **kwargs)
        moved = tuple(
            msgspec.structs.replace(p, amount=NanoCredits(2 * p.amount))
            if p.account.startswith("node:")
            else p
            for p in once.postings
        )
        extra = NanoCredits(-sum(p.amount for p in moved))
        return msgspec.structs.replace(once, postings=(*moved, Posting(OUTSIDE, extra)))

    patch.setattr(settle, "pay", doubled)


def skips_the_fence_check(patch: pytest.MonkeyPatch) -> None:
    """A result under any fence and attempt counts: `LiveJob.holds`."""
    patch.setattr(live.LiveJob, "holds", lambda self, node, attempt, fence: True)


def skips_the_fence_check_everywhere(patch: pytest.MonkeyPatch) -> None:
    """The same, and the state machine behind it sleeps as well: `LiveJob.holds`, `jobs._fenced`."""
    skips_the_fence_check(patch)
    patch.setattr(jobs, "_fenced", lambda job, node, fence: job)


def draws_among_idle_nodes(patch: pytest.MonkeyPatch) -> None:
    """Who has work is not drawn: `needs._why_not`."""
    usual = needs._why_not

    def busy(seen: Candidate | None, rules: Rules) -> str:
        works = seen is not None and seen.open_jobs > 0
        return usual(seen, rules) or ("queue_full" if works else "")

    patch.setattr(needs, "_why_not", busy)


def leaves_a_live_node_out(patch: pytest.MonkeyPatch) -> None:
    """Rosters leave out whom the coordinator does not like, the last one by id: `roster_ids`."""

    def without(nodes: Iterable[Candidate], rules: Rules) -> tuple[NodeId, ...]:
        listed = roster_ids(nodes, rules)
        return listed[:-1] if len(listed) > 1 else listed

    patch.setattr(listing, "roster_ids", without)


def leaves_a_live_node_out_of_draws_alone(patch: pytest.MonkeyPatch) -> None:
    """Rosters list a node that draws pass over for a made-up reason: `needs.left_out`."""

    def without(listed: SlotRoster, codes: Mapping[NodeId, str]) -> Eligible:
        made_up = {listed.ids[0]: "heartbeat"} if len(listed.ids) > 1 else {}
        return left_out(listed, {**codes, **made_up})

    patch.setattr(needs, "left_out", without)


def counts_every_claim(patch: pytest.MonkeyPatch) -> None:
    """Every node stands for a machine of its own, whatever it claims: `Machines.stands_for`."""
    patch.setattr(Machines, "stands_for", lambda self, machine, node, could: None)


def lists_nobody_of_a_machine(patch: pytest.MonkeyPatch) -> None:
    """A second node keeps out the first one too: `Machines.stands_for`."""

    def stands_for(self: Any, machine: str, node: NodeId, could: Callable[[NodeId], bool]) -> NodeId | None:
        return next((other for other in self._nodes.get(machine, {}) if other != node), None)

    patch.setattr(Machines, "stands_for", stands_for)


def believes_the_first_look(patch: pytest.MonkeyPatch) -> None:
    """Whoever is slow in a load challenge counts as one machine at once: `Challenges._experiment`."""

    async def experiment(self: Any, suspects: list[NodeId], others: list[NodeId]) -> frozenset[NodeId]:
        return frozenset(suspects)

    patch.setattr(Challenges, "_experiment", experiment)


def challenges_many_at_a_time(patch: pytest.MonkeyPatch) -> None:
    """A load challenge leaves some nodes out and draws among the others: `runner.for_one`."""

    def for_some(found: Eligible, node: NodeId) -> Eligible:
        codes = {other: LOAD for other in found.ids if other > node}
        return left_out(found.listed, codes)

    patch.setattr(runner, "for_one", for_some)


def signs_no_rosters(patch: pytest.MonkeyPatch) -> None:
    """A slot's roster carries a signature over something else: `draws.roster_bytes`, where it is signed."""
    patch.setattr(draws, "roster_bytes", lambda roster: b"roster")


def skips_the_refund_at_restart(patch: pytest.MonkeyPatch) -> None:
    """What the last run left open stays open: `Dispatch.recover`."""

    async def nothing(self: Any) -> int:
        return 0

    patch.setattr(Dispatch, "recover", nothing)


def signs_no_tickets(patch: pytest.MonkeyPatch) -> None:
    """Tickets carry a signature over something else: `draws.ticket_bytes`, where it is signed."""
    patch.setattr(draws, "ticket_bytes", lambda ticket: b"ticket")


def picks_another_node(patch: pytest.MonkeyPatch) -> None:
    """The coordinator takes the next node: `tickets.pick_of`."""

    def next_one(ticket: Ticket, seed: str, nonce: str, excluded: tuple[Exclusion, ...]) -> Pick:
        found = pick_of(ticket, seed, nonce, excluded)
        return msgspec.structs.replace(found, index=(found.index + 1) % ticket.roster_size)

    patch.setattr(tickets, "pick_of", next_one)


def skips_a_ticket_number(patch: pytest.MonkeyPatch) -> None:
    """A draw that was not liked is dropped: `Draws._next` passes a number over now and then."""
    usual = Draws._next

    def skipping(self: Draws, unit: Unit, epoch: int) -> tuple[int, str]:
        k, chain = usual(self, unit, epoch)
        if k != 1:
            return k, chain
        unit.take_draw(epoch, 2, chain)
        return 2, chain

    patch.setattr(Draws, "_next", skipping)


def penalises_without_evidence(patch: pytest.MonkeyPatch) -> None:
    """What a penalty rests on is not kept: `SqlUnit.add_evidence`."""
    patch.setattr(SqlUnit, "add_evidence", lambda *_: None)


def penalises_whom_it_likes(patch: pytest.MonkeyPatch) -> None:
    """A good answer is called false: `Auditor._without_model`."""

    def failing(self: Any, claim: Any, ask: Any) -> Any:
        return audits.NOT_OPENED

    patch.setattr(audits.Auditor, "_without_model", failing)


def takes_a_fee_for_any_ending(patch: pytest.MonkeyPatch) -> None:
    """A client that left, or found no node, pays as well: `settle.give_back` as the runner calls it."""

    def give_back(unit: Any, parts: Any, was: Job, fault: Fault, code: str, *, withheld: bool) -> Job:
        job = usual(unit, parts, was, fault, code, withheld=withheld)
        if code != NONCE_WITHHELD and was.held:
            unit.book(fee(was.id, was.client, 1, job.changed_ms))
        return job

    usual = settle.give_back
    patch.setattr(runner, "give_back", give_back)


def forgets_the_fee(patch: pytest.MonkeyPatch) -> None:
    """Whoever withholds its nonce pays nothing: `settle.withheld_fee`."""
    patch.setattr(settle, "withheld_fee", lambda policy, held: 0)


def gives_up_a_settlement(patch: pytest.MonkeyPatch) -> None:
    """A verdict that the database refuses once is dropped: `judging.insist`."""

    async def once(step: Callable[[], Any]) -> Any:
        return await step()

    for module in (judging, runner):
        patch.setattr(module, "insist", once)


def loses_a_line_unseen(patch: pytest.MonkeyPatch) -> None:
    """A line's task ends by an error that nobody catches, logs or waits for: `Door._greeting`."""

    async def failing(self: Any, session: Any) -> None:
        raise KeyError(session.node)

    patch.setattr(Door, "_greeting", failing)


BUGS: dict[Callable[[pytest.MonkeyPatch], None], int] = {
    pays_late_results: 30,
    pays_twice_under_one_name: 5,
    skips_the_fence_check: 30,
    skips_the_fence_check_everywhere: 100,
    draws_among_idle_nodes: 20,
    leaves_a_live_node_out: 10,
    leaves_a_live_node_out_of_draws_alone: 10,
    skips_the_refund_at_restart: 40,
    counts_every_claim: 20,
    lists_nobody_of_a_machine: 20,
    believes_the_first_look: 120,
    challenges_many_at_a_time: 20,
    signs_no_rosters: 5,
    signs_no_tickets: 5,
    picks_another_node: 5,
    skips_a_ticket_number: 10,
    penalises_without_evidence: 30,
    penalises_whom_it_likes: 5,
    takes_a_fee_for_any_ending: 20,
    forgets_the_fee: 20,
    gives_up_a_settlement: 60,
    loses_a_line_unseen: 2,
}
"""Each with the number of seeds within which it has to be found."""
