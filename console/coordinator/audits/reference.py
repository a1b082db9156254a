"""The reference engine as the coordinator uses it: prompts to ids, ids to text, recompute."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from console.coordinator.jobs.stops import VisibleText
from console.engine.port import ChatMessage, Engine, EngineError, Scored, ScoreRequest
from console.verification.calibration import Calibration
from console.verification.comparison import Comparison, comparison
from console.verification.judge import Ending
from console.verification.pieces import ending_of
from console.verification.profiles import Profile

log = logging.getLogger(__name__)
_POLL_READY_S = 1.0
_POLL_LOADING_S = 0.1

_UNFIT = (
    "The reference model failed its own self-test on this machine, so no answer can be judged exactly and "
    "none is asked for. Run the coordinator with another build of llama.cpp or on another processor."
)

_INEXACT = (
    "The model holds tensors of types whose logits depend on how work is batched, and no calibration is here "
    "for it, so no answer can be judged and none is asked for. Make one with `quarterdeck coordinator "
    "calibrate`, or serve another file of the model."
)


class Reference:
    """Watches one engine. What was learnt from it stays known while it is away."""

    def __init__(
        self,
        engine: Engine,
        group: str,
        calibrations: tuple[Calibration, ...] = (),
        exact_weights: bool = True,
    ) -> None:
        """`group`: SHA-256 of its model's file; `calibrations`: by which it may judge other numerics.

        `exact_weights`: whether the model's tensors are all of types that are exact in every batch.
        """
        self._engine = engine
        self._group = group
        self._exact_weights = exact_weights
        self._calibrations = calibrations
        self._pieces: list[bytes] = []
        self._end_ids: frozenset[int] = frozenset()
        self._ready = asyncio.Event()
        self.sentence = "The reference model is still loading; try again in a moment."
        self.profile = ""
        """Class id of its numerics; empty until it may judge."""
        self.context = 0
        self._numerics: Profile | None = None

    @property
    def ready(self) -> bool:
        """Whether it answers now."""
        return self._ready.is_set()

    @property
    def vocabulary(self) -> int:
        """Tokens of the model."""
        return len(self._pieces)

    @property
    def pieces(self) -> list[bytes]:
        """The bytes that each token stands for."""
        return self._pieces

    @property
    def end_ids(self) -> frozenset[int]:
        """Tokens that end an answer."""
        return self._end_ids

    @property
    def exact(self) -> bool:
        """Whether it judges nodes of its own class exactly."""
        return self._exact_weights and self._numerics is not None and self._numerics.self_test

    @property
    def calibrated(self) -> frozenset[str]:
        """Classes of numerics beside its own that it can judge; `UNLIKE` stands for every one."""
        ours = (c for c in self._calibrations if c.model == self._group and c.verifier == self.profile)
        return frozenset(c.node for c in ours)

    def comparison(self, node_class: str) -> Comparison:
        """How it may judge an answer of those numerics: never exactly unless they are its own."""
        if self._numerics is None:
            return Comparison("abstain", sentence=self.sentence)
        return comparison(node_class, self._numerics, self._group, self._calibrations, self._exact_weights)

    async def watch(self) -> None:
        """Ask for its health for ever."""
        while True:
            try:
                await self._look()
            except Exception:  # whatever one look met, the next may find the engine well
                log.exception("the reference engine could not be asked")
                self._ready.clear()
            await asyncio.sleep(_POLL_READY_S if self.ready else _POLL_LOADING_S)

    async def wait_ready(self, timeout_s: float) -> bool:
        """Whether it is ready within `timeout_s`."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ready.wait(), timeout_s)
        return self.ready

    async def chat_ids(self, messages: tuple[ChatMessage, ...]) -> tuple[int, ...]:
        """Token ids of a conversation. Raises EngineError."""
        return await self._engine.chat_prompt(messages)

    async def score(self, request: ScoreRequest) -> Scored:
        """The reference's candidates for an answer. Raises EngineError."""
        return await self._engine.score(request)

    def visible(self, stop: tuple[str, ...]) -> VisibleText:
        """A fresh decoder for one answer."""
        return VisibleText(self._pieces, self._end_ids, stop)

    def ending(self, token_ids: tuple[int, ...], stop: tuple[str, ...]) -> Ending:
        """How an answer ends."""
        return ending_of(token_ids, self._pieces, self._end_ids, stop)

    async def _look(self) -> None:
        try:
            health = await self._engine.health()
            if health.profile is not None and not self._may_judge(health.profile):
                self._ready.clear()
                self.profile = ""
                self.sentence = _INEXACT if health.profile.self_test else _UNFIT
                return
            if health.state == "ready" and health.profile is not None and health.model is not None:
                if not self.ready:
                    vocabulary = await self._engine.vocabulary()
                    self._pieces, self._end_ids = list(vocabulary.pieces), frozenset(vocabulary.end_ids)
                    self._numerics, self.context = health.profile, health.model.context
                    self.profile = health.profile.class_id
                    log.info("the reference engine is ready")
                self._ready.set()
                return
            self.sentence = f"The reference model is not ready: {health.sentence}"
        except EngineError as error:
            self.sentence = f"The reference model is not ready: {error.sentence}"
        self._ready.clear()

    def _may_judge(self, numerics: Profile) -> bool:
        """Exactly, or by a calibration that was made with it."""
        if numerics.self_test and self._exact_weights:
            return True
        verifier = numerics.class_id
        return any(c.model == self._group and c.verifier == verifier for c in self._calibrations)
