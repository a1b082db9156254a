"""The coordinator's addresses, for clients, nodes and whoever audits: one Starlette app."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Route

from console.coordinator.about import About
from console.coordinator.app import Coordinator
from console.coordinator.gateway.errors import unserved
from console.coordinator.gateway.nonces import Nonces
from console.coordinator.transport.hub import hub


def routed(coordinator: Coordinator) -> Starlette:
    """The app; it starts the coordinator and ends it."""
    parts, gateway, models = coordinator.parts, coordinator.gateway, coordinator.models
    nonces = Nonces(coordinator.dispatch, parts.config.limits.body_s)
    about = About(parts, coordinator.registry, coordinator.reference, coordinator.incidents)
    return Starlette(
        routes=[
            Route("/v1/chat/completions", gateway.chat, methods=["POST"]),
            Route("/v1/models", models.all),
            Route("/net/v1/jobs/{job}/nonce", nonces.reveal, methods=["POST"]),
            Route("/v1/models/{id:path}", models.one),
            *about.routes(),
            hub(coordinator.door.serve),
            *coordinator.statements.routes(),
            *coordinator.routes,
        ],
        exception_handlers={HTTPException: unserved},
        lifespan=coordinator.lifespan,
    )
