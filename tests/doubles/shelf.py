"""A node's weights on a folder of the test's own, with the commands that clients give."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from models.synthetic_gguf import gguf

from console.agent.board import Board
from console.agent.model import ModelFile
from console.agent.model_commands import ModelCommands
from console.agent.origin import Origin
from console.agent.weights import Weights
from console.control.machine import MachineView
from console.control.models import ModelView
from console.control.state import NodeState
from console.control.wire import Answer, Command, Delta
from console.models import CatalogueEntry, sha256_file
from console.models.inventory import Inventory
from console.protocol.ids import GroupId
from console.settings.config import load

MACHINE = MachineView(at_ms=1, ram_used_bytes=2 << 30, ram_total_bytes=8 << 30)


class Shelf:
    """A node's weights with everything around them."""

    def __init__(self, tmp_path: Path, entry: CatalogueEntry, **origin: object) -> None:
        self.folder = tmp_path / "home" / "models"
        self.folder.mkdir(parents=True)
        self.own = self.folder / "own.gguf"
        self.own.write_bytes(gguf())
        self.config = tmp_path / "home" / "config.toml"
        self.config.write_text(f'[engine]\nmodel = "{self.own}"\n')
        self.board = Board(lambda: 1, NodeState(machine=MACHINE))
        self.told: list[Delta] = []
        self.board.listen(self.told.append)
        way = {"config_file": self.config, "reload": lambda: load(self.config), **origin}
        self.origin = Origin(**way)  # type: ignore[arg-type]
        served = ModelFile(self.own, "own", GroupId(sha256_file(self.own)), 2048)
        self.weights = Weights(
            self.board, Inventory(self.folder, (entry,)), load(self.config), served, self.origin
        )
        self.restarts = 0
        self.load = 0
        self.table = ModelCommands(
            self.board, self.weights, self.origin, lambda: self.load, self._restart
        ).table()

    def _restart(self) -> None:
        self.restarts += 1

    async def order(self, name: str, model: str = "", **args: str | int) -> Answer:
        given = {"name": model, **args} if model else args
        return await self.table[name](Command("c", name, given))  # type: ignore[arg-type]

    def model(self, name: str) -> ModelView:
        found = self.weights.find(name)
        assert found is not None
        return found

    async def until(self, condition: Callable[[], bool]) -> None:
        news = asyncio.Event()
        unlisten = self.board.listen(lambda delta: news.set())
        async with asyncio.timeout(30):
            while not condition():
                news.clear()
                await news.wait()
        unlisten()

    async def work_is_over(self) -> str:
        """What Events says of it."""
        await self.until(lambda: self.weights.work is None and bool(self.board.state.notes))
        return self.board.state.notes[0].text
