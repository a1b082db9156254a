"""The node: all parts of the agent put together, and what flows between them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import msgspec

from console import __version__
from console.agent.board import Board
from console.agent.calls.caller import Caller
from console.agent.calls.ways import ways
from console.agent.clock import steady
from console.agent.commands import Commands
from console.agent.daybook import Daybook
from console.agent.daybook.export import Export
from console.agent.engine_news import EngineNews
from console.agent.identity import Identity, machine_digest
from console.agent.jobs.aftermath import Aftermath, verdict_view
from console.agent.jobs.desk import Desk
from console.agent.jobs.intake import Situation
from console.agent.jobs.office import Office
from console.agent.jobs.openings import Openings
from console.agent.jobs.records import Records
from console.agent.jobs.worker import Worker
from console.agent.journal import Journal, JournalError
from console.agent.machine import own_sampler
from console.agent.model import ModelFile, models_folder
from console.agent.model_commands import ModelCommands
from console.agent.money import Purse
from console.agent.notes import NoteWriter
from console.agent.origin import Origin
from console.agent.parts import ModelClaim, Parts
from console.agent.pins import KeptPins
from console.agent.policies import Policies
from console.agent.pulse import Pulse
from console.agent.recompute import Recompute
from console.agent.statements.desk import StatementDesk
from console.agent.statements.details import StatementDetails
from console.agent.supervision.happenings import Limits
from console.agent.supervision.supervisor import Supervisor
from console.agent.surveyor import Surveyor
from console.agent.uplink import Uplink
from console.agent.weights import Weights
from console.agent.witness import Witness
from console.control.server import ControlServer
from console.control.state import JOBS_KEPT, NOTES_KEPT, VERDICTS_KEPT, NodeFacts, NodeState
from console.models.inventory import Inventory
from console.network.dialler import Dialler
from console.protocol.ids import short
from console.protocol.messages import (
    NAME_LIMIT,
    Cancel,
    FromCoordinator,
    Heartbeat,
    OpenRequest,
    ResultAnswered,
    StatementAnswer,
)
from console.protocol.types import Assignment, Receipt, Verdict
from console.settings.config import Config
from console.settings.paths import socket_path

SOFTWARE = f"quarterdeck/{__version__}"


class Node:
    """The parts, wired. Built once per run; `restore` before `work`."""

    def __init__(
        self,
        home: Path,
        config: Config,
        parts: Parts,
        identity: Identity,
        journal: Journal,
        model: ModelFile,
        board: Board,
        *,
        claim: ModelClaim | None,
        practice: bool,
        stop: Callable[[], None],
        restart: Callable[[], None],
        origin: Origin,
    ) -> None:
        """`origin`: how this run was started; `restart`: `stop`, and then start again."""
        self.board = board
        self._home = home
        self._config = config
        self._now_ms = parts.now_ms
        self._journal = journal
        self._model = model
        self._served = claim or ModelClaim(model.group, model.name)
        self._notes = NoteWriter(journal, lambda sentence: self._pulse.trouble_is(sentence))
        self._weights = Weights(board, Inventory(models_folder(home)), config, model, origin)
        self._models = ModelCommands(board, self._weights, origin, self._load, restart)
        self._build(parts, identity, practice, stop)

    def _build(self, parts: Parts, identity: Identity, practice: bool, stop: Callable[[], None]) -> None:
        now_ms, node, journal, model = parts.now_ms, identity.key.node_id, self._journal, self._model
        launcher = parts.launcher(self._home, model, self._config)
        name = (self._config.node.name or f"node-{short(node)}")[:NAME_LIMIT]
        address = self._config.node.coordinator
        self.board.state = NodeState(
            node=NodeFacts(node, name, SOFTWARE, str(self._home), os.getpid(), now_ms(), practice)
        )
        self.board.on_keep = self._notes.take
        notify = self._config.notify
        self._caller = Caller(
            ways(notify), notify.per_hour, name, lambda words: self.board.note("warning", "operator", words)
        )
        self.board.listen(self._caller.hear)
        served = self._served
        self._purse = Purse(journal, self.board, now_ms, served.group)
        self._policies = Policies(journal, self.board, now_ms)
        self._uplink = Uplink(address, name, SOFTWARE, machine_digest(), self.board, self._purse, now_ms)
        limits = Limits(self._config.engine.token_timeout_s, self._config.engine.start_timeout_s)
        self.supervisor = Supervisor(launcher, limits, steady(now_ms))
        self._records = Records(journal, self.board, now_ms)
        self._office = Office(
            identity.key,
            journal,
            self._records,
            Openings(journal),
            self._purse,
            self.board,
            self._uplink.send,
            now_ms,
            lambda: self._uplink.coordinator,
        )
        self._desk = Desk(
            self._office,
            lambda: Worker(self._office, launcher.engine, self.supervisor.ready, self.supervisor.doubt),
            lambda: self.supervisor.slots,
            self._situation,
        )
        self._aftermath = Aftermath(self._office)
        called = served.name or model.name
        self._statements = StatementDesk(node, journal, self.board, self._uplink.send, now_ms)
        self._uplink.on_epoch = self._statements.told
        self._daybook = Daybook(journal, self.board, self._config.power, served.group, called, now_ms)
        self._daybook.statements = self._statements.view
        self._statements.on_kept = self._daybook.stated
        self._daybook.policy = lambda: self._uplink.view.policy or self._purse.standing.policy
        self._pulse = Pulse(
            board=self.board,
            journal=journal,
            purse=self._purse,
            policies=self._policies,
            desk=self._desk,
            supervisor=self.supervisor,
            uplink=self._uplink,
            daybook=self._daybook,
            model=model.name,
            weights=model.path,
            now_ms=now_ms,
        )
        self._connect_parts(limits)
        folders = list(dict.fromkeys((self._home, models_folder(self._home))))
        self._surveyor = Surveyor(self.board, folders, self.supervisor.ready, parts.survey, now_ms)
        witness = Witness(journal, node, self._uplink.context)
        self._uplink.on_commitment, self._uplink.on_presence = witness.told, witness.saw
        witness.on_kept = self._uplink.keeps
        self._witness = witness
        recompute = Recompute(self._records, journal, self.supervisor, self._desk, node, model.group)
        commands = Commands(
            board=self.board,
            journal=journal,
            records=self._records,
            policies=self._policies,
            desk=self._desk,
            supervisor=self.supervisor,
            uplink=self._uplink,
            key_file=str(identity.path),
            stop=stop,
            refresh=self._pulse.refresh,
            more={
                **self._models.table(),
                "recompute": recompute.answer,
                "witnessed": witness.answer,
                "earnings": Export(journal).answer,
                "probe_machine": self._surveyor.probe,
                "statements": self._statements.answer,
                "statement": StatementDetails(node, journal).answer,
            },
        )
        self.server = ControlServer(socket_path(self._home, "agent"), self.board, commands, SOFTWARE)
        network = parts.network(address, identity.key, KeptPins(journal.facts))
        self._dialler = Dialler(network, self._uplink, random.SystemRandom().random)

    def _connect_parts(self, limits: Limits) -> None:
        self._records.on_trouble = self._pulse.trouble_is
        parts = (self.board, self.supervisor, self._desk, self._pulse, self._uplink)
        news = EngineNews(*parts, self._model, self._served, limits.late_ms)
        self.supervisor.on_change = news.changed
        self.supervisor.on_health = news.health_came
        self.supervisor.job_idle_ms = lambda: self._desk.idle_ms
        self._uplink.describe = self._heartbeat
        self._uplink.on_message = self._route
        self._uplink.on_connected = self._office.pay_debts

    async def restore(self) -> None:
        """Take up what the last run left. Raises JournalError."""
        journal = self._journal
        await self._policies.load()
        await self._purse.load()
        state = self.board.state
        self.board.state = msgspec.structs.replace(
            state,
            jobs=tuple(record.view for record in await journal.jobs.latest(JOBS_KEPT)),
            verdicts=tuple(verdict_view(v) for v in await journal.jobs.latest_verdicts(VERDICTS_KEPT)),
            notes=tuple(await journal.jobs.latest_notes(NOTES_KEPT)),
            network=self._uplink.view,
        )
        await self._desk.recover()
        await self._daybook.load()

    def work(self) -> list[Coroutine[Any, Any, None]]:
        """What runs as long as the node does."""
        parts: list[Coroutine[Any, Any, None]] = [
            self.supervisor.run(),
            self._desk.run(),
            self._pulse.sample(own_sampler(self._home)),
            self._surveyor.run(),
            self._pulse.tick(),
            self._policies.keep_time(self._desk.give_up, self._pulse.refresh),
            self._notes.run(),
            self._weights.run(),
            self._caller.run(),
            self._statements.run(),
        ]
        if self._config.node.coordinator:
            parts.append(self._dialler.run())
        return parts

    async def wind_up(self) -> None:
        """Give back what is unfinished and say goodbye, within ten seconds."""
        self.board.note("info", "operator", "The agent stops.", keep=False)
        try:
            async with asyncio.timeout(10.0):
                await self._desk.give_up("The node's operator stopped it.")
                await self._uplink.leave("The operator stopped the node.")
        except TimeoutError:
            return
        finally:
            with contextlib.suppress(JournalError):
                await self._daybook.close()
                await self._witness.flush()

    def _situation(self) -> Situation:
        state = self._pulse.reason()
        return Situation(
            node=self.board.state.node.id,
            offer=self._uplink.offer,
            coordinator=self._uplink.coordinator,
            seeds_roots=self._uplink.seeds_roots,
            load=self._load(),
            queue_limit=self._uplink.policy.queue_limit,
            switched_off=self._policies.code,
            engine_ready=self.supervisor.ready.is_set(),
            trouble=state.sentence if state.code == "disk_full" else "",
        )

    def _heartbeat(self) -> Heartbeat:
        resting = self._pulse.resting()
        code = resting.code if resting else self._pulse.reason().code
        return Heartbeat(resting is None, code, self._load(), self._now_ms())

    def _load(self) -> int:
        """Jobs that are not finished."""
        return self._desk.waiting + self._desk.running

    async def _route(self, message: FromCoordinator) -> None:
        match message:
            case Assignment():
                await self._desk.assigned(message)
            case Cancel():
                await self._desk.cancelled(message)
            case OpenRequest():
                await self._aftermath.open_requested(message)
            case ResultAnswered():
                await self._aftermath.answered(message)
            case Verdict():
                await self._aftermath.judged(message)
            case Receipt():
                await self._aftermath.paid(message)
            case StatementAnswer():
                self._statements.heard(message)
        self._pulse.refresh()
