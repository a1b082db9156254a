"""What the coordinator tells of the network, made fit to be kept, counted with and shown. Pure.

Whatever a hostile coordinator sends, only bounded numbers and clean, short words come out.
"""

from __future__ import annotations

from typing import TypedDict

import msgspec

from console.control.network import GroupView
from console.control.witnessed import Said
from console.models.errors import plain
from console.protocol.ids import GroupId
from console.protocol.messages import GROUPS_LIMIT, GroupNow, Refused, Surroundings
from console.protocol.reasons import Reason
from console.protocol.types import ModelOffer, Policy

COUNT_LIMIT = 10**15
"""Above anything that a network counts, and far below where sums or square roots would fail."""
NAME_CHARACTERS = 60
ROOT_CHARACTERS = 64
CODE_CHARACTERS = 40
EVIDENCE_CHARACTERS = 120
SENTENCE_CHARACTERS = 400


class Told(TypedDict):
    """The part of `NetworkView` that surroundings fill."""

    groups: tuple[GroupView, ...]
    probation_left: int | None
    audit_ppm: int | None


def count(number: int) -> int:
    """`number` as something that was counted."""
    return min(max(0, number), COUNT_LIMIT)


def bounded_policy(policy: Policy) -> Policy:
    """`policy` with every figure within what can be counted with."""
    return Policy(*(count(number) for number in msgspec.structs.astuple(policy)))


def bounded_reason(reason: Reason) -> Reason:
    """`reason` in clean words of bearable length."""
    return Reason(
        plain(reason.code, CODE_CHARACTERS),
        plain(reason.sentence, SENTENCE_CHARACTERS),
        plain(reason.remedy, SENTENCE_CHARACTERS),
        count(reason.since_ms),
        count(reason.until_ms),
        plain(reason.evidence, EVIDENCE_CHARACTERS),
    )


def said_of(why: Reason, before: Said | None, now_ms: int, *, signed: bool) -> Said:
    """What the network says; since when is kept while it says the same. `why`: bounded already."""
    same = before is not None and (before.code, before.signed) == (why.code, signed)
    return Said(
        code=why.code,
        sentence=why.sentence,
        remedy=why.remedy,
        evidence=why.evidence,
        until_ms=why.until_ms,
        since_ms=before.since_ms if before is not None and same else now_ms,
        signed=signed,
    )


def bounded_refusal(refused: Refused) -> Refused:
    """`refused` in clean words of bearable length."""
    return Refused(
        plain(refused.code, CODE_CHARACTERS),
        plain(refused.sentence, SENTENCE_CHARACTERS),
        plain(refused.remedy, SENTENCE_CHARACTERS),
        count(refused.until_ms),
    )


def told_of(around: Surroundings | None, offer: ModelOffer | None) -> Told:
    """What the view shows; a coordinator that does not tell leaves it unknown."""
    if around is None:
        return Told(groups=(), probation_left=None, audit_ppm=None)
    mine = offer.group if offer is not None else ""
    groups = tuple(_group(group, mine) for group in around.groups[:GROUPS_LIMIT])
    left, rate = around.probation_left, around.audit_ppm
    return Told(
        groups=groups,
        probation_left=None if left is None else count(left),
        audit_ppm=None if rate is None else min(count(rate), 1_000_000),
    )


def _group(told: GroupNow, mine: str) -> GroupView:
    name, group = plain(told.name, NAME_CHARACTERS), GroupId(plain(told.group, 64))
    return GroupView(
        group=group,
        name=name or group[:8],
        nodes=count(told.nodes),
        listed=count(told.listed),
        waiting=count(told.waiting),
        requests_per_min=count(told.requests_per_min),
        mine=bool(mine) and told.group == mine,
    )
