"""What can be done within one transaction, by subject; `store.sql` has the SQL of each under the same name.

Ports and rows only: no statement and no connection may enter.
"""

from typing import Protocol

from console.coordinator.store.unit.clients import ClientUnit
from console.coordinator.store.unit.draws import DrawUnit
from console.coordinator.store.unit.jobs import JobUnit
from console.coordinator.store.unit.money import MoneyUnit
from console.coordinator.store.unit.nodes import NodeUnit
from console.coordinator.store.unit.owner import OwnerUnit
from console.coordinator.store.unit.statements import StatementUnit
from console.coordinator.store.unit.verdicts import VerdictUnit


class Unit(
    JobUnit, MoneyUnit, DrawUnit, VerdictUnit, NodeUnit, ClientUnit, StatementUnit, OwnerUnit, Protocol
):
    """One open transaction of the database: jobs, money and the rest change together or not at all."""
