"""The node: all parts of the agent put together, and what flows between them."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import msgspec

from console.agent.board import Board
from console.agent.calls.caller import Caller
from console.agent.calls.ways import ways
from console.agent.clock import NowMs, steady
from console.agent.commands import Commands
from console.agent.condition import Condition
from console.agent.daybook import Daybook
from console.agent.daybook.export import Export
from console.agent.engine_news import EngineNews
from console.agent.first_state import remembered, who
from console.agent.identity import Identity, machine_digest
from console.agent.jobs.office import Office
from console.agent.jobs.openings import Openings
from console.agent.jobs.records import Records
from console.agent.jobs.room import JobRoom
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
from console.control.state import NodeState
from console.models.inventory import Inventory
from console.network.dialler import Dialler
from console.protocol.ids import NodeId
from console.protocol.keys import SigningKey
from console.protocol.messages import FromCoordinator, StatementAnswer
from console.settings.config import Config
from console.settings.paths import socket_path


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
        self._journal = journal
        self._model = model
        self._served = claim or ModelClaim(model.group, model.name)
        self._notes = NoteWriter(journal, lambda sentence: self._pulse.trouble_is(sentence))
        self._weights = Weights(board, Inventory(models_folder(home)), config, model, origin)
        self._models = ModelCommands(board, self._weights, origin, lambda: self._jobs.load, restart)
        self._build(parts, identity, practice, stop)

    def _build(self, parts: Parts, identity: Identity, practice: bool, stop: Callable[[], None]) -> None:
        now_ms, key, node = parts.now_ms, identity.key, self._config.node
        facts = who(key.node_id, node.name, self._home, now_ms(), practice)
        self.board.state = NodeState(node=facts)
        self.board.on_keep = self._notes.take
        notify = self._config.notify
        self._caller = Caller(
            ways(notify),
            notify.per_hour,
            facts.name,
            lambda words: self.board.note("warning", "operator", words),
        )
        self.board.listen(self._caller.hear)
        self._purse = Purse(self._journal, self.board, now_ms, self._served.group)
        self._policies = Policies(self._journal, self.board, now_ms)
        self._uplink = Uplink(
            node.coordinator, facts.name, facts.software, machine_digest(), self.board, self._purse, now_ms
        )
        launcher = parts.launcher(self._home, self._model, self._config)
        limits = Limits(self._config.engine.token_timeout_s, self._config.engine.start_timeout_s)
        self.supervisor = Supervisor(launcher, limits, steady(now_ms))
        self._build_jobs(key, now_ms)
        self._build_books(key.node_id, now_ms)
        self._build_pulse(now_ms)
        self._connect_parts(limits)
        folders = list(dict.fromkeys((self._home, models_folder(self._home))))
        self._surveyor = Surveyor(self.board, folders, self.supervisor.ready, parts.survey, now_ms)
        commands = self._commands(identity, stop)
        self.server = ControlServer(socket_path(self._home, "agent"), self.board, commands, facts.software)
        network = parts.network(node.coordinator, key, KeptPins(self._journal.facts))
        self._dialler = Dialler(network, self._uplink, random.SystemRandom().random)

    def _build_jobs(self, key: SigningKey, now_ms: NowMs) -> None:
        self._records = Records(self._journal, self.board, now_ms)
        self._office = Office(
            key,
            self._journal,
            self._records,
            Openings(self._journal),
            self._purse,
            self.board,
            self._uplink.send,
            now_ms,
            lambda: self._uplink.coordinator,
        )
        self._jobs = JobRoom(self._office, self.supervisor, lambda: self._condition.situation())
        self._desk = self._jobs.desk

    def _build_books(self, node: NodeId, now_ms: NowMs) -> None:
        """What was earned, what the network states of it, and what this node saw of the draws."""
        journal, group = self._journal, self._served.group
        called = self._served.name or self._model.name
        self._statements = StatementDesk(node, journal, self.board, self._uplink.send, now_ms)
        self._uplink.on_epoch = self._statements.told
        self._daybook = Daybook(journal, self.board, self._config.power, group, called, now_ms)
        self._daybook.statements = self._statements.view
        self._statements.on_kept = self._daybook.stated
        self._daybook.policy = lambda: self._uplink.view.policy or self._purse.standing.policy
        self._witness = Witness(journal, node, self._uplink.context)
        self._uplink.on_commitment, self._uplink.on_presence = self._witness.told, self._witness.saw
        self._witness.on_kept = self._uplink.keeps

    def _build_pulse(self, now_ms: NowMs) -> None:
        self._pulse = Pulse(
            board=self.board,
            journal=self._journal,
            purse=self._purse,
            policies=self._policies,
            desk=self._desk,
            supervisor=self.supervisor,
            uplink=self._uplink,
            daybook=self._daybook,
            model=self._model.name,
            weights=self._model.path,
            now_ms=now_ms,
        )
        self._condition = Condition(
            self.board, self.supervisor, self._jobs, self._policies, self._pulse, self._uplink, now_ms
        )

    def _commands(self, identity: Identity, stop: Callable[[], None]) -> Commands:
        journal, node = self._journal, identity.key.node_id
        recompute = Recompute(self._records, journal, self.supervisor, self._desk, node, self._model.group)
        return Commands(
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
                "witnessed": self._witness.answer,
                "earnings": Export(journal).answer,
                "probe_machine": self._surveyor.probe,
                "statements": self._statements.answer,
                "statement": StatementDetails(node, journal).answer,
            },
        )

    def _connect_parts(self, limits: Limits) -> None:
        self._records.on_trouble = self._pulse.trouble_is
        parts = (self.board, self.supervisor, self._desk, self._pulse, self._uplink)
        news = EngineNews(*parts, self._model, self._served, limits.late_ms)
        self.supervisor.on_change = news.changed
        self.supervisor.on_health = news.health_came
        self.supervisor.job_idle_ms = lambda: self._desk.idle_ms
        self._uplink.describe = self._condition.heartbeat
        self._uplink.on_message = self._route
        self._uplink.on_connected = self._office.pay_debts

    async def restore(self) -> None:
        """Take up what the last run left. Raises JournalError."""
        await self._policies.load()
        await self._purse.load()
        state = await remembered(self.board.state, self._journal)
        self.board.state = msgspec.structs.replace(state, network=self._uplink.view)
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

    async def _route(self, message: FromCoordinator) -> None:
        if isinstance(message, StatementAnswer):
            self._statements.heard(message)
        else:
            await self._jobs.heard(message)
        self._pulse.refresh()
