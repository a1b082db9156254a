"""A coordinator built from what is on disk: identity, calibrations, database, message servers."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette

from console.coordinator.app import Coordinator
from console.coordinator.audits.calibrations import load_calibrations
from console.coordinator.audits.second import SecondVerifier, Start
from console.coordinator.beside import Beside
from console.coordinator.clock import Clock
from console.coordinator.identity import load_identity
from console.coordinator.parts import Entropy, Parts
from console.coordinator.routing import routed
from console.coordinator.sealing import Secrets
from console.coordinator.settings import CoordinatorConfig, Served
from console.coordinator.statements.published import Published
from console.coordinator.store.opening import open_store
from console.coordinator.store.schema import DATABASE
from console.coordinator.transport.nats import NatsTransport
from console.coordinator.transport.nats_keys import NatsKeys
from console.engine.port import Engine
from console.fairness import SEEDS_PER_EPOCH
from console.protocol.keys import SigningKey


def build(
    home: Path,
    config: CoordinatorConfig,
    served: Served,
    engine: Engine,
    clock: Clock,
    entropy: Entropy,
    second: Start | None,
    store_at: str = "",
    nats_at: str = "",
    nats_shared: bytes = b"",
) -> Starlette:
    """The app over the database in `home`; `app.state.coordinator` is the `Coordinator`.

    `second`: starts the verifier that confirms a mismatch; None: there is none. `store_at`: address of a
    PostgreSQL database that keeps the data in place of the one in `home`. `nats_at`: address of the NATS
    servers over which nodes may come too, `nats_shared`: see `NatsKeys`.

    Raises:
        StoreError: the database cannot be used.
        OSError: the identity cannot be read or written.
        ValueError: the identity is damaged.
        CalibrationError: a calibration in `home` cannot be used.
    """
    seed = load_identity(home, entropy)
    calibrations = load_calibrations(home)
    where = store_at or home / DATABASE
    store = open_store(where)
    key = SigningKey(seed)
    parts = Parts(config, served, key, Secrets(seed), store, clock, entropy, calibrations)
    allowed = second if config.verifiers.second else None
    confirming = SecondVerifier(allowed, clock, config.verifiers.idle_s) if allowed is not None else None
    # Each with a turn of its own: whoever reads transcripts must not keep nodes from their statements.
    published, reader = Published(Beside(where), key.node_id), Beside(where)
    keys = NatsKeys(seed, nats_shared)
    transport = NatsTransport(nats_at, keys, served.group, clock.now_ms) if nats_at else None
    alone = isinstance(where, Path)  # a folder's lock is proof of it
    beside = reader, published.routes(), SEEDS_PER_EPOCH, transport
    coordinator = Coordinator(parts, engine, confirming, *beside, alone=alone)
    app = routed(coordinator)
    app.state.coordinator = coordinator
    return app
