"""What this node checked of a statement, check by check, and where a receipt stands. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from console.agent.journal.kept_statements import Columns, KeptStatement
from console.agent.journal.stated import Place
from console.control.wire import Check
from console.ledger.findings import Finding

_SUMS = frozenset(("out_of_bounds", "arithmetic", "unbalanced", "times", "totals"))
_CHAIN = frozenset(("chain", "history", "opening", "two_statements"))
_ACCOUNTS = frozenset(("account_path", "account_missing", "account_opening", "unproved"))
_RECEIPTS = frozenset(("receipt_path", "receipt_missing", "receipt_foreign", "receipt_unknown"))
_COLUMNS = frozenset(("credits", "debits"))
UNPROVED = "The network no longer kept the proofs when this node asked."


def statement_checks(
    kept: KeptStatement, before: KeptStatement | None, columns: Columns, findings: Sequence[Finding]
) -> tuple[Check, ...]:
    """Every check that was made when it came, or why one could not be. `before`: the newest kept before it;
    `findings`: all that is wrong with `kept`."""
    found = _Found(findings)
    return (
        found.check("signature", frozenset(("signature",)), True, "Signed by the coordinator's key."),
        found.check("sums", _SUMS, True, "The sums of all accounts add up, and no money came from nowhere."),
        found.check("chain", _CHAIN, *_chain(kept, before)),
        found.check("accounts", _ACCOUNTS, *_accounts(kept, before)),
        found.check("receipts", _RECEIPTS, *_receipts(kept)),
        found.check("columns", _COLUMNS, *_compared(kept, columns)),
    )


class _Found:
    def __init__(self, findings: Sequence[Finding]) -> None:
        self._findings = findings

    def check(self, name: str, names: frozenset[str], good: bool | None, words: str) -> Check:
        """What was found under one of `names` is what there is to say; else that it is `good`."""
        wrong = [one for one in self._findings if one.name in names]
        if not wrong:
            return Check(f"statement: {name}", good, words)
        more = f" And {len(wrong) - 1:,} more." if len(wrong) > 1 else ""
        return Check(f"statement: {name}", False, wrong[0].sentence + more)


def _chain(kept: KeptStatement, before: KeptStatement | None) -> tuple[bool | None, str]:
    if before is None:
        if kept.statement.before == 0:
            return True, "It is the network's first: there is none before it."
        return None, "It is the first that this node kept, so nothing here says what it must follow."
    last = before.statement.epoch
    if kept.statement.epoch == last + 1:
        return True, f"It names the statement of epoch {last:,} that this node holds as the one before it."
    return True, f"It is proved to come after that of epoch {last:,}, with nothing before it rewritten."


def _accounts(kept: KeptStatement, before: KeptStatement | None) -> tuple[bool | None, str]:
    if not kept.proved:
        return None, UNPROVED
    count = len(kept.lines)
    if not count:
        return True, "None of this node's accounts held or moved anything."
    words = f"{count} account{'s' if count != 1 else ''} of this node lead to the root of all"
    if before is not None and before.proved and before.statement.epoch == kept.statement.epoch - 1:
        return True, f"{words}, and open with what they closed with before."
    return True, f"{words}."


def _receipts(kept: KeptStatement) -> tuple[bool | None, str]:
    if not kept.receipts:
        return (True if kept.proved else None), "It counts no receipt of this node."
    one = kept.receipts == 1
    words = "receipt counted as this node's is here" if one else "receipts counted as this node's are here"
    return True, f"{kept.receipts:,} {words}, each by a path to the root of all."


def _compared(kept: KeptStatement, columns: Columns) -> tuple[bool | None, str]:
    if not kept.proved:
        return None, UNPROVED
    if not columns.receipts:
        return True, "Nothing was credited to this node for an answer, and nothing was due."
    return True, "Verdicts, receipts and accounts come to the same amount."


def inclusion_check(place: Place | None) -> Iterator[Check]:
    """Whether a job's receipt stands in a statement; nothing while there is no receipt."""
    if place is None:
        return
    if place.digest:
        where = f"the signed statement {place.digest[:6]} of epoch {place.epoch:,}"
        yield Check("receipt: statement", True, f"Counted in {where}, by a path to its root.")
    elif place.missing_in:
        words = f"Booked in epoch {place.missing_in:,}, and no statement counts it."
        yield Check("receipt: statement", False, words)
    else:
        yield Check("receipt: statement", None, "No statement that is kept here covers when it was booked.")
