"""What anybody may ask of a coordinator: whether it is ready, and by which rules it goes."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from console.coordinator.audits.recompute import Incidents
from console.coordinator.audits.reference import Reference
from console.coordinator.nodes.registry import Registry
from console.coordinator.parts import Parts
from console.ledger import deterrent_ppm, typical_reward


class About:
    """Answers from memory alone, however busy the database is."""

    def __init__(self, parts: Parts, registry: Registry, reference: Reference, incidents: Incidents) -> None:
        self._parts = parts
        self._registry = registry
        self._reference = reference
        self._incidents = incidents

    def routes(self) -> list[Route]:
        """For the app."""
        return [Route("/healthz", self._healthz), Route("/net/v1/policy", self._policy)]

    async def _healthz(self, _: Request) -> Response:
        ready = self._reference.ready
        body = {
            "status": "ready" if ready else "loading",
            "sentence": "Ready." if ready else self._reference.sentence,
            "nodes": len(self._registry.sessions()),
            "listed": self._registry.eligible(0).chances,
            "claimed_twice": self._registry.machines.claimed_twice,
            "counted_as_one": self._registry.machines.counted_as_one(self._parts.clock.now_ms()),
            "verifiers": self._incidents.counts(),
        }
        return JSONResponse(body, 200 if ready else 503)

    async def _policy(self, _: Request) -> Response:
        parts, policy = self._parts, self._parts.policy
        return JSONResponse(
            {
                "network": parts.config.network,
                "coordinator": parts.key.node_id,
                "model": parts.served.model,
                "group": parts.served.group,
                "profile": self._reference.profile,
                "policy": msgspec.to_builtins(policy),
                "rate_that_deters_ppm": deterrent_ppm(policy, typical_reward(policy), policy.bond_target),
            }
        )
