"""What clients are told as the coordinator ends: the answer where it was settled, else what became of it."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from console.coordinator.jobs.endings import ending
from console.coordinator.jobs.jobs import Job
from console.coordinator.jobs.live import Done, LiveJob, Text, Trouble
from console.coordinator.store import Store, StoreError, Unit
from console.protocol.ids import JobId

log = logging.getLogger(__name__)
STOPPING = Trouble(
    503, "coordinator_stopping", "The network is being restarted. Nothing is charged; try again in a moment."
)
_UNCERTAIN = Trouble(
    503,
    "coordinator_stopping",
    "The network is being restarted, and its database does not say whether this answer was settled. "
    "If it was not, nothing is charged; look at your balance before you ask again.",
)


async def say_last_words(store: Store, ended: Sequence[LiveJob]) -> None:
    """To the clients of jobs whose tasks have ended. Never raises."""
    charged = await _charged(store, [live.job.id for live in ended])
    for live in ended:
        for event in (_UNCERTAIN,) if charged is None else _last_words(live, charged.get(live.job.id)):
            live.tell(event)


async def _charged(store: Store, ended: list[JobId]) -> dict[JobId, Job] | None:
    """Which of them were being settled, or charged a fee, as their tasks ended: what was queued then is
    written by now.

    None: the database does not say.
    """

    def look(unit: Unit) -> dict[JobId, Job]:
        found = (unit.job(job) for job in ended)
        return {job.id: job for job in found if job is not None and (job.state == "SETTLED" or job.price)}

    try:
        return await store.transact(look) if ended else {}
    except StoreError as error:
        log.error("%s", error)
        return None


def _last_words(live: LiveJob, charged: Job | None) -> Sequence[Text | Done | Trouble]:
    if charged is None:
        return (STOPPING,)
    return live.whole if charged.state == "SETTLED" else (ending(charged.code, charged.price),)
