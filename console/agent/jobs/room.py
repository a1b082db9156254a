"""The room of jobs put together, and its door: what the network says of a job goes to whom it is for."""

from __future__ import annotations

from collections.abc import Callable

from console.agent.jobs.aftermath import Aftermath
from console.agent.jobs.desk import Desk
from console.agent.jobs.intake import Situation
from console.agent.jobs.office import Office
from console.agent.jobs.worker import Worker
from console.agent.supervision.supervisor import Supervisor
from console.protocol.messages import Cancel, FromCoordinator, OpenRequest, ResultAnswered
from console.protocol.types import Assignment, Receipt, Verdict


class JobRoom:
    """Desk, workers and aftermath over one office."""

    def __init__(self, office: Office, supervisor: Supervisor, situation: Callable[[], Situation]) -> None:
        """`situation`: how the node is as an assignment comes."""
        self.desk = Desk(
            office,
            lambda: Worker(office, supervisor.engine, supervisor.ready, supervisor.doubt),
            lambda: supervisor.slots,
            situation,
        )
        self._aftermath = Aftermath(office)

    @property
    def load(self) -> int:
        """Jobs that are not finished."""
        return self.desk.waiting + self.desk.running

    async def heard(self, message: FromCoordinator) -> None:
        """The network said something; what is not of a job is left to others. May raise JournalError."""
        match message:
            case Assignment():
                await self.desk.assigned(message)
            case Cancel():
                await self.desk.cancelled(message)
            case OpenRequest():
                await self._aftermath.open_requested(message)
            case ResultAnswered():
                await self._aftermath.answered(message)
            case Verdict():
                await self._aftermath.judged(message)
            case Receipt():
                await self._aftermath.paid(message)
