"""A node: signs in, beats, works, journals, comes back; honest but for what its kind does (`lies`).

What it is told it checks: that every draw follows from what was committed to before, and every receipt.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random
from typing import Any

import msgspec

from console.coordinator.settings import CoordinatorConfig
from console.fairness import check_draw
from console.protocol.frames import (
    FrameError,
    agreed,
    open_from_coordinator,
    peek_from_coordinator,
    presence_bytes,
    receipt_bytes,
    seal,
    sign_in_bytes,
)
from console.protocol.keys import verify
from console.protocol.messages import (
    Ack,
    Cancel,
    Challenge,
    Chunk,
    Decline,
    EpochOpened,
    Failed,
    FromCoordinator,
    FromNode,
    Goodbye,
    Heartbeat,
    Opening,
    OpenRequest,
    Presence,
    ResultAnswered,
    SignIn,
    Welcome,
)
from console.protocol.session_key import Ephemeral, SessionKey
from console.protocol.types import Assignment, ModelOffer, Receipt, Result, Verdict
from simulation import lies
from simulation.answers import answer_to, result_of, sent_for
from simulation.host import KEY, SEEDS_PER_EPOCH, Host
from simulation.loop import Process, SimulatedLoop
from simulation.model import CONTEXT, GROUP, MODEL, PROFILE, Answer
from simulation.network import Line, LineBrokenError, Weather
from simulation.signatures import key_of
from simulation.trace import Trace

_BACKOFF_S = (0.2, 2.0)
_PACE_S = 0.15
_ACK_S = 0.02
_DECLINES = ("queue_full", "paused", "draining", "engine_down", "draw_wrong")
Frame = Callable[["Node", str, Line], None]


class Journal:
    """What survives a crash of the node."""

    def __init__(self) -> None:
        self.results: dict[tuple[str, int], Result] = {}
        """Sent, or to be sent, and not answered yet."""
        self.openings: dict[tuple[str, int], bytes] = {}
        self.deeds: dict[tuple[str, int], str] = {}
        """By job and attempt, for the invariants: was this answer a lie?"""
        self.answered: dict[tuple[str, int], str] = {}
        self.verdicts: dict[str, Verdict] = {}
        self.receipts: dict[str, Receipt] = {}


class Node:
    """One machine. `complain` is called with what it found wrong about the network."""

    def __init__(
        self,
        name: str,
        kind: str,
        loop: SimulatedLoop,
        host: Host,
        weather: Weather,
        chance: Random,
        config: CoordinatorConfig,
        trace: Trace,
        complain: Callable[[str], None],
        attend: Callable[[Node, Line], None],
    ) -> None:
        self.name = name
        self.kind = kind
        self.key = key_of(name)
        self.id = self.key.node_id
        self.journal = Journal()
        self.ready = True
        self.machine = f"machine of {name}"
        self.speed_milli = 50_000
        self._loop = loop
        self._host = host
        self._weather = weather
        self._chance = chance
        self._config = config
        self._trace = trace
        self._complain = complain
        self._attend = attend
        self._process = Process(loop)
        self._line: Line | None = None
        self._session = ""
        self._agreed = SessionKey(bytes(64))
        self._counter = 0
        self._roots: dict[int, str] = {}
        self._called_off: set[tuple[str, int]] = set()
        self._heard_s = 0.0
        self._gap = False
        """Whether a frame of this connection overtook another one."""
        self._whole = -1
        """Up to this counter none is missing."""

    def start(self) -> None:
        """Power on, unless somebody has done that already."""
        if not self._process.killed and self._process.alive:
            return
        self._process = Process(self._loop)
        self._process.spawn(self._live())

    def crash(self) -> None:
        """Power off; the journal stays."""
        self._trace.note("node-crashed", self.name)
        self._process.kill()
        self.hang_up()
        self._called_off = set()

    def hang_up(self) -> None:
        """The line breaks."""
        if self._line is not None:
            self._line.hang_up()
            self._line = None

    def shout(self) -> None:
        """Send what is no frame."""
        if self._line is not None:
            self._line.say('{"session":"?","counter":0,"body":{},"signature":""}')

    async def impersonate(self) -> None:
        """A second machine with the same key tries to sign in."""
        line = Line(self._weather, self.name)
        try:
            self._host.dial(line)
            await self._sign_in(line)
        except (LineBrokenError, FrameError):
            pass
        finally:
            line.hang_up()

    # The line

    async def _live(self) -> None:
        while True:
            await asyncio.sleep(self._chance.uniform(*_BACKOFF_S))
            line = Line(self._weather, self.name)
            try:
                self._attend(self, line)
                self._host.dial(line)
                welcome = await asyncio.wait_for(self._sign_in(line), 5)
                if welcome is None:
                    continue
                self._line, self._session, self._counter = line, welcome.session, 0
                self._roots[welcome.epoch] = welcome.seeds_root
                await self._hold(line)
            except (LineBrokenError, FrameError, TimeoutError):
                pass
            finally:
                self._line = None
                line.hang_up()

    async def _sign_in(self, line: Line) -> Welcome | None:
        _, challenge = peek_from_coordinator(await line.hear())
        if not isinstance(challenge, Challenge):
            return None
        offer = ModelOffer(GROUP, MODEL, PROFILE.class_id, CONTEXT, self.speed_milli, 1)
        half = Ephemeral(self._chance.randbytes(32))
        claims = SignIn(
            challenge.nonce, self.id, self.name, "simulated", self.machine, (offer,), "", half.public
        )
        signature = self.key.sign(sign_in_bytes(claims, challenge.coordinator))
        claims = msgspec.structs.replace(claims, signature=signature)
        line.say(seal(self.key, "to_coordinator", "", 0, claims).decode())
        _, answer = open_from_coordinator(await line.hear(), challenge.coordinator, "", 0)
        self._trace.note("sign-in", f"{self.name} {type(answer).__name__} {getattr(answer, 'code', '')}")
        if not isinstance(answer, Welcome):
            return None
        key = agreed(half, challenge.ephemeral, challenge, self.id)
        assert key is not None
        self._agreed = key
        return answer

    async def _hold(self, line: Line) -> None:
        self._heard_s, self._gap, self._whole, after = self._loop.time(), False, -1, -1
        beating = asyncio.create_task(self._beat(line))
        try:
            for result in list(self.journal.results.values()):
                self._say(result)
            while True:
                frame = await line.hear()
                self._heard_s = self._loop.time()
                counter, message = open_from_coordinator(frame, self._agreed, self._session, after)
                self._gap = self._gap or counter != after + 1
                after = counter
                self._react(message)
                self._whole += counter == self._whole + 1
        finally:
            beating.cancel()

    async def _beat(self, line: Line) -> None:
        heartbeat_s = self._config.policy.heartbeat_s
        while self._loop.time() - self._heard_s <= 3 * heartbeat_s:
            reason = "earning" if self.ready else "paused"
            self._say(Heartbeat(self.ready, reason, 0, round(self._loop.time() * 1000), self._whole))
            await asyncio.sleep(heartbeat_s)
        line.hang_up()

    def _say(self, message: FromNode) -> bool:
        """Send, if there is a line."""
        if self._line is None:
            return False
        frame = seal(self._agreed, "to_coordinator", self._session, self._counter, message).decode()
        self._counter += 1
        try:
            self._line.say(frame)
        except LineBrokenError:
            return False
        return True

    def _react(self, message: FromCoordinator) -> None:
        if isinstance(message, Presence):
            self._check_presence(message)
        elif isinstance(message, EpochOpened):
            self._roots[message.epoch] = message.seeds_root
        elif isinstance(message, Assignment):
            self._given(message)
        elif isinstance(message, Cancel):
            self._called_off.add((message.job, message.attempt))
        elif isinstance(message, OpenRequest):
            self._open(message)
        else:
            self._told(message)

    def _told(self, message: FromCoordinator) -> None:
        if isinstance(message, ResultAnswered):
            self.journal.answered[message.job, message.attempt] = message.status
            self.journal.results.pop((message.job, message.attempt), None)
            self._trace.note("answered", f"{self.name} {message.job[:6]} {message.attempt} {message.status}")
        elif isinstance(message, Verdict):
            self.journal.verdicts[message.id] = message
        elif isinstance(message, Receipt):
            self.journal.receipts[message.verdict] = message
            if not verify(KEY.node_id, receipt_bytes(message), message.signature):
                self._complain(f"{self.name}: a receipt is not signed by the coordinator")

    # Checks

    def _check_presence(self, presence: Presence) -> None:
        if not verify(KEY.node_id, presence_bytes(presence), presence.signature):
            self._complain(f"{self.name}: a presence receipt is not signed by the coordinator")
        if presence.listed != (presence.reason is None):
            code = presence.reason.code if presence.reason else None
            self._complain(f"{self.name}: listed {presence.listed}, and the public reason is {code}")
        if presence.reason is not None and presence.reason.evidence == "one_machine":
            self._complain(f"{self.name} has a machine of its own, and counts as one with others")

    def _given(self, given: Assignment) -> None:
        root = self._roots.get(given.draw.ticket.epoch, "")
        if not root and self._gap:  # it overtook the news of its epoch: nothing to check it by
            ids = (given.job, given.attempt, given.fence)
            self._say(Decline(*ids, code="draw_wrong", sentence="The epoch is not known here."))
            return
        checks = check_draw(
            given.draw, given.job, given.attempt, self.id, root, KEY.node_id, seeds=SEEDS_PER_EPOCH
        )
        for check in checks:
            if not check.ok:
                self._complain(f"{self.name}: {given.job[:6]} attempt {given.attempt}: {check.sentence}")
        self._process.spawn(self._work(given))

    # Work

    async def _work(self, given: Assignment) -> None:
        place, deed = (given.job, given.attempt), lies.deed(self.kind, self._chance)
        self._trace.note("work", f"{self.name} {given.job[:6]} {given.attempt} {deed}")
        self.journal.deeds[place] = deed
        ids = (given.job, given.attempt, given.fence)
        await asyncio.sleep(_ACK_S)
        if self._refuses(deed, ids):
            return
        self._say(Ack(*ids))
        answer = answer_to(given, deed, self.id)
        if deed == "other_seed" and answer.ids == answer_to(given, lies.HONEST, self.id).ids:
            self.journal.deeds[place] = lies.HONEST  # as any seed, at temperature 0
        if deed == "late":
            await asyncio.sleep(self._config.policy.lease_s * self._chance.uniform(0.8, 2.5))
        streamed = await self._stream(given, answer, deed)
        if not streamed and deed != "late":
            return
        result = result_of(given, answer, deed, self.key)
        opening = {"opens_other": answer.blob[::-1], "opens_nothing": b""}.get(deed, answer.blob)
        self.journal.openings[place] = opening
        self.journal.results[place] = result
        for sent in sent_for(result, deed, self.key):
            self._say(sent)

    def _refuses(self, deed: str, ids: tuple[Any, int, int]) -> bool:
        if deed == "declines":
            self._say(Decline(*ids, code=self._chance.choice(_DECLINES), sentence="No."))  # type: ignore[arg-type]
        elif deed == "fails":
            self._say(Failed(*ids, "node", "decode_failed", "It broke."))
        elif deed == "leaves":
            self._say(Goodbye("no more"))
        return deed in ("declines", "fails", "leaves", "silent")

    async def _stream(self, given: Assignment, answer: Answer, deed: str) -> bool:
        """Tokens as they come; False when the coordinator called it off."""
        ids = (given.job, given.attempt, given.fence)
        for start in range(0, len(answer.ids), 2):
            await asyncio.sleep(_PACE_S * (30 if deed == "drips" else 1) * self._chance.uniform(0.5, 1.5))
            if (given.job, given.attempt) in self._called_off:
                return False
            tokens = answer.ids[start : start + 2]
            if deed == "other_stream":
                tokens = tuple(1 + t % 50 for t in tokens)
            self._say(Chunk(*ids, start, tokens))
            if deed == "shouts" and start:
                self.shout()
        return True

    def _open(self, asked: OpenRequest) -> None:
        place = (asked.job, asked.attempt)
        blob = self.journal.openings.get(place, b"")
        self._trace.note("opening", f"{self.name} {asked.job[:6]} {len(blob)}")
        self._say(Opening(asked.job, asked.attempt, blob))
