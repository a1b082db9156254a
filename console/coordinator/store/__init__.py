"""What the coordinator must not forget: the port `Store` and its adapters.

One port holds jobs, money and outbox, since payment is exactly once only when they change together. No
prompt, answer or unsealed token id may enter.
"""

from console.coordinator.store.errors import ConflictError as ConflictError
from console.coordinator.store.errors import NotOwnerError as NotOwnerError
from console.coordinator.store.errors import OutcomeUnknownError as OutcomeUnknownError
from console.coordinator.store.errors import OutOfTurnError as OutOfTurnError
from console.coordinator.store.errors import OverdrawnError as OverdrawnError
from console.coordinator.store.errors import StoreError as StoreError
from console.coordinator.store.port import Store as Store
from console.coordinator.store.unit import Unit as Unit
from console.coordinator.store.unit.clients import IdempotencyRow as IdempotencyRow
from console.coordinator.store.unit.draws import TicketRow as TicketRow
from console.coordinator.store.unit.nodes import OUTBOX_PAGE as OUTBOX_PAGE
from console.coordinator.store.unit.nodes import NodeRow as NodeRow
from console.coordinator.store.unit.nodes import OutboxRow as OutboxRow
from console.coordinator.store.unit.nodes import Track as Track
from console.coordinator.store.unit.owner import OwnerRow as OwnerRow
from console.coordinator.store.unit.statements import Movement as Movement
from console.coordinator.store.unit.statements import ReceiptRow as ReceiptRow
from console.coordinator.store.unit.statements import StatementRow as StatementRow
from console.coordinator.store.unit.verdicts import AuditRow as AuditRow
from console.coordinator.store.unit.verdicts import Confirmation as Confirmation
