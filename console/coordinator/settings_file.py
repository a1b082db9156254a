"""The coordinator's settings as one TOML file, read once and held against what makes sense."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import msgspec

from console.coordinator.settings import ClientKey, CoordinatorConfig
from console.ledger import LOAD_CLIENT
from console.protocol.types import USUAL_POLICY, Policy
from console.settings.config import ConfigError

_SHA256 = re.compile("[0-9a-fA-F]{64}")


def load_config(path: Path | None) -> CoordinatorConfig:
    """Read `path`; None gives the defaults.

    Raises:
        ConfigError: unreadable, not TOML, an unknown key, a wrong type, or a value that makes no sense.
    """
    if path is None:
        return CoordinatorConfig()
    try:
        table = tomllib.loads(path.read_bytes().decode())
    except OSError as error:
        raise ConfigError(
            f"The policy {path} cannot be read ({error.strerror}). Give a file that exists and is readable."
        ) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"The policy {path} is not valid TOML: {error}. Mend that place.") from error
    try:
        chosen = table.get("policy", {})
        if isinstance(chosen, dict):
            table["policy"] = msgspec.to_builtins(USUAL_POLICY) | chosen
        config = msgspec.convert(table, CoordinatorConfig)
        _check_policy(chosen, config.policy)
        _check_clients(config.clients)
        if config.load_deposit < 0:
            raise ValueError("`load_deposit` is negative")
    except (msgspec.ValidationError, ValueError) as error:
        raise ConfigError(
            f"The policy {path} has a setting that cannot be used: {error}. Mend or remove it."
        ) from error
    return config


def _check_policy(table: dict[str, object], policy: Policy) -> None:
    unknown = sorted(set(table) - set(Policy.__struct_fields__))
    if unknown:
        raise ValueError(f"`policy.{unknown[0]}` is no setting")
    negative = [name for name in Policy.__struct_fields__ if getattr(policy, name) < 0]
    if negative:
        raise ValueError(f"`policy.{negative[0]}` is negative")
    lengths = ("slot_s", "epoch_s", "lease_s", "heartbeat_s")
    loads = ("load_tokens",) if policy.load_every_s else ()
    positive = (*lengths, "max_tokens", "max_attempts", "queue_limit", *loads)
    zero = [name for name in positive if getattr(policy, name) == 0]
    if zero:
        raise ValueError(f"`policy.{zero[0]}` is 0")
    if policy.node_rate > policy.client_rate:
        raise ValueError("`policy.node_rate` is above `policy.client_rate`: every answer would lose money")
    if policy.holdback_percent > 100:
        raise ValueError("`policy.holdback_percent` is above 100")


def _check_clients(clients: dict[str, ClientKey]) -> None:
    seen: set[str] = set()
    if LOAD_CLIENT in clients:
        raise ValueError(f"`clients.{LOAD_CLIENT}` is the network's own; give the client another name")
    for name, client in clients.items():
        digests = [client.key_sha256] if client.key_sha256 else []
        digests += [key.key_sha256 for key in client.keys.values()]
        if not digests:
            raise ValueError(f"`clients.{name}` has no key")
        for digest in digests:
            if _SHA256.fullmatch(digest) is None:
                raise ValueError(f"`clients.{name}` has a key_sha256 that is not 64 hex digits")
            if digest.lower() in seen:
                raise ValueError(f"`clients.{name}` has a key_sha256 that stands twice")
            seen.add(digest.lower())
        limits = [client.spending, *(key.spending for key in client.keys.values())]
        if any((value or 0) < 0 for limit in limits for value in (limit.per_day, limit.total)):
            raise ValueError(f"`clients.{name}` has a spending limit below 0")
