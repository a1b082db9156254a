"""The SQL behind `store.unit`, in the dialect of SQLite, for both adapters; a file for each part.

Statements and rows only: no policy, no clock and no adapter's own words may enter.
"""

from console.coordinator.store.sql.clients import SqlClients
from console.coordinator.store.sql.draws import SqlDraws
from console.coordinator.store.sql.jobs import SqlJobs
from console.coordinator.store.sql.money import SqlMoney
from console.coordinator.store.sql.nodes import SqlNodes
from console.coordinator.store.sql.owner import SqlOwner
from console.coordinator.store.sql.statements import SqlStatements
from console.coordinator.store.sql.verdicts import SqlVerdicts


class SqlUnit(SqlJobs, SqlMoney, SqlDraws, SqlVerdicts, SqlNodes, SqlClients, SqlStatements, SqlOwner):
    """A `Unit`: statements over one open transaction; the store's thread owns it."""
