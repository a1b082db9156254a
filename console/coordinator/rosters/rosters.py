"""Who is in the roster, by public rules alone. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import msgspec

from console.fairness import Roster
from console.protocol.ids import NodeId
from console.protocol.reasons import CODES, Reason, reason
from console.protocol.types import LOAD, Exclusion, ModelOffer, Policy
from console.verification.calibration import UNLIKE


class Candidate(msgspec.Struct, frozen=True):
    """What the rules look at, of one signed-in node."""

    node: NodeId
    offer: ModelOffer | None
    """What it offers to this group."""
    alive: bool
    ready: bool
    reason: str
    """The node's own words for not being ready, a code."""
    open_jobs: int
    """Assignments that it has not answered yet."""
    suspended: Reason | None
    shared: Reason | None = None
    """Why another node stands for the machine of this one; None: none does."""


class Rules(msgspec.Struct, frozen=True):
    """What the rules compare with."""

    policy: Policy
    profile: str
    """Class id of the reference's numerics, empty until the reference is up."""
    context: int = 0
    """Tokens that one job needs; 0: no job in particular."""
    exact: bool = True
    """Whether the reference judges nodes of its own class exactly."""
    calibrated: frozenset[str] = frozenset()
    """Other classes that the reference can judge tolerantly; `UNLIKE` stands for every one."""


@dataclass(frozen=True)
class SlotRoster:
    """Who stands in the roster of one slot."""

    slot: int
    ids: tuple[NodeId, ...]
    """Sorted."""

    @cached_property
    def tree(self) -> Roster:
        """Its Merkle tree. Raises ValueError when it is empty."""
        return Roster(self.ids)

    def at(self, slot: int) -> SlotRoster:
        """The same nodes in another slot; the tree is not built again."""
        other = SlotRoster(slot, self.ids)
        if "tree" in self.__dict__:
            other.__dict__["tree"] = self.tree
        return other

    def place(self, node: NodeId) -> int:
        """The node's place in it, -1 for none."""
        at = bisect_left(self.ids, node)
        return at if at < len(self.ids) and self.ids[at] == node else -1


class Eligible(msgspec.Struct, frozen=True):
    """A slot's roster as one draw sees it."""

    listed: SlotRoster
    excluded: tuple[Exclusion, ...]
    """Who of it is left out, and why, by rising index."""
    at_ms: int = 0
    """When that was so."""

    @property
    def chances(self) -> int:
        """Nodes that can be drawn."""
        return len(self.listed.ids) - len(self.excluded)

    @property
    def ids(self) -> tuple[NodeId, ...]:
        """The nodes that can be drawn."""
        out = {one.index for one in self.excluded}
        return tuple(node for index, node in enumerate(self.listed.ids) if index not in out)


GONE = reason("not_in_roster", sentence="This node is not connected.", evidence="heartbeat")
NEXT_SLOT = reason(
    "not_in_roster",
    sentence="This node meets every rule, and stands in the roster from the next slot on.",
    remedy="Wait a moment.",
    evidence="slot",
)


def left_out(listed: SlotRoster, codes: Mapping[NodeId, str]) -> Eligible:
    """`codes`: by node, why it is left out; who does not stand there is not."""
    places = sorted((listed.place(node), code) for node, code in codes.items())
    return Eligible(listed, tuple(Exclusion(place, code) for place, code in places if place >= 0))


def for_one(found: Eligible, node: NodeId) -> Eligible:
    """A load challenge's draw: everybody but `node` is left out, and `node` if it cannot be drawn anyway."""
    codes = {found.listed.ids[one.index]: one.code for one in found.excluded}
    others = {other: codes.get(other, LOAD) for other in found.listed.ids if other != node or node in codes}
    if found.listed.place(node) < 0:
        others = dict.fromkeys(found.listed.ids, LOAD)
    return msgspec.structs.replace(left_out(found.listed, others), at_ms=found.at_ms)


def left_out_code(why: Reason) -> str:
    """The public word for a reason: the rule, where the code alone would not name one."""
    return why.evidence if why.code == "not_in_roster" and why.evidence else why.code


def exclusion(node: Candidate, rules: Rules) -> Reason | None:
    """Why `node` is not listed, with the rule's name as evidence; None when it is listed."""
    if node.suspended is not None:
        return node.suspended
    if not node.alive:
        return _unlisted("heartbeat", "No heartbeat of this node came lately.", "Check its connection.")
    if not node.ready:
        known = node.reason in CODES and node.reason != "earning"
        code = node.reason if known else "not_in_roster"
        return reason(code, evidence="ready")
    return _offer_exclusion(node.offer, rules) or node.shared or _queue_exclusion(node, rules)


def roster_ids(nodes: Iterable[Candidate], rules: Rules) -> tuple[NodeId, ...]:
    """Sorted ids of the nodes that nothing but a full queue keeps from work.

    A queue may empty within the slot, so who is full is left out draw by draw, and not for the whole slot.
    """
    return tuple(sorted(node.node for node in nodes if _may_be_listed(node, rules)))


def _may_be_listed(node: Candidate, rules: Rules) -> bool:
    why = exclusion(node, rules)
    return why is None or why.code == "queue_full"


def _offer_exclusion(offer: ModelOffer | None, rules: Rules) -> Reason | None:
    if offer is None:
        return _unlisted(
            "model", "This node does not offer the group's model.", "Serve the model that the network names."
        )
    if not rules.profile:
        return _unlisted(
            "reference",
            "The network's reference model is not ready, so no answer could be checked.",
            "Wait; this is not your fault.",
        )
    exact = rules.exact and offer.profile == rules.profile
    if not exact and not rules.calibrated & {offer.profile, UNLIKE}:
        return _unlisted(
            "profile",
            "This node's numerics are of another class than the reference's, and no calibration says how far "
            "honest answers of the two may differ.",
            "Run the same build of Quarterdeck on the same class of processor as the network, or ask its "
            "operator for a calibration.",
        )
    if offer.milli_tokens_per_s < rules.policy.min_milli_tokens_per_s:
        floor = rules.policy.min_milli_tokens_per_s / 1000
        return _unlisted(
            "speed",
            f"This node gave {offer.milli_tokens_per_s / 1000:g} tokens/s; the group asks for {floor:g}.",
            "Give the engine more threads or a faster device.",
        )
    if offer.context < rules.context:
        return _unlisted(
            "context",
            f"This node's context holds {offer.context} tokens; {rules.context} are needed.",
            "Start the engine with a larger context.",
        )
    return None


def _queue_exclusion(node: Candidate, rules: Rules) -> Reason | None:
    if node.open_jobs >= rules.policy.queue_limit:
        return reason("queue_full", evidence=f"{node.open_jobs} of {rules.policy.queue_limit}")
    return None


def _unlisted(rule: str, sentence: str, remedy: str) -> Reason:
    return reason("not_in_roster", sentence=sentence, remedy=remedy, evidence=rule)
