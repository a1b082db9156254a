"""Each receipt that is kept: signed, of the node that was judged, and booked as it says. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from console.coordinator.restate.ledger import KeptReceipt
from console.ledger.findings import Finding
from console.protocol.frames import receipt_bytes
from console.protocol.keys import verify
from console.protocol.statements import receipt_leaf
from console.protocol.types import Receipt


class Checked(msgspec.Struct, frozen=True):
    """One receipt, read again. `leaf`: recomputed; empty when it is not understood."""

    kept: KeptReceipt
    leaf: str
    findings: tuple[Finding, ...]
    receipt: Receipt | None = None
    """What was signed; None when it is not understood."""

    @property
    def accepted(self) -> int:
        """What it says was earned, nano-credits, if it is of an accepted answer; else 0."""
        receipt = self.receipt
        if receipt is None or not self.kept.outcome == receipt.outcome == "accepted":
            return 0
        return receipt.reward


def read_receipts(kept: Sequence[KeptReceipt], coordinator: str) -> list[Checked]:
    """All of `kept`, by themselves. Most of the time that a recount takes goes into signatures."""
    return [_read(one, coordinator) for one in kept]


def booked_findings(
    checked: Sequence[Checked], moved: Mapping[str, Mapping[str, int]], epochs: Mapping[str, int]
) -> Iterator[Finding]:
    """Receipts beside the ledger. `moved`: by transaction, what its postings moved on which node's accounts;
    `epochs`: by transaction, the epoch that it is stated in."""
    told: set[str] = set()
    for one in checked:
        receipt = one.receipt
        if receipt is None:
            continue
        pay, penalty = f"pay:{receipt.job}", f"penalty:{receipt.job}:{receipt.attempt}"
        told |= {pay, penalty}
        yield from _paid(receipt, one.kept, moved)
        for name in (pay, penalty):
            if name in moved and epochs[name] != one.kept.epoch:
                words = f"It is counted in another epoch than its booking {name}."
                yield Finding("receipt_unbooked", words, one.kept.epoch, receipt.job)
    for name in sorted(set(moved) - told):
        words = f"{name} is booked, and there is no receipt for it: it was removed, or never signed."
        yield Finding("receipt_missing", words, epochs[name], name.split(":")[1])


def _paid(receipt: Receipt, kept: KeptReceipt, moved: Mapping[str, Mapping[str, int]]) -> Iterator[Finding]:
    pay, penalty = f"pay:{receipt.job}", f"penalty:{receipt.job}:{receipt.attempt}"
    reward = moved.get(pay, {}) if receipt.outcome == "accepted" else {}
    for name, postings in ((pay, reward), (penalty, moved.get(penalty, {}))):
        others = sorted(set(postings) - {receipt.node})
        if others:
            words = f"{name} moves money of node {others[0][:12]}, the receipt is of {receipt.node[:12]}."
            yield Finding("receipt_foreign", words, kept.epoch, receipt.job)
    booked = (sum(reward.values()), -sum(moved.get(penalty, {}).values()))
    if booked != (receipt.reward, receipt.penalty):
        told = f"It says {receipt.reward} earned and {receipt.penalty} taken"
        words = f"{told}; the postings moved {booked[0]} and {booked[1]}."
        yield Finding("receipt_unbooked", words, kept.epoch, receipt.job)


def _read(kept: KeptReceipt, coordinator: str) -> Checked:
    try:
        receipt = msgspec.json.decode(kept.body, type=Receipt)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        found = Finding("receipt_signature", "The receipt is not understood.", kept.epoch, kept.job)
        return Checked(kept, "", (found,))
    signed = receipt_bytes(receipt)
    leaf = receipt_leaf(signed, receipt.signature)
    findings = tuple(_by_itself(kept, receipt, leaf, verify(coordinator, signed, receipt.signature)))
    return Checked(kept, leaf, findings, receipt)


def _by_itself(kept: KeptReceipt, receipt: Receipt, leaf: str, signed: bool) -> Iterator[Finding]:
    about = (kept.epoch, kept.job)
    if not signed:
        yield Finding("receipt_signature", "The receipt's signature is not the coordinator's.", *about)
    if leaf != kept.leaf:
        yield Finding("receipt_path", "The leaf that is kept for it is not the receipt's.", *about)
    if (receipt.job, receipt.attempt) != (kept.job, kept.attempt):
        yield Finding("receipt_foreign", "It is the receipt of another job or attempt.", *about)
    if not receipt.node == kept.node == kept.judged:
        words = f"It counts for node {kept.node[:12]}, is signed for {receipt.node[:12]}, and "
        words += f"node {kept.judged[:12]} was judged." if kept.judged else "nobody was judged."
        yield Finding("receipt_foreign", words, *about)
    if receipt.outcome != kept.outcome:
        words = f"It says {receipt.outcome}; the verdict says {kept.outcome or 'nothing'}."
        yield Finding("receipt_signature", words, *about)
    if receipt.outcome == "accepted" and kept.reward != receipt.reward:
        yield Finding("credits", f"It pays {receipt.reward}; the job says {kept.reward}.", *about)
