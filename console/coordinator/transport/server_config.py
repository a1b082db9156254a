"""The configuration of a NATS server that carries a coordinator's lines. Pure text."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from console.coordinator.transport.nats_keys import ACCOUNT, NatsKeys

PAYLOAD_BYTES = 4 << 20
PING_S, PINGS = 5, 2
"""A coordinator whose machine is gone must not be asked about connections for the minutes that are usual."""
CALLOUT_S = 5
"""How long a connection waits for the coordinator's word."""


class Cluster(msgspec.Struct, frozen=True):
    """One server's place among several that act as one."""

    name: str
    port: int
    routes: tuple[int, ...]
    """Ports of the others, on this machine."""


def server_config(keys: Sequence[NatsKeys], host: str, port: int, cluster: Cluster | None = None) -> str:
    """The file's text. `keys`: of every coordinator, all with one issuer."""
    users = ", ".join(f"{{ nkey: {one.user} }}" for one in keys)
    watchers = ", ".join(f"{{ nkey: {one.watcher} }}" for one in keys)
    exempt = ", ".join(name for one in keys for name in (one.user, one.watcher))
    lines = [
        f'listen: "{host}:{port}"',
        f"max_payload: {PAYLOAD_BYTES}",
        f'ping_interval: "{PING_S}s"',
        f"ping_max: {PINGS}",
        "accounts {",
        f"  {ACCOUNT} {{ users: [ {users} ] }}",
        f"  SYSTEM {{ users: [ {watchers} ] }}",
        "}",
        "system_account: SYSTEM",
        "authorization {",
        f"  timeout: {CALLOUT_S}",
        f"  auth_callout {{ issuer: {keys[0].account}, account: {ACCOUNT}, auth_users: [ {exempt} ] }}",
        "}",
    ]
    if cluster is not None:
        routes = ", ".join(f'"nats://{host}:{other}"' for other in cluster.routes)
        lines += [
            "cluster {",
            f"  name: {cluster.name}",
            f'  listen: "{host}:{cluster.port}"',
            f"  routes: [ {routes} ]",
            "}",
        ]
    return "\n".join(lines) + "\n"
