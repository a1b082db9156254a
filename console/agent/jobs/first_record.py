"""What is put down of an assignment when it comes, whether it is taken or declined. Pure."""

from __future__ import annotations

from console.agent.jobs.intake import Situation, seeds_root
from console.agent.journal import JobRecord
from console.control.state import JobView
from console.fairness import DrawCheck, chances
from console.protocol.canonical import ids_digest
from console.protocol.types import Assignment


def first_record(
    assignment: Assignment, situation: Situation, draw: tuple[DrawCheck, ...], now_ms: int
) -> JobRecord:
    """The attempt as it begins: queued at `now_ms`. `draw`: the draw's checks, as it was recomputed."""
    view = JobView(
        job=assignment.job,
        attempt=assignment.attempt,
        state="queued",
        received_ms=now_ms,
        lease_until_ms=now_ms + assignment.lease_s * 1000,
        prompt_tokens=len(assignment.prompt_ids),
        max_tokens=assignment.max_tokens,
        temperature_milli=assignment.temperature_milli,
        roster_size=chances(assignment.draw.ticket),
        draw_ok=all(check.ok for check in draw),
    )
    return JobRecord(
        view=view,
        fence=assignment.fence,
        group=assignment.group,
        profile=situation.offer.profile if situation.offer is not None else "",
        reward_rate=assignment.reward_rate,
        draw=assignment.draw,
        seeds_root=seeds_root(assignment, situation),
        coordinator=situation.coordinator,
        prompt_digest=_digest(assignment),
    )


def _digest(assignment: Assignment) -> str:
    try:
        return ids_digest(assignment.prompt_ids)
    except OverflowError:
        return ""
