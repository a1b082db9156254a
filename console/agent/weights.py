"""Owner of what is known of the weights: which are here, which fit, and what is done with one of them."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec

from console.agent.board import Board
from console.agent.model import ModelFile
from console.agent.origin import Origin
from console.agent.speed import Speed
from console.agent.weights_check import check, passed
from console.agent.weights_view import Demand, Work, model_view, room_for
from console.control.events import ModelsChanged
from console.control.models import ModelsView, ModelView
from console.control.state import NodeState
from console.models import ModelError, Progress, fetch
from console.models.errand import Errand, Stopped
from console.models.inventory import Inventory, Stock
from console.settings.config import Config, ConfigError, EngineConfig

LOOK_S = 60.0
"""Between two looks at the folder: a file that the operator put there appears by itself."""
FIRST_LOOK_S = 2.0
"""The second look comes when the machine's memory is known."""

PARTING_S = 2.0
"""What a piece of work gets to end in, e.g. to take pip along, when the agent stops."""

_WORDS = {"waiting": "another process is fetching it", "unpacking": "unpacking", "checking": "checking"}


class Weights:
    """Told to the board as `ModelsChanged`. One piece of work at a time; all of it in threads."""

    def __init__(
        self,
        board: Board,
        inventory: Inventory,
        config: Config,
        serving: ModelFile,
        origin: Origin,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """`serving`: the file that this run of the agent serves; `now_s`: a steady clock."""
        self._board = board
        self._inventory = inventory
        self._config = config
        self._serving = serving
        self._origin = origin
        self._now_s = now_s
        self._stocks: list[Stock] = []
        self._troubles: dict[str, str] = {}
        self._free_bytes: int | None = None
        self._looking = asyncio.Lock()
        self._errand: Errand[Path | str] | None = None
        self._doing: asyncio.Task[None] | None = None
        inventory.remember(serving.path, serving.group)  # it was hashed a moment ago, when the agent started
        self.work: Work | None = None
        """What is done with a model now."""

    async def run(self) -> None:
        """Look, for ever."""
        wait_s = FIRST_LOOK_S
        try:
            while True:
                await self.refresh()
                await asyncio.sleep(wait_s)
                wait_s = LOOK_S
        finally:
            if self.stop_work() and self._doing is not None:
                await asyncio.wait({self._doing}, timeout=PARTING_S)

    @property
    def view(self) -> ModelsView:
        """As it was told last."""
        return self._board.state.models

    def find(self, name: str) -> ModelView | None:
        """The model called `name`, as it was told last."""
        return next((model for model in self.view.models if model.name == name), None)

    async def refresh(self) -> ModelsView:
        """Look at the disk and the configuration, and tell what changed."""
        async with self._looking:
            await asyncio.to_thread(self._look)
        self.publish()
        return self.view

    def _look(self) -> None:
        if self._origin.reload is not None:
            with contextlib.suppress(ConfigError):  # the next start says it; until then the old one counts
                self._config = self._origin.reload()
        self._stocks = self._inventory.take(self._config.engine.model)
        self._free_bytes = _free_bytes(self._inventory.folder)

    def publish(self) -> None:
        """Tell how things stand, if that is news."""
        state = self._board.state
        models = tuple(self._view(stock, state) for stock in self._stocks)
        view, old = ModelsView(str(self._inventory.folder), self._free_bytes, models), state.models
        if msgspec.structs.replace(view, free_bytes=old.free_bytes) != old:
            self._board.apply(ModelsChanged(view))

    def _view(self, stock: Stock, state: NodeState) -> ModelView:
        engine = self._config.engine
        work = self.work if self.work is not None and self.work.name == stock.name else None
        return model_view(
            stock,
            room_for(state.machine, state.engine, _layers(state, engine)),
            Demand(engine.context, max(1, state.engine.slots)),
            chosen=engine.model in (stock.name, str(stock.path)),
            serving=stock.path == self._serving.path,
            work=work,
            trouble=self._troubles.get(stock.name, ""),
        )

    def has_source(self, name: str) -> bool:
        """Whether the catalogue says where the model comes from, and what it must be."""
        return self._stock(name).entry is not None

    def fetch(self, model: ModelView) -> None:
        """Begin to fetch a model of the catalogue; `work` must be None."""
        stock = self._stock(model.name)
        entry = stock.entry
        assert entry is not None, "only the catalogue says where a model comes from"
        errand: Errand[Path | str] = Errand(
            lambda report: fetch(entry, self._inventory.folder, report), self._now_s
        )
        self._begin(stock, errand, fetching=True, good=f"{stock.title} is fetched, and its SHA-256 is right.")

    def verify(self, model: ModelView) -> None:
        """Begin to hash a model's file anew; `work` must be None."""
        stock = self._stock(model.name)
        errand: Errand[Path | str] = Errand(
            lambda report: check(stock, self._inventory, self._serving, report), self._now_s
        )
        self._begin(stock, errand, fetching=False, good=passed(stock))

    def stop_work(self) -> bool:
        """End what is under way; false when nothing is. What was fetched is kept, where it can go on."""
        if self._errand is None:
            return False
        self._errand.stop()
        return True

    def _stock(self, name: str) -> Stock:
        return next(stock for stock in self._stocks if stock.name == name)

    def _begin(self, stock: Stock, errand: Errand[Path | str], *, fetching: bool, good: str) -> None:
        self._errand = errand
        self._troubles.pop(stock.name, None)
        self.work = Work(stock.name, fetching, sentence="beginning")
        self.publish()
        self._doing = asyncio.create_task(self._carry(stock, errand, good))

    async def _carry(self, stock: Stock, errand: Errand[Path | str], good: str) -> None:
        speed = Speed()

        def progressed(progress: Progress) -> None:
            if self.work is not None:
                rate = speed.sentence(self._now_s(), progress)
                words = _WORDS.get(progress.stage, "")
                sentence = ", ".join(part for part in (words, rate) if part)
                self.work = msgspec.structs.replace(self.work, progress=progress, sentence=sentence)
                self.publish()

        level: Literal["good", "info", "error"] = "good"
        sentence = good
        try:
            await errand.run(progressed)
        except Stopped:
            level, sentence = "info", f"{stock.title}: stopped, as you asked."
        except (ModelError, OSError) as error:
            level, sentence = "error", str(error)
            self._troubles[stock.name] = sentence
        finally:
            self._errand, self.work = None, None
        await self.refresh()
        served = stock.path == self._serving.path
        self._board.note(level, "machine", sentence, calls=served and level == "error")


def _layers(state: NodeState, engine: EngineConfig) -> int:
    """What the plan found possible counts, before what is wished: a build may know no GPU at all."""
    planned = state.plan.made_ms and not state.plan.gpu_layers
    return 0 if planned else engine.gpu_layers


def _free_bytes(folder: Path) -> int | None:
    """Room on the disk that `folder` is, or will be, on."""
    for place in (folder, *folder.parents):
        with contextlib.suppress(OSError):
            return shutil.disk_usage(place).free
    return None
