"""What the coordinator must not forget: the port `Store` and its adapters.

One port holds jobs, money and outbox, since payment is exactly once only when they change together. No
prompt, answer or unsealed token id may enter.
"""

from console.coordinator.store.port import AuditRow as AuditRow
from console.coordinator.store.port import Confirmation as Confirmation
from console.coordinator.store.port import ConflictError as ConflictError
from console.coordinator.store.port import IdempotencyRow as IdempotencyRow
from console.coordinator.store.port import Movement as Movement
from console.coordinator.store.port import NodeRow as NodeRow
from console.coordinator.store.port import OutboxRow as OutboxRow
from console.coordinator.store.port import OutcomeUnknownError as OutcomeUnknownError
from console.coordinator.store.port import OverdrawnError as OverdrawnError
from console.coordinator.store.port import ReceiptRow as ReceiptRow
from console.coordinator.store.port import StatementRow as StatementRow
from console.coordinator.store.port import Store as Store
from console.coordinator.store.port import StoreError as StoreError
from console.coordinator.store.port import TicketRow as TicketRow
from console.coordinator.store.port import Unit as Unit
