"""What clients of the control socket can have done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import msgspec

from console.agent.board import Board
from console.agent.evidence import job_detail
from console.agent.jobs.desk import Desk
from console.agent.jobs.records import Records
from console.agent.journal import Journal, JournalError
from console.agent.policies import Policies
from console.agent.supervision.supervisor import Supervisor
from console.agent.uplink import Uplink
from console.control.wire import Answer, Command
from console.models.errors import plain

JOBS_LIMIT = 1000


class IdentityAnswer(msgspec.Struct, frozen=True):
    """The result of the command `identity`."""

    id: str
    name: str
    home: str
    key_file: str
    coordinator: str
    coordinator_key: str


class Commands:
    """Answers commands; each does one thing and says in a sentence what came of it."""

    def __init__(
        self,
        *,
        board: Board,
        journal: Journal,
        records: Records,
        policies: Policies,
        desk: Desk,
        supervisor: Supervisor,
        uplink: Uplink,
        key_file: str,
        stop: Callable[[], None],
        refresh: Callable[[], None],
        more: Mapping[str, Callable[[Command], Awaitable[Answer]]],
    ) -> None:
        """`more`: what other owners of facts answer themselves, by the command's name."""
        self._board = board
        self._journal = journal
        self._records = records
        self._policies = policies
        self._desk = desk
        self._supervisor = supervisor
        self._uplink = uplink
        self._key_file = key_file
        self._stop = stop
        self._refresh = refresh
        self._known: dict[str, Callable[[Command], Awaitable[Answer]]] = {
            "pause": self._switch,
            "resume": self._switch,
            "drain": self._switch,
            "stop": self._end,
            "restart_engine": self._restart,
            "status": self._status,
            "jobs": self._jobs,
            "job": self._job,
            "identity": self._identity,
            **more,
        }

    async def __call__(self, command: Command) -> Answer:
        """The answer to `command`."""
        try:
            return await self._known[command.name](command)
        except JournalError as error:
            return Answer(command.id, False, str(error))

    async def _switch(self, command: Command) -> Answer:
        by = plain(str(command.args.get("by", "the operator")), 60)
        action = {
            "pause": self._policies.pause,
            "resume": self._policies.resume,
            "drain": self._policies.drain,
        }
        until_ms = command.args.get("until_ms", 0)
        try:
            sentence = await action[command.name](by, until_ms if isinstance(until_ms, int) else -1)
        except ValueError as error:
            return Answer(command.id, False, str(error))
        self._refresh()
        self._board.note("info", "operator", f"{command.name.capitalize()}, asked for by {by}.")
        return Answer(command.id, True, sentence)

    async def _end(self, command: Command) -> Answer:
        left = self._desk.running + self._desk.waiting
        given = f"{left} unfinished job(s) are given back to the network." if left else "No job was running."
        self._stop()
        return Answer(command.id, True, f"Stopping. {given}")

    async def _restart(self, command: Command) -> Answer:
        self._supervisor.restart()
        return Answer(command.id, True, "The engine is being restarted; a job that runs on it fails.")

    async def _status(self, command: Command) -> Answer:
        return _with(command, self._board.state)

    async def _jobs(self, command: Command) -> Answer:
        limit = command.args.get("limit", 50)
        if not isinstance(limit, int) or not 1 <= limit <= JOBS_LIMIT:
            return Answer(command.id, False, f"limit is a number from 1 to {JOBS_LIMIT}.")
        records = await self._journal.jobs.latest(limit)
        return _with(command, [record.view for record in records])

    async def _job(self, command: Command) -> Answer:
        job, attempt = command.args.get("job", ""), command.args.get("attempt", 0)
        record = None
        if isinstance(job, str) and isinstance(attempt, int):
            record = await self._records.find(job, attempt)
        if record is None:
            return Answer(command.id, False, "This node knows no such attempt of a job.")
        node = self._board.state.node.id
        return _with(command, await job_detail(self._journal, record, node, self._uplink.policy))

    async def _identity(self, command: Command) -> Answer:
        node = self._board.state.node
        coordinator = self._uplink.view.coordinator
        key = self._uplink.coordinator
        return _with(command, IdentityAnswer(node.id, node.name, node.home, self._key_file, coordinator, key))


def _with(command: Command, result: object) -> Answer:
    return Answer(command.id, True, "", msgspec.Raw(msgspec.json.encode(result)))
