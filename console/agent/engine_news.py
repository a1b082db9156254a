"""What follows from news of the engine: jobs and the operator are told, a proved model is offered."""

from __future__ import annotations

import asyncio
from typing import Literal

from console.agent.board import Board
from console.agent.jobs.desk import Desk
from console.agent.model import ModelFile
from console.agent.parts import ModelClaim
from console.agent.pulse import Pulse
from console.agent.supervision.happenings import OURS, Supervised
from console.agent.supervision.supervisor import Supervisor
from console.agent.uplink import Uplink
from console.protocol.types import ModelOffer


class EngineNews:
    """Hears supervision."""

    def __init__(
        self,
        board: Board,
        supervisor: Supervisor,
        desk: Desk,
        pulse: Pulse,
        uplink: Uplink,
        model: ModelFile,
        served: ModelClaim,
        late_ms: int,
    ) -> None:
        """`served`: what is offered to the network; `late_ms`: a job without a token for so long is stuck."""
        self._board = board
        self._supervisor = supervisor
        self._desk = desk
        self._pulse = pulse
        self._uplink = uplink
        self._model = model
        self._served = served
        self._late_ms = late_ms

    def health_came(self) -> None:
        """Health answered."""
        self._desk.end_stalled(self._late_ms)
        self._pulse.show_engine(sample=True)

    def changed(self, old: Supervised, new: Supervised) -> None:
        """Supervision has another view of the engine."""
        if old.state == "ready" and new.state != "ready":
            self._desk.engine_lost("The engine's process ended in the middle of this job.")
        if new.state != old.state:
            self._tell(old, new)
            self._desk.wake()
        self._pulse.show_engine()

    def _tell(self, old: Supervised, new: Supervised) -> None:
        if new.state in ("waiting", "failed"):
            smaller = new.learned.steps > old.learned.steps
            level: Literal["info", "error"] = "info" if old.killed_for in OURS else "error"
            self._board.note(level, "engine", new.sentence, calls=smaller or new.state == "failed")
        elif new.state == "ready":
            self._board.note("good", "engine", f"The engine is ready with {self._model.name}.")
            offering = asyncio.ensure_future(self._offer())
            offering.add_done_callback(lambda task: task.exception() if not task.cancelled() else None)

    async def _offer(self) -> None:
        health, proof = self._supervisor.health, self._supervisor.proof
        if health is None or health.profile is None or health.model is None or proof is None:
            return
        await self._uplink.offer_model(
            ModelOffer(
                group=self._served.group,
                name=self._served.name or self._model.name,
                profile=health.profile.class_id,
                context=health.model.context,
                milli_tokens_per_s=proof.milli_tokens_per_s,
                first_token_ms=proof.first_token_ms,
            )
        )
