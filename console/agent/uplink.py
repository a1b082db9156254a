"""The node's end of the network: what it claims, how it says it is, and where what it hears goes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from console.agent.board import Board
from console.agent.clock import NowMs
from console.agent.draws import Draws, followed
from console.agent.journal import JournalError
from console.agent.money import Purse
from console.agent.network_view import apart, in_epoch, received, signed_in
from console.agent.surroundings import bounded_policy, bounded_reason, bounded_refusal, count
from console.control.events import NetworkChanged
from console.control.network import NetworkView
from console.control.witnessed import KeptEvidence
from console.models.errors import plain
from console.network.dialler import Beat, Dialling, Parted
from console.network.port import Claim, LinkError, Session
from console.protocol.messages import (
    EpochOpened,
    FromCoordinator,
    FromNode,
    Goodbye,
    Heartbeat,
    Presence,
    Refused,
    Welcome,
)
from console.protocol.reasons import Reason
from console.protocol.statements import Stated
from console.protocol.types import ModelOffer, Policy

EPOCHS_KEPT = 4

Handler = Callable[[FromCoordinator], Awaitable[None]]
EpochHandler = Callable[[str, int, Stated | None, int], None]
"""Takes the coordinator, its open epoch, its newest statement, and how long an epoch is, seconds."""


class Uplink:
    """Implements the dialler's `Line`. Owns the network's view, the offer and the seed commitments."""

    def __init__(
        self, address: str, name: str, software: str, machine: str, board: Board, purse: Purse, now_ms: NowMs
    ) -> None:
        self._claim = Claim(name, software, machine, ())
        self._board = board
        self._purse = purse
        self._now_ms = now_ms
        self._session: Session | None = None
        self._offered = asyncio.Event()
        self._last_words = ""
        waits = "The node signs in when its model is ready." if address else "No network is chosen."
        self.view = NetworkView(coordinator=address, sentence=waits, since_ms=now_ms())
        self._earlier = self.view  # what earlier sessions of this agent counted
        self.offer: ModelOffer | None = None
        self._claimed: ModelOffer | None = None
        self.seeds_roots: dict[int, str] = {}
        self.coordinator = ""
        self.draws = Draws()
        self.reason: Reason | None = None
        self.refused: Refused | None = None
        self.describe: Callable[[], Heartbeat] = lambda: Heartbeat(False, "offline", 0, now_ms())
        self.on_message: Handler = _ignore
        self.on_connected: Callable[[], Awaitable[None]] = _nothing
        self.on_epoch: EpochHandler = _no_epoch
        self.on_commitment: Callable[[str, int, str], Awaitable[None]] = _nothing
        """Coordinator, epoch and root of its seeds."""
        self.on_presence: Callable[[Presence], Awaitable[None]] = _nothing

    async def offer_model(self, offer: ModelOffer) -> None:
        """A model passed its probe. A changed offer needs a new sign-in."""
        changed = self.offer is not None and not _same(self.offer, offer)
        self.offer = offer
        self._offered.set()
        if changed and self._session is not None:
            await self._session.close()

    def context(self) -> int:
        """Tokens that the model takes which the network was told at sign-in; 0: none yet.

        An offer that changed since counts from the next sign-in on: until then draws go by the old one.
        """
        return 0 if self._claimed is None else self._claimed.context

    async def send(self, message: FromNode) -> bool:
        """Say something if there is a session; whether it went out."""
        if self._session is None:
            return False
        try:
            await self._session.send(message)
        except LinkError:
            return False
        return True

    async def leave(self, reason: str) -> None:
        """Say goodbye and hang up."""
        await self.send(Goodbye(reason))
        if self._session is not None:
            await self._session.close()

    async def claim(self) -> Claim:
        """What to sign in with, once there is a model to offer."""
        await self._offered.wait()
        offer = self._claimed = self.offer
        return msgspec.structs.replace(self._claim, models=() if offer is None else (offer,))

    def heartbeat(self) -> Heartbeat:
        """How the node is now."""
        return self.describe()

    async def connected(self, session: Session) -> None:
        """Signed in: learn the policy and the epoch, pay what is owed."""
        challenge, welcome = session.challenge, session.welcome
        policy = bounded_policy(challenge.policy)
        self.seeds_roots = {welcome.epoch: welcome.seeds_root}
        self.coordinator = challenge.coordinator
        self._earlier = self.view
        self.reason, self.refused = None, None
        self._last_words = ""
        self._show(signed_in(self.view, challenge, welcome, policy, self._now_ms()))
        self._board.note("good", "network", f"Signed in to {self.view.name}.")
        self._session = session
        await self._guard(self.on_commitment(self.coordinator, welcome.epoch, welcome.seeds_root))
        await self._guard(self._purse.told(welcome.balances, policy))
        self._epoch_opened(welcome)
        await self._guard(self.on_connected())

    async def heard(self, message: FromCoordinator | Beat) -> None:
        """The network said something. Whatever it is, this connection and this node survive it."""
        if isinstance(message, Beat):
            self._beat(message)
            # One that answers no heartbeat of this node could come in any number, to drive the others out.
            if message.round_trip_ms is not None:
                await self._guard(self.on_presence(message.presence))
        elif isinstance(message, EpochOpened):
            self.seeds_roots[message.epoch] = message.seeds_root
            while len(self.seeds_roots) > EPOCHS_KEPT:
                self.seeds_roots.pop(min(self.seeds_roots))
            self._show(in_epoch(self.view, message))
            await self._guard(self.on_commitment(self.coordinator, message.epoch, message.seeds_root))
            await self._guard(self._purse.told(message.balances))
            self._epoch_opened(message)
        elif isinstance(message, Refused):
            self.refused = bounded_refusal(message)
            self._board.note("error", "network", plain(message.sentence, 200))
        else:
            await self._guard(self.on_message(message))

    async def parted(self, news: Dialling | Parted) -> None:
        """There is no session."""
        self._session = None
        if isinstance(news, Dialling):
            if self.view.state != "connecting":
                view, words = self.view, self._last_words
                self._show(msgspec.structs.replace(view, state="connecting", sentence=words, next_try_ms=0))
            return
        self.refused = None if news.refused is None else bounded_refusal(news.refused)
        now_ms = self._now_ms()
        since_ms = self.view.since_ms if self._last_words else now_ms
        self._show(apart(self.view, news, self.refused, since_ms, now_ms))
        sentence = self.view.sentence
        if sentence != self._last_words:
            self._last_words = sentence
            again = f"It is tried again by itself, next in {news.retry_in_s:.0f} s."
            self._board.note("warning", "network", f"No connection: {sentence}. {again}")

    @property
    def policy(self) -> Policy:
        """The network's rules, or the usual ones before they are known."""
        return self.view.policy or Policy()

    def _epoch_opened(self, news: Welcome | EpochOpened) -> None:
        self.on_epoch(self.coordinator, count(news.epoch), news.stated, self.policy.epoch_s)

    def _beat(self, beat: Beat) -> None:
        why = None if beat.presence.listed else beat.presence.reason
        self.reason = None if why is None else bounded_reason(why)
        now_ms = self._now_ms()
        self._show(received(self.view, self._earlier, beat, self.reason, self.offer, now_ms))
        self.draws = followed(self.draws, self.view, now_ms)

    def keeps(self, kept: KeptEvidence) -> None:
        """The journal holds so much evidence now."""
        self._show(msgspec.structs.replace(self.view, kept=kept))

    def _show(self, view: NetworkView) -> None:
        if view != self.view:
            self.view = view
            self._board.apply(NetworkChanged(view))

    async def _guard(self, work: Awaitable[None]) -> None:
        try:
            await work
        except JournalError as error:
            self._board.note("error", "machine", str(error), keep=False)
        except LinkError:
            raise
        except Exception as error:
            # A hostile or newer coordinator must not be able to stop the node.
            words = f"A message of the coordinator could not be handled ({type(error).__name__})."
            self._board.note("error", "network", words)


def _same(one: ModelOffer, other: ModelOffer) -> bool:
    return (one.group, one.profile, one.context) == (other.group, other.profile, other.context)


async def _ignore(message: FromCoordinator) -> None:
    return None


async def _nothing(*_: object) -> None:
    return None


def _no_epoch(coordinator: str, epoch: int, stated: Stated | None, epoch_s: int) -> None:
    return None
