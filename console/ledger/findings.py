"""What can be wrong with a statement, by name."""

from __future__ import annotations

from typing import Literal

import msgspec

FindingName = Literal[
    "signature",
    "out_of_bounds",
    "arithmetic",
    "unbalanced",
    "times",
    "chain",
    "history",
    "opening",
    "two_statements",
    "account_path",
    "account_missing",
    "account_opening",
    "account_unknown",
    "account_closing",
    "receipt_path",
    "receipt_missing",
    "receipt_foreign",
    "receipt_unknown",
    "receipt_signature",
    "receipt_unbooked",
    "credits",
    "debits",
    "totals",
    "postings",
    "statement_missing",
    "unproved",
]


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that is not as it should be. `name` is for programs, the sentence for people."""

    name: FindingName
    sentence: str
    epoch: int = 0
    subject: str = ""
    """The account or job that it is about."""
