"""The journal as a whole: its tables over one file."""

from __future__ import annotations

from pathlib import Path

from console.agent.journal.answers import AnswerTable
from console.agent.journal.database import Database
from console.agent.journal.facts import FactTable
from console.agent.journal.jobs import JobTable
from console.agent.journal.money import MoneyTable
from console.agent.journal.results import ResultTable
from console.agent.journal.seal import Sealer
from console.agent.journal.stated import StatedReceipts
from console.agent.journal.statements import StatementTable
from console.agent.journal.time import TimeTable
from console.agent.journal.witnessed import WitnessTable

FILE = "journal.db"


class Journal:
    """Opened once by the agent and closed at its end."""

    def __init__(self, home: Path, sealing_key: bytes) -> None:
        """`sealing_key`: 32 bytes derived from the node's identity."""
        self._database = Database(home / FILE)
        self.jobs = JobTable(self._database)
        self.results = ResultTable(self._database, Sealer(sealing_key))
        self.money = MoneyTable(self._database)
        self.facts = FactTable(self._database)
        self.answers = AnswerTable(self._database)
        self.time = TimeTable(self._database)
        self.statements = StatementTable(self._database)
        self.stated = StatedReceipts(self._database)
        self.witnessed = WitnessTable(self._database)

    async def open(self) -> None:
        """Raises JournalError."""
        await self._database.open()

    async def close(self) -> None:
        """Raises JournalError when the last fold into the file fails; nothing is lost then."""
        await self._database.close()
