"""The desk: takes assignments or declines them, keeps the queue, has it worked off in order of arrival."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from console.agent.jobs.first_record import first_record
from console.agent.jobs.intake import Situation, objection, recompute_draw
from console.agent.jobs.office import JobFailed, Office
from console.agent.jobs.records import Key
from console.agent.jobs.worker import Worker
from console.agent.journal import JobRecord
from console.protocol.ids import short
from console.protocol.messages import Ack, Cancel, Decline
from console.protocol.types import Assignment, Fault

_Item = tuple[Assignment, JobRecord]


class Desk:
    """Owns the queue and what runs. `run` it until cancelled."""

    def __init__(
        self,
        office: Office,
        hire: Callable[[], Worker],
        slots: Callable[[], int],
        situation: Callable[[], Situation],
    ) -> None:
        """`hire`: a worker for one job; `slots`: jobs that may run at once, as things are now."""
        self._office = office
        self._hire = hire
        self._slots = slots
        self._situation = situation
        self._queue: deque[_Item] = deque()
        self._running: dict[Key, Worker] = {}
        self._stir = asyncio.Event()
        self.idle = asyncio.Event()
        self.idle.set()
        self.busy = asyncio.Event()
        """The opposite of `idle`: what only fills idle time waits for it, and gives way."""

    @property
    def waiting(self) -> int:
        """Jobs in the queue."""
        return len(self._queue)

    @property
    def running(self) -> int:
        """Jobs that run."""
        return len(self._running)

    @property
    def idle_ms(self) -> int:
        """How long none of the jobs that are with the engine has had a token; 0 when there is none."""
        return min(self._idle_times(), default=0)

    def wake(self) -> None:
        """There may be more slots than before."""
        self._stir.set()

    async def assigned(self, assignment: Assignment) -> None:
        """An assignment came: take it, or say why not. The same one again is only acknowledged again."""
        known = await self._office.records.find(assignment.job, assignment.attempt)
        if known is not None:
            await self._again(known)
            return
        situation = self._situation()
        draw = recompute_draw(assignment, situation)
        no = objection(assignment, situation, draw)
        record = first_record(assignment, situation, draw, self._office.now_ms())
        if no is None and not await self._office.records.keep(record, "queued", "Taken into the queue."):
            sentence = "The job cannot be journalled: the node's disk is full."
            no = Decline(assignment.job, assignment.attempt, assignment.fence, "engine_down", sentence)
        if no is not None:
            await self._decline(record, no)
            return
        await self._office.send(Ack(assignment.job, assignment.attempt, assignment.fence))
        self._queue.append((assignment, record))
        self.idle.clear()
        self.busy.set()
        self._stir.set()
        await self._office.count(self._office.purse.took)

    async def cancelled(self, cancel: Cancel) -> None:
        """The network wants no answer any more."""
        failure = JobFailed("cancelled", "The network cancelled this attempt.")
        key = (cancel.job, cancel.attempt)
        if key in self._running:
            self._running[key].stop(failure)
            return
        for item in [i for i in self._queue if _key(i[0]) == key]:
            self._queue.remove(item)
            await self._office.failed(item[1], failure)
            self._settle()

    def engine_lost(self, sentence: str) -> None:
        """The engine is gone: what ran on it has failed, and what waits for it waits on."""
        for worker in self._running.values():
            if worker.idle_ms is not None:
                worker.stop(JobFailed("engine_crashed", sentence))

    def end_stalled(self, limit_ms: int) -> None:
        """Fail each job that has had no token for `limit_ms` while another one had: it is stuck by itself."""
        if self.idle_ms >= limit_ms:
            return  # then nothing gets on, and the engine is what is stuck
        for worker in self._running.values():
            if (worker.idle_ms or 0) >= limit_ms:
                words = f"The job got no token for {limit_ms // 1000} s while others did."
                worker.stop(JobFailed("stalled", words))

    async def recover(self) -> None:
        """After a restart: whatever was unfinished failed with the last agent. Raises JournalError."""
        for record in await self._office.journal.jobs.unfinished():
            view = record.view
            if await self._office.journal.results.has(view.job, view.attempt):
                self._office.records.show(record)
                continue
            sentence = "The node was restarted in the middle of this job."
            await self._office.failed(record, JobFailed("agent_restarted", sentence))

    async def give_up(self, sentence: str) -> None:
        """The node stops: say at once what it will not finish, so that others can."""
        failure = JobFailed("agent_stopped", sentence, "nobody")
        left, self._queue = list(self._queue), deque()
        for _, record in left:
            await self._office.failed(record, failure)
        for worker in self._running.values():
            worker.stop(failure)
        self._settle()
        await self.idle.wait()

    async def run(self) -> None:
        """Have the queue worked off in the order of arrival, as many jobs at once as there are slots."""
        async with asyncio.TaskGroup() as at_work:
            while True:
                await self._stir.wait()
                self._stir.clear()
                while self._queue and self.running < max(1, self._slots()):
                    assignment, record = self._queue.popleft()
                    worker = self._running[_key(assignment)] = self._hire()
                    at_work.create_task(self._work(worker, assignment, record))

    async def _work(self, worker: Worker, assignment: Assignment, record: JobRecord) -> None:
        try:
            await worker.work(assignment, record)
        finally:
            del self._running[_key(assignment)]
            self._settle()
            self._stir.set()

    def _idle_times(self) -> list[int]:
        return [worker.idle_ms for worker in self._running.values() if worker.idle_ms is not None]

    async def _decline(self, record: JobRecord, no: Decline) -> None:
        await self._office.send(no)
        fault: Fault = "coordinator" if no.code == "draw_wrong" else "node"
        await self._office.ended(record, "failed", "declined", fault=fault, sentence=no.sentence)
        text = f"Declined job {short(no.job)}: {no.sentence}"
        self._office.board.note("error" if no.code == "draw_wrong" else "warning", "jobs", text)

    async def _again(self, record: JobRecord) -> None:
        view = record.view
        if view.state in ("queued", "running"):
            await self._office.send(Ack(view.job, view.attempt, record.fence))
        elif view.state == "result":
            await self._office.pay_debts()

    def _settle(self) -> None:
        if not self._queue and not self._running:
            self.idle.set()
            self.busy.clear()


def _key(assignment: Assignment) -> Key:
    return assignment.job, assignment.attempt
