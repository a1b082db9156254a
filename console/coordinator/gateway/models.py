"""`/v1/models`: the one model that this network serves."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from console.coordinator.gateway.accounts import Callers
from console.coordinator.gateway.errors import ApiError, refusal
from console.coordinator.nodes.registry import Registry
from console.coordinator.parts import Parts


class Models:
    """Told to whoever has a key."""

    def __init__(self, parts: Parts, callers: Callers, registry: Registry) -> None:
        self._parts = parts
        self._callers = callers
        self._registry = registry

    async def all(self, request: Request) -> Response:
        """`GET /v1/models`: what can be served now, so nothing while no live node is in the roster."""
        try:
            self._callers.caller(request)
        except Exception as error:
            return refusal(error)
        nodes = self._registry.eligible(0).chances
        return JSONResponse({"object": "list", "data": [self._model(nodes)] if nodes else []})

    async def one(self, request: Request) -> Response:
        """`GET /v1/models/{id}`: the network's model, also while nobody serves it."""
        try:
            self._callers.caller(request)
            require_model(self._parts, request.path_params["id"])
        except Exception as error:
            return refusal(error)
        return JSONResponse(self._model(self._registry.eligible(0).chances))

    def _model(self, nodes: int) -> dict[str, Any]:
        served = self._parts.served
        model = {"id": served.model, "object": "model", "created": 0, "owned_by": self._parts.config.network}
        return model | {"quarterdeck": {"sha256": served.group, "nodes": nodes}}


def require_model(parts: Parts, name: str) -> None:
    """Raise ApiError (404) for a model that this network does not serve."""
    if name != parts.served.model:
        sentence = f"This network serves {parts.served.model}; see GET /v1/models."
        raise ApiError(404, "model_not_found", sentence, "model")
