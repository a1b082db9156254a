"""What clients can have done with the weights, and with the agent itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from console.agent.board import Board
from console.agent.origin import Origin
from console.agent.weights import Weights
from console.control.models import ModelView
from console.control.wire import Answer, Command
from console.models.errors import plain
from console.settings.config import ConfigError

PRACTICE = "This node belongs to a practice run, which "
_GONE = ("absent", "partial")


class ModelCommands:
    """Answers commands; refusals are sentences that say what to do instead."""

    def __init__(
        self,
        board: Board,
        weights: Weights,
        origin: Origin,
        load: Callable[[], int],
        restart: Callable[[], None],
    ) -> None:
        """`load`: unfinished jobs; `restart`: wind up, then start again."""
        self._board = board
        self._weights = weights
        self._origin = origin
        self._load = load
        self._restart = restart

    def table(self) -> dict[str, Callable[[Command], Awaitable[Answer]]]:
        """By the command's name."""
        return {
            "models": self._models,
            "fetch_model": self._fetch,
            "cancel_fetch": self._cancel,
            "verify_model": self._verify,
            "use_model": self._use,
            "restart_agent": self._restart_agent,
        }

    async def _models(self, command: Command) -> Answer:
        view = await self._weights.refresh()
        return Answer(command.id, True, "", msgspec.Raw(msgspec.json.encode(view)))

    async def _fetch(self, command: Command) -> Answer:
        model = await self._named(command)
        if model is None:
            return _unknown(command)
        if not self._weights.has_source(model.name):
            return _refused(command, f"{model.title} is a file of yours: there is nothing to fetch it from.")
        if model.state == "verified":
            return Answer(command.id, True, f"{model.title} is here already, and verified.")
        if (busy := self._busy()) is not None:
            return _refused(command, busy)
        self._weights.fetch(model)
        return Answer(command.id, True, f"Fetching {model.title}. You may leave this screen.")

    async def _cancel(self, command: Command) -> Answer:
        if not self._weights.stop_work():
            return _refused(command, "Nothing is being fetched or checked.")
        return Answer(command.id, True, "Stopping. What has arrived is kept where the source can go on.")

    async def _verify(self, command: Command) -> Answer:
        model = await self._named(command)
        if model is None:
            return _unknown(command)
        if model.state in _GONE:
            return _refused(command, f"{model.title} is not on this machine: there is nothing to check.")
        if (busy := self._busy()) is not None:
            return _refused(command, busy)
        self._weights.verify(model)
        return Answer(command.id, True, f"Checking {model.title}: every byte is hashed.")

    async def _use(self, command: Command) -> Answer:
        model = await self._named(command)
        if model is None:
            return _unknown(command)
        if model.chosen:
            return Answer(command.id, True, f"{model.title} is chosen already.")
        if (refusal := self._unfit(model, bool(command.args.get("anyway")))) is not None:
            return _refused(command, refusal)
        try:
            await asyncio.to_thread(self._choose, model.name)
        except ConfigError as error:
            return _refused(command, str(error))
        await self._weights.refresh()
        words = f"{model.title} is chosen"
        self._board.note("info", "operator", f"{words} for the next start of the agent.")
        return Answer(command.id, True, f"{words}. It is served once the agent was restarted.")

    def _choose(self, name: str) -> None:
        from console.settings.edit import set_value  # tomlkit is needed for this alone

        assert self._origin.config_file is not None
        set_value(self._origin.config_file, "engine", "model", name)

    def _unfit(self, model: ModelView, anyway: bool) -> str | None:
        """Why `model` may not be chosen."""
        if self._origin.practice:
            return PRACTICE + "decides what it serves."
        if self._origin.config_file is None or self._origin.fixed_model:
            return "This agent was told on its command line what to serve; the configuration does not count."
        if model.state in (*_GONE, "fetching"):
            return f"{model.title} is not on this machine. Fetch it first."
        if model.state == "wrong":
            return f"{model.title} cannot be served. {model.sentence}"
        if self._weights.has_source(model.name) and model.state != "verified":
            return f"{model.title} has not been checked since it came. Verify it first."
        if model.fits is False and not anyway:
            return f"{model.title} does not fit: {model.fit_sentence}."
        return None

    async def _restart_agent(self, command: Command) -> Answer:
        refusal = await self._cannot_restart()
        if refusal:
            return _refused(command, refusal)
        left = self._load()
        given = f" {left} unfinished job(s) are given back to the network." if left else ""
        self._board.note("info", "operator", "The agent restarts, as asked.")
        self._restart()
        return Answer(command.id, True, f"Restarting.{given} The console attaches again by itself.")

    async def _cannot_restart(self) -> str:
        """Why the agent would not come back; empty: it will."""
        if self._origin.practice:
            return PRACTICE + "started it and ends it; it cannot restart by itself."
        if self._origin.reload is None:
            return "This agent cannot start itself again. Stop it, and start it as you did before."
        try:
            config = await asyncio.to_thread(self._origin.reload)
        except ConfigError as error:
            return f"{error} The agent keeps running as it is."
        models = (await self._weights.refresh()).models
        chosen = next((model for model in models if model.chosen), None)
        keeps = "The agent keeps running as it is; choose another model first."
        if chosen is None:
            return f"No model is called {plain(config.engine.model)!r}, as the configuration has it. {keeps}"
        lost = chosen.state == "absent" and not self._weights.has_source(chosen.name)
        bad = lost or chosen.state == "wrong"
        return f"{chosen.title} cannot be served. {chosen.sentence} {keeps}" if bad else ""

    async def _named(self, command: Command) -> ModelView | None:
        name = command.args.get("name", "")
        if not isinstance(name, str):
            return None
        await self._weights.refresh()
        return self._weights.find(name)

    def _busy(self) -> str | None:
        work = self._weights.work
        if work is None:
            return None
        model = self._weights.find(work.name)
        title = model.title if model is not None else work.name
        doing = "fetched" if work.fetching else "checked"
        return f"{title} is being {doing}, and one thing is done at a time. Wait for it, or cancel it."


def _unknown(command: Command) -> Answer:
    name = plain(str(command.args.get("name", "")), 80)
    return _refused(command, f"There is no model called {name!r} here.")


def _refused(command: Command, sentence: str) -> Answer:
    return Answer(command.id, False, sentence)
