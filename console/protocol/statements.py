"""What an epoch came to, as the coordinator signs it, and the proofs that something is in it.

A statement commits to every account (a Merkle tree whose inner nodes bind the sums of both children) and to
every receipt (a tree as in RFC 6962), and names the statement before it.
"""

from __future__ import annotations

import hashlib

import msgspec

from console.protocol.canonical import canonical, unsigned
from console.protocol.ids import JobId, NodeId

PROOFS_KEPT = 144
"""Epochs for which a coordinator keeps what it takes to prove accounts: a day of 600 s each."""


class Sums(msgspec.Struct, frozen=True):
    """Nano-credits of an account in an epoch, or of several together. None is ever below zero.

    `closing` is `opening + credits − debits`: an account that both gets and gives shows both.
    """

    opening: int = 0
    credits: int = 0
    debits: int = 0
    closing: int = 0


class AccountLine(msgspec.Struct, frozen=True):
    """A leaf of the accounts' tree. `account`: its stated name, see `console.ledger.stated_accounts`."""

    account: str
    sums: Sums


class SumNode(msgspec.Struct, frozen=True):
    """A node of the accounts' tree."""

    hash: str
    """64 hex digits."""
    sums: Sums


class Statement(msgspec.Struct, frozen=True):
    """One epoch's books, closed. `signature` is over `statement_bytes`."""

    epoch: int
    coordinator: NodeId
    opened_ms: int
    """The last statement's `closed_ms`; for the first one, when its epoch opened."""
    closed_ms: int
    before: int
    """How many statements there are before this one."""
    history: str
    """Root, as in RFC 6962, of a tree over the digests of those; empty when there is none."""
    last: str
    """Digest of the statement before this one; empty for the first."""
    accounts: int
    accounts_root: str
    """Empty when no account has ever held anything."""
    sums: Sums
    """Of all accounts together."""
    deposited: int
    """What came in from outside the network in this epoch."""
    withdrawn: int
    """What left it."""
    receipts: int
    receipts_root: str
    """Empty when there is no receipt."""
    signature: str = ""


class Stated(msgspec.Struct, frozen=True):
    """The newest statement there is: enough to see whether another node was told another one."""

    epoch: int = 0
    """0: none has been made yet."""
    digest: str = ""


class AccountInclusion(msgspec.Struct, frozen=True):
    """That an account stands in a statement with these sums. `path`: siblings from the leaf upwards."""

    line: AccountLine
    index: int
    path: tuple[SumNode, ...]


class ReceiptInclusion(msgspec.Struct, frozen=True):
    """That a receipt stands in a statement. Its content is told to its node alone."""

    job: JobId
    attempt: int
    leaf: str
    """`receipt_leaf`, hex."""
    index: int
    path: tuple[str, ...]


class HistoryProof(msgspec.Struct, frozen=True):
    """That a statement comes after an older one, without those in between. Hashes, hex, as in RFC 6962."""

    inclusion: tuple[str, ...] = ()
    """Of the older one's digest in the newer one's `history`."""
    consistency: tuple[str, ...] = ()
    """From the older one's `history` to the newer one's."""


def statement_bytes(statement: Statement) -> bytes:
    """What the coordinator signs of a statement."""
    return canonical("statement/v1", unsigned(statement))


def statement_digest(statement: Statement) -> str:
    """By which the next statement names this one, 64 hex digits. The signature is not part of it."""
    return hashlib.sha256(statement_bytes(statement)).hexdigest()


def receipt_leaf(signed: bytes, signature: str) -> str:
    """A receipt's leaf, 64 hex digits. `signed`: its `receipt_bytes`; `signature`: the coordinator's.

    Whoever does not hold the receipt cannot guess what is in it: the signature cannot be known beforehand.
    """
    mark = hashlib.sha256(b"quarterdeck/receipt-leaf/v1\0" + hashlib.sha256(signed).digest())
    mark.update(signature.encode())
    return mark.hexdigest()
