"""How the node is now: told to the desk as an assignment comes, and to the network at each heartbeat."""

from __future__ import annotations

from console.agent.board import Board
from console.agent.clock import NowMs
from console.agent.jobs.intake import Situation
from console.agent.jobs.room import JobRoom
from console.agent.policies import Policies
from console.agent.pulse import Pulse
from console.agent.supervision.supervisor import Supervisor
from console.agent.uplink import Uplink
from console.protocol.messages import Heartbeat


class Condition:
    """Reads the parts, and owns nothing."""

    def __init__(
        self,
        board: Board,
        supervisor: Supervisor,
        jobs: JobRoom,
        policies: Policies,
        pulse: Pulse,
        uplink: Uplink,
        now_ms: NowMs,
    ) -> None:
        self._board = board
        self._supervisor = supervisor
        self._jobs = jobs
        self._policies = policies
        self._pulse = pulse
        self._uplink = uplink
        self._now_ms = now_ms

    def situation(self) -> Situation:
        """What a judgement on an assignment rests on."""
        state = self._pulse.reason()
        return Situation(
            node=self._board.state.node.id,
            offer=self._uplink.offer,
            coordinator=self._uplink.coordinator,
            seeds_roots=self._uplink.seeds_roots,
            load=self._jobs.load,
            queue_limit=self._uplink.policy.queue_limit,
            switched_off=self._policies.code,
            engine_ready=self._supervisor.ready.is_set(),
            trouble=state.sentence if state.code == "disk_full" else "",
        )

    def heartbeat(self) -> Heartbeat:
        """What the network is told: whether work is wanted, and why not."""
        resting = self._pulse.resting()
        code = resting.code if resting else self._pulse.reason().code
        return Heartbeat(resting is None, code, self._jobs.load, self._now_ms())
