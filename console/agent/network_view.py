"""The network as the clients see it: what a sign-in, an epoch, a receipt and a parting change. Pure."""

from __future__ import annotations

import msgspec

from console.agent.surroundings import ROOT_CHARACTERS, count, said_of, told_of
from console.control.network import NetworkView
from console.models.errors import plain
from console.network.dialler import Beat, Parted
from console.protocol.messages import Challenge, EpochOpened, Refused, Welcome
from console.protocol.reasons import Reason
from console.protocol.types import ModelOffer, Policy


def signed_in(
    view: NetworkView, challenge: Challenge, welcome: Welcome, policy: Policy, now_ms: int
) -> NetworkView:
    """A session began. `policy`: the challenge's, bounded."""
    return msgspec.structs.replace(
        view,
        state="connected",
        sentence="",
        name=plain(challenge.network, 60),
        since_ms=now_ms,
        next_try_ms=0,
        epoch=count(welcome.epoch),
        policy=policy,
        coordinator_key=plain(challenge.coordinator, 64),
        sessions=view.sessions + 1,
        seeds_root=plain(welcome.seeds_root, ROOT_CHARACTERS),
        said=None,
    )


def in_epoch(view: NetworkView, opened: EpochOpened) -> NetworkView:
    """Another epoch is open."""
    root = plain(opened.seeds_root, ROOT_CHARACTERS)
    return msgspec.structs.replace(view, epoch=count(opened.epoch), seeds_root=root)


def received(
    view: NetworkView,
    earlier: NetworkView,
    beat: Beat,
    why: Reason | None,
    offer: ModelOffer | None,
    now_ms: int,
) -> NetworkView:
    """A presence receipt came. `earlier`: the view as the session began, since a session counts from nothing.

    `why`: the reason of one that is not listed, bounded.
    """
    presence = beat.presence
    said = None if why is None else said_of(why, view.said, now_ms, signed=True)
    return msgspec.structs.replace(
        view,
        slot=count(presence.slot),
        roster_size=count(presence.roster_size),
        listed=presence.listed,
        draws=earlier.draws + count(presence.draws),
        won=earlier.won + count(presence.won),
        expected_milli=earlier.expected_milli + count(presence.expected_milli),
        variance_milli=earlier.variance_milli + count(presence.variance_milli),
        latency_ms=beat.round_trip_ms if beat.round_trip_ms is not None else view.latency_ms,
        receipts=view.receipts + 1,
        receipts_listed=view.receipts_listed + presence.listed,
        receipt_ms=now_ms,
        roster_root=plain(presence.roster_root, ROOT_CHARACTERS),
        said=said,
        **told_of(presence.around, offer),
    )


def apart(
    view: NetworkView, news: Parted, refused: Refused | None, since_ms: int, now_ms: int
) -> NetworkView:
    """There is no session since `since_ms`. `refused`: the refusal of `news`, bounded."""
    return msgspec.structs.replace(
        view,
        state="refused" if refused is not None else "connecting",
        sentence=plain(news.sentence, 240),
        since_ms=since_ms,
        next_try_ms=now_ms + round(news.retry_in_s * 1000),
        listed=False,
        latency_ms=None,
        said=None if refused is None else said_of(_reason(refused), view.said, now_ms, signed=False),
    )


def _reason(refused: Refused) -> Reason:
    return Reason(refused.code, refused.sentence, refused.remedy, until_ms=refused.until_ms)
